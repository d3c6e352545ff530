"""Habits of the house that no linter knows."""

import re
import subprocess
import sys

from tests.house.source import ROOT, app_files, name_of, our_files

LONGEST_FILE = 400
VAGUE_NAMES = {"utils.py", "helpers.py", "helper.py", "manager.py", "managers.py", "misc.py", "signals.py"}
# Each exception to a rule that keeps people safe, with its reason.
CSRF_EXEMPT = {
    "livestreams/views.py": "the media server's hooks carry a signed token instead of a cookie",
    "payments/api.py": "the provider's callback carries a signature instead of a cookie",
}
SAFE_MARKUP = {
    "common/templatetags/market.py": "icons and bars are built by format_html from our own names and numbers",
    "common/admin_links.py": "links are built by format_html, which escapes address and label",
}


def test_no_file_is_longer_than_a_person_reads():
    lengths = {
        name_of(file): len(file.read_bytes().splitlines())
        for file in our_files(".py", ".js", ".css", ".html")
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_file_has_a_name_that_says_nothing():
    assert [name_of(file) for file in our_files(".py") if file.name in VAGUE_NAMES] == []


def test_floors_and_layers_hold():
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"

    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_services_know_nothing_of_http():
    offenders = [
        name_of(file)
        for file in app_files()
        if "services" in file.parts
        and re.search(r"^(from|import) django\.(http|shortcuts|views)", file.read_text(), re.M)
    ]

    assert offenders == []


def test_no_django_signals():
    pattern = re.compile(
        r"^from django\.(db\.models\.signals|dispatch|core\.signals) import|\.signals import receiver", re.M
    )

    assert [name_of(file) for file in app_files() if pattern.search(file.read_text())] == []


def test_exemptions_from_csrf_are_listed_with_a_reason():
    users = {name_of(file) for file in app_files() if re.search(r"\bcsrf_exempt\b", file.read_text())}

    assert users - set(CSRF_EXEMPT) == set()


def test_unescaped_markup_is_listed_with_a_reason():
    python = {
        name_of(file) for file in app_files() if re.search(r"\b(mark_safe|SafeString)\b", file.read_text())
    }
    templates = {
        name_of(file)
        for file in our_files(".html")
        if re.search(r"\|\s*safe(seq)?\b|{%\s*autoescape\s+off", file.read_text())
    }

    assert (python - set(SAFE_MARKUP), templates) == (set(), set())


def test_templates_need_no_exception_from_the_content_security_policy():
    inline = re.compile(r"<[^>]+\son[a-z]+\s*=|<[^>]+\sstyle\s*=|javascript:", re.I)
    bare_script = re.compile(r"<script(?![^>]*\b(src|nonce|type=\"application/(ld\+)?json\")\b)[^>]*>", re.I)
    offenders = [
        name_of(file)
        for file in our_files(".html")
        if inline.search(file.read_text()) or bare_script.search(file.read_text())
    ]

    assert offenders == []


def test_no_test_is_skipped_or_expected_to_fail():
    marks = re.compile(r"pytest\.(mark\.)?(skip|xfail|skipif|importorskip)\b")
    tests = [
        file
        for file in our_files(".py")
        if name_of(file).startswith("tests/") and file.name != "test_source.py"
    ]

    assert [name_of(file) for file in tests if marks.search(file.read_text())] == []


def test_locks_name_no_package_index():
    locks = [file for file in our_files(".txt") if file.name.startswith("requirements")]

    assert len(locks) == 3
    assert [
        name_of(file)
        for file in locks
        if re.search(r"https?://|file://|--(extra-)?index|find-links", file.read_text())
    ] == []
