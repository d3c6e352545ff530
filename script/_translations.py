"""Is every string of the site translated? With gettext it also looks for missing ones."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = {
    "django": ROOT / "locale/zh_Hans/LC_MESSAGES/django.po",
    "djangojs": ROOT / "locale/zh_Hans/LC_MESSAGES/djangojs.po",
}


def incomplete(catalogue: polib.POFile) -> list[str]:
    """Entries that a villager would see in English."""
    return [
        f"{'fuzzy' if entry.fuzzy else 'untranslated'}: {entry.msgid}"
        for entry in catalogue
        if not entry.obsolete and (entry.fuzzy or not entry.translated())
    ]


def broken(catalogue: polib.POFile) -> list[str]:
    """Translations that lost or invented a placeholder."""
    problems = []
    for entry in catalogue:
        wanted = {part for part in entry.msgid.split() if part.startswith("%(")}
        texts = [entry.msgstr, *entry.msgstr_plural.values()]
        problems += [
            f"placeholder {part!r} is missing: {entry.msgid}"
            for part in wanted
            for name in [part[: part.find(")") + 1]]
            if not any(name in text for text in texts)
        ]
    return problems


def extracted(domain: str, folder: Path) -> set[tuple[str, str]]:
    """What makemessages finds in the sources now, without touching the repository."""
    files = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    endings = (".py", ".html", ".txt") if domain == "django" else (".js",)
    for name in files:
        source = ROOT / name
        if (
            name.endswith(endings)
            and source.is_file()
            and not name.startswith(("tests/", "script/", "docs/"))
        ):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (folder / "locale").mkdir()
    program = (
        "import django; from django.conf import settings; settings.configure(); django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('makemessages', locale=['zh_Hans'], domain=%r, verbosity=0)"
    )
    subprocess.run([sys.executable, "-c", program % domain], cwd=folder, check=True, capture_output=True)
    made = folder / f"locale/zh_Hans/LC_MESSAGES/{domain}.po"
    return (
        {(entry.msgctxt or "", entry.msgid) for entry in polib.pofile(str(made))} if made.exists() else set()
    )


def main() -> int:
    """Print each problem; 1 when there is one."""
    problems = []
    for domain, path in CATALOGUES.items():
        catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile()
        problems += [f"{domain}: {problem}" for problem in incomplete(catalogue) + broken(catalogue)]
        if shutil.which("xgettext"):
            known = {(entry.msgctxt or "", entry.msgid) for entry in catalogue if not entry.obsolete}
            with tempfile.TemporaryDirectory() as folder:
                problems += [
                    f"{domain}: not in the catalogue: {msgid}"
                    for _, msgid in sorted(extracted(domain, Path(folder)) - known)
                ]
        compiled = path.with_suffix(".mo")
        if path.exists() and not compiled.exists():
            problems.append(f"{domain}: not compiled, run script/setup")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
