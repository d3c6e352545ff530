"""A show in real browsers against the goals of speed.md: `script/bench live [--seconds 30] [--no-encoding]`.

Phone, market and viewer share this machine. The first picture is timed from the tap on GO LIVE to a time code
that can be read in a second browser's picture; latency is how late the time codes are; CPU is that of the
processes of the one show, in shares of one core, while it runs.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench import live_encoding
from tests.bench.printing import Figure, print_figures
from tests.livestreams.showing import host_phone, median_latency, plan_show, poll
from tests.livestreams.timecode import READ
from tests.stack import CHROMIUM_FLAGS, Stack, chromium, open_phone, start_market, stop_market
from villagemarket import embedded

FIRST_PICTURE_SECONDS, LATENCY_SECONDS = 3, 3
SHOWS = 3
WINDOW_SECONDS = 6
TICKS = os.sysconf("SC_CLK_TCK")


def figures(*, seconds: int) -> list[Figure]:
    """Hold shows and return what was measured: first pictures, latency, CPU."""
    folder = Path(tempfile.mkdtemp(prefix="market-bench-"))
    folder.chmod(0o755)
    stack = start_market(folder)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
            )
            return _hold_shows(stack, browser, seconds)
    finally:
        stop_market(stack)
        shutil.rmtree(embedded.place_for(folder).data, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _hold_shows(stack: Stack, browser: Browser, seconds: int) -> list[Figure]:
    firsts, medians, shares = [], [], []
    host = host_phone(browser, stack)
    for _ in range(SHOWS):
        session_id = plan_show(host, "Measured")
        viewer = open_phone(browser, stack)
        viewer.goto(f"/live/{session_id}/")
        host.goto(f"/desk/live/{session_id}/console/")
        host.wait_for_selector("[data-go]:not([disabled])")
        host.click("[data-go]")
        tapped_at = time.monotonic()
        poll(viewer, READ, lambda seen: seen["tenths"] is not None)
        firsts.append(time.monotonic() - tapped_at)
        # What the browser did first is not what it does from then on.
        viewer.wait_for_timeout(4000)
        before, since = _cpu_ticks(stack), time.monotonic()
        medians += [
            median_latency(viewer, WINDOW_SECONDS) for _ in range(max(seconds // WINDOW_SECONDS // SHOWS, 1))
        ]
        passed = time.monotonic() - since
        shares.append((_cpu_ticks(stack) - before) / TICKS / passed)
        host.click("[data-end-open]")
        host.click("[data-end]")
        host.wait_for_url(f"**/desk/live/{session_id}/", timeout=60_000)
        viewer.context.close()
    return [
        Figure("GO LIVE to first picture, median", statistics.median(firsts), "s", FIRST_PICTURE_SECONDS),
        Figure("GO LIVE to first picture, worst", max(firsts), "s"),
        Figure("latency, median", statistics.median(medians), "s", LATENCY_SECONDS),
        Figure("latency, worst window's median", max(medians), "s"),
        Figure("whole market with one show on air: CPU of a core", statistics.median(shares) * 100, "%"),
    ]


def _cpu_ticks(stack: Stack) -> int:
    """Return the CPU time that the market's processes have used, those that have ended included."""
    children, used = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            values = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(values[1]), []).append(int(folder.name))
        used[int(folder.name)] = sum(map(int, values[11:15]))
    total, waiting = 0, [stack.process.pid]
    while waiting:
        number = waiting.pop()
        total += used.get(number, 0)
        waiting += children.get(number, [])
    return total


def main(arguments: list[str]) -> int:
    """Print the figures; the exit code says whether all goals were met."""
    parser = argparse.ArgumentParser(prog="script/bench live")
    parser.add_argument("--seconds", type=int, default=30, help="how long latency is looked at, in all")
    parser.add_argument("--no-encoding", action="store_true", help="without the cost of ffmpeg alone")
    options = parser.parse_args(arguments)
    missed = print_figures(
        f"A show in real browsers ({os.cpu_count()} cores)", figures(seconds=options.seconds)
    )
    if not options.no_encoding:
        missed += print_figures("What its picture costs", live_encoding.figures())
    return min(missed, 1)
