"""The whole market as a newcomer starts it, and real browsers in front of it, for journeys and browser tests.

`stack` is one supervised market (script/server's own code) on its own `var/`, with the demo village.
It has its own database: ask it with `stack.rows(...)`, not through Django's test connection.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from backoffice.demo.people import DEMO_PEOPLE
from villagemarket import embedded

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 400
# Of one step on a page; two markets and a browser share two cores.
STEP_MS = 45_000
WORDS_OF_A_FAILURE = 1500
CONTEXTS_BEFORE = pytest.StashKey[int]()
PHONE = {"width": 360, "height": 740}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Two phones share one headless browser: neither may be slowed down for being in the background.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where a browser test fails, say what each page showed and what the market wrote."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and isinstance(browser, Browser):
        for page in [page for context in browser.contexts for page in context.pages]:
            with contextlib.suppress(PlaywrightError):
                report.sections.append((f"page {page.url}", page.inner_text("body")[:WORDS_OF_A_FAILURE]))
        if "stack" in item.funcargs:
            written = item.funcargs["stack"].log().splitlines()[-30:]
            report.sections.append(("the market's log", "\n".join(written)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Close the pages of this test: shows that still play slow down the next one."""
    browser = getattr(item, "funcargs", {}).get("browser")
    if isinstance(browser, Browser):
        for context in browser.contexts[item.stash.get(CONTEXTS_BEFORE, 0) :]:
            context.close()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Remember which pages are the module's and not this test's."""
    browser = getattr(item, "funcargs", {}).get("browser")
    if isinstance(browser, Browser):
        item.stash[CONTEXTS_BEFORE] = len(browser.contexts)
    return (yield)


@dataclass(frozen=True)
class Stack:
    """A running market: where it is, who may sign in, and its book to look into."""

    url: str
    var: Path
    process: subprocess.Popen
    environment: dict[str, str]

    def credentials(self, name: str) -> tuple[str, str]:
        """Return (identifier, password) of a demo person by key ("zhuoma")."""
        person = next(person for person in DEMO_PEOPLE if person.key == name)
        return person.identifier, person.password

    def rows(self, query: str, *params) -> list[tuple]:
        """Return the rows of an SQL question to the market's own database."""
        database, _ = embedded.default_urls(self.var)
        with psycopg.connect(database, autocommit=True) as connection:
            return connection.execute(query, params).fetchall()

    def log(self) -> str:
        """Return what the market has written so far."""
        return (self.var / "log" / "market.log").read_text(errors="replace")


def chromium() -> str:
    """Return the path of Debian's Chromium; a missing browser fails the test, it does not skip it."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.fail("No Chromium found: install Debian's `chromium`, or name one in the variable CHROMIUM.")
    return found


def start_market(var: Path, **extra: str) -> Stack:
    """Start `villagemarket.server` and wait for its address; the last log lines are the failure's message."""
    # The market of the test starts from nothing: no address of the test run's own servers leaks into it.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "MARKET_MODE", "MEDIA_ROOT", "DJANGO_SETTINGS_MODULE")
    }
    mine = {"MARKET_VAR": str(var), "MARKET_SMALL_DEMO": "1", "PYTHONUNBUFFERED": "1"}
    environment = inherited | mine | extra
    process = subprocess.Popen(
        [sys.executable, "-m", "villagemarket.server"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    address = var / "market.lock"
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        if address.exists() and address.read_text().startswith("http"):
            return Stack(url=address.read_text().strip(), var=var, process=process, environment=environment)
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    log = var / "log" / "market.log"
    tail = log.read_text(errors="replace").splitlines()[-30:] if log.exists() else []
    raise AssertionError("the market did not start:\n" + "\n".join(tail))


def stop_market(stack: Stack) -> None:
    """Stop it as Ctrl-C does."""
    stack.process.send_signal(signal.SIGTERM)
    stack.process.wait(timeout=60)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One market for all browser tests of this worker."""
    folder = Path(tempfile.mkdtemp(prefix="market-journey-"))
    folder.chmod(0o755)
    running = start_market(folder)
    yield running
    stop_market(running)
    shutil.rmtree(embedded.place_for(folder).data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium; each person gets a context of their own.

    Of one module only: while Playwright is open it keeps an event loop running in this thread, and Django
    would refuse the database to every other test of the worker.
    """
    expect.set_options(timeout=STEP_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS)
        yield running
        running.close()


def open_phone(
    browser: Browser, stack: Stack, *, language: str = "en-US", viewport: dict | None = None
) -> Page:
    """Return a page of a new phone: its own cookies, 360×740, camera and microphone allowed."""
    context: BrowserContext = browser.new_context(
        base_url=stack.url,
        viewport=viewport or PHONE,
        locale=language,
        has_touch=viewport is None,
        permissions=["camera", "microphone"],
    )
    context.set_default_timeout(STEP_MS)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console", lambda line: problems.append(line.text) if "Content Security Policy" in line.text else None
    )
    page.problems = problems
    return page


def sign_in(page: Page, stack: Stack, name: str) -> None:
    """Sign a demo person in through the page, with identifier and password."""
    identifier, password = stack.credentials(name)
    page.goto("/sign-in/")
    page.fill("input[name=identifier]", identifier)
    page.fill("input[name=password]", password)
    page.click("main form .btn--main")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def until(page: Page, expression: str, argument=None, *, seconds: float = 45):
    """Return the first truthy value of a JavaScript expression or function.

    The page's own policy forbids `eval`, which Playwright's `wait_for_function` needs; so ask from outside.
    """
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        value = page.evaluate(expression, argument)
        if value:
            return value
        page.wait_for_timeout(100)
    raise AssertionError(f"not within {seconds} s on {page.url}: {expression}")
