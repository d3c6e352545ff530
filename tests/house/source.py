"""The files of the repository, as the house tests look at them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = (
    "accounts", "backoffice", "common", "ledger", "livestreams", "notifications", "orders", "payments",
    "payouts", "realtime", "sandboxgateway", "sellerdesk", "shops", "storefront", "uploads", "villagemarket",
)  # fmt: skip


def our_files(*endings: str) -> list[Path]:
    """What we wrote: known to git or about to be, without migrations (Django wrote those)."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    files = [ROOT / name for name in listed.split("\0") if name.endswith(endings)]
    return sorted(file for file in files if file.is_file() and "migrations" not in file.parts)


def app_files() -> list[Path]:
    """The Python of the apps."""
    return [file for file in our_files(".py") if file.relative_to(ROOT).parts[0] in APPS]


def name_of(file: Path) -> str:
    """The path as the repository spells it."""
    return str(file.relative_to(ROOT))
