"""Does each requirements*.txt pin what its .in asks for? Works without a network."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAIRS = {"requirements.in": "requirements.txt", "requirements-dev.in": "requirements-dev.txt",
         "requirements-node.in": "requirements-node.txt"}  # fmt: skip


def pinned(lock: Path) -> dict[str, str]:
    """Version by package of a compiled list; a pin without a hash does not count."""
    found = re.findall(r"^([a-z0-9._-]+)==(\S+)(?: ;[^\\\n]*)? \\\n +--hash=", lock.read_text(), re.M)
    return dict(found)


def asked(source: Path) -> list[str]:
    """Package names of an input list."""
    lines = [line.split("#")[0].strip() for line in source.read_text().splitlines()]
    return [re.split(r"[\[<>=;! ]", line)[0].lower() for line in lines if line and not line.startswith("-r")]


def main() -> int:
    """Print each problem; 1 when there is one."""
    problems = []
    locks = {name: pinned(ROOT / name) for name in PAIRS.values()}
    for source, lock in PAIRS.items():
        problems += [
            f"{lock} does not pin {name}" for name in asked(ROOT / source) if name not in locks[lock]
        ]
        uncommented = [line for line in (ROOT / source).read_text().splitlines() if line and "#" not in line]
        problems += [
            f"{source}: no reason given: {line}" for line in uncommented if not line.startswith("-r")
        ]
    runtime, dev = locks["requirements.txt"], locks["requirements-dev.txt"]
    problems += [
        f"{name} differs: {version} at run time, {dev.get(name)} in development"
        for name, version in runtime.items()
        if dev.get(name) != version
    ]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
