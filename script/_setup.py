"""The steps of script/setup. Only the standard library: nothing is installed yet."""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
STAMP = VENV / "setup-stamp.json"
LEAST_FREE_BYTES = 1_500 * 1024 * 1024


def fail(line: str) -> None:
    """End with one line that says what to do."""
    sys.exit(f"script/setup: {line}")


def run(*command: str, otherwise: str) -> None:
    """Run one command quietly; on failure show its last words and what to do."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        words = (done.stderr + done.stdout).strip().splitlines()[-8:]
        fail("\n  ".join([otherwise, *words]))


def mark(*files: Path) -> str:
    """What a step depends on; a moved checkout counts as changed, its scripts hold the old path."""
    digest = hashlib.sha256(f"{ROOT} {sys.version}".encode())
    for file in files:
        if file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def make_venv() -> None:
    """An environment of our own, with pip."""
    if not importlib.util.find_spec("ensurepip") or not importlib.util.find_spec("venv"):
        release = ".".join(map(str, sys.version_info[:2]))
        fail(f"this Python has no venv module; on Debian: apt install python{release}-venv")
    print("Making .venv …", flush=True)
    run(
        sys.executable,
        "-m",
        "venv",
        "--clear",
        str(VENV),
        otherwise="the virtual environment could not be made:",
    )


def install_packages(lock: str) -> None:
    """Exactly the locked versions, checked by hash."""
    print(f"Installing {lock} …", flush=True)
    run(
        str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
        "--require-hashes", "-r", lock,
        otherwise="the Python packages could not be installed (network? disk?):",
    )  # fmt: skip


def install_browser_files() -> None:
    """Third-party browser files by the npm lock file; npm itself comes from a wheel where it is absent."""
    print("Fetching browser files …", flush=True)
    if not (shutil.which("npm") and shutil.which("node")):
        install_packages("requirements-node.txt")
    run(str(ROOT / "script/_vendor"), otherwise="the browser files could not be fetched (network? disk?):")


def compile_translations() -> None:
    """.po to .mo, without gettext."""
    program = (
        "import pathlib, polib\n"
        "for po in pathlib.Path('locale').rglob('*.po'):\n"
        "    polib.pofile(str(po)).save_as_mofile(str(po.with_suffix('.mo')))\n"
    )
    run(str(PYTHON), "-c", program, otherwise="the translations could not be compiled:")


def main() -> None:
    """Do the steps whose inputs changed since they last succeeded."""
    parser = argparse.ArgumentParser(prog="script/setup")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    is_dev = parser.parse_args().dev
    with open(ROOT / "manage.py") as lock:  # two starts at once take turns
        fcntl.flock(lock, fcntl.LOCK_EX)
        steps(is_dev)


def steps(is_dev: bool) -> None:
    """See main()."""
    stamps = json.loads(STAMP.read_text()) if STAMP.exists() and PYTHON.exists() else {}
    done = dict(stamps)

    def keep(**marks: str) -> None:
        done.update(marks)
        STAMP.write_text(json.dumps(done))

    here = mark()
    free = shutil.disk_usage(ROOT).free
    if done.get("venv") != here:
        if free < LEAST_FREE_BYTES:
            fail(f"only {free // 2**20} MB free on this disk; {LEAST_FREE_BYTES // 2**20} MB are needed.")
        make_venv()
        done.clear()
        keep(venv=here)
    runtime, dev = mark(ROOT / "requirements.txt"), mark(ROOT / "requirements-dev.txt")
    if is_dev and done.get("dev") != dev:
        install_packages("requirements-dev.txt")
        keep(dev=dev, runtime=runtime)
    if done.get("runtime") != runtime:
        install_packages("requirements.txt")
        keep(runtime=runtime)
    browser = mark(ROOT / "package-lock.json", ROOT / "script/_vendor")
    vendor = ROOT / "static/vendor"
    if done.get("browser") != browser or not vendor.exists():
        install_browser_files()
        keep(browser=browser)
    sources = sorted((ROOT / "locale").rglob("*.po"))
    words = mark(*sources)
    if done.get("words") != words or not all(po.with_suffix(".mo").exists() for po in sources):
        compile_translations()
        keep(words=words)


if __name__ == "__main__":
    os.umask(0o022)
    main()
