"""Hold a show with real browsers: plan it, go live, read the time code from the viewer's picture."""

import math
import secrets
import statistics
import subprocess
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import imageio_ffmpeg
from playwright.sync_api import Browser, Page

from tests.livestreams.timecode import BITS, CAMERA, COLUMNS, READ
from tests.stack import Stack, open_phone, sign_in

SHANGHAI = ZoneInfo("Asia/Shanghai")
# What the phone was asked to vibrate; Chromium on a desk does nothing.
VIBRATION = "window.shaken = []; navigator.vibrate = (pattern) => window.shaken.push(pattern) > 0;"
SMALL = 12  # pixels of a block once the picture is scaled down for reading
WIDTH, HEIGHT = 72, 128


def poll(page: Page, script: str, check, seconds: float = 45):
    """Ask the page until the answer passes."""
    give_up = time.monotonic() + seconds
    answer = None
    while time.monotonic() < give_up:
        answer = page.evaluate(script)
        if check(answer):
            return answer
        page.wait_for_timeout(100)
    raise AssertionError(f"never so within {seconds:.0f} s: {answer}")


def is_moving(page: Page, *, after: float = 0, seconds: float = 45) -> dict:
    """Wait for a readable picture, taken after that time code, that moves on; return the reading."""
    first = poll(page, READ, lambda seen: seen["tenths"] is not None and seen["tenths"] > after, seconds)
    return poll(page, READ, lambda seen: (seen["tenths"] or 0) > first["tenths"] + 5, seconds)


def now_tenths() -> int:
    """Return the time code of this moment."""
    return math.floor(time.time() * 10) % (1 << 24)


def median_latency(page: Page, seconds: float) -> float:
    """Return the median of how late the picture is, in seconds."""
    lateness, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        reading = page.evaluate(READ)
        if reading["late"] is not None:
            lateness.append(reading["late"])
        page.wait_for_timeout(150)
    return statistics.median(lateness)


def plan_show(page: Page, title: str, goods: str = "") -> int:
    """Plan, fill and announce a show with the desk's own pages; return its id.

    Its two goods are the first that a search for `goods` shows. It is planned for an hour in which the host
    has hardly another show: going live earlier is allowed.
    """
    at = datetime.now(SHANGHAI) + timedelta(days=10, hours=4 * secrets.randbelow(1000))
    page.goto("/desk/live/new/")
    page.fill("[name=title]", title)
    page.fill("[name=scheduled_at]", at.strftime("%Y-%m-%dT%H:%M"))
    page.click(".action-bar .btn--main")
    page.wait_for_selector(".action-bar form")
    session_id = int(page.url.rstrip("/").rsplit("/", 1)[1])
    page.fill("[data-pick-search]", goods)
    offered = page.locator("[data-pick-row]:visible input[type=checkbox]")
    offered.nth(0).check()
    offered.nth(1).check()
    page.locator("form:has(input[name^=add_]) button.btn--wide").click()
    page.wait_for_selector(".rundown__do")
    page.click(".action-bar .btn--main")
    page.wait_for_selector(".action-bar .btn--buy")
    return session_id


def host_phone(browser: Browser, stack: Stack) -> Page:
    """Return a phone with the time-code camera, signed in as the host."""
    page = open_phone(browser, stack)
    page.add_init_script(CAMERA)
    page.add_init_script(VIBRATION)
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, stack, "zhuoma")
    return page


def takes_of(stack: Stack, session_id: int) -> list[tuple]:
    """Return (id, number, status, close_reason, next_seq) of a show's recordings."""
    return stack.rows(
        "SELECT t.id, t.number, t.status, t.close_reason, t.next_seq FROM livestreams_take t"
        " JOIN livestreams_broadcast b ON b.id = t.broadcast_id WHERE b.session_id = %s ORDER BY t.number",
        session_id,
    )


def chunk_numbers(stack: Stack, take_id: int) -> list[int]:
    """Return the numbers of the chunks that lie on the server's disk."""
    folder = stack.var / "ingest" / str(take_id)
    return sorted(int(path.stem) for path in folder.glob("*.chunk"))


def take_folder(stack: Stack, session_id: int, number: int) -> Path:
    """Return where a take's published picture lies."""
    ((public_id,),) = stack.rows(
        "SELECT public_id FROM livestreams_broadcast WHERE session_id = %s", session_id
    )
    return stack.var / "media" / "public" / "live" / str(public_id) / "takes" / str(number)


def time_codes(folder: Path) -> list[int]:
    """Return the time code of every frame that is published of a take."""
    data = (folder / "init.mp4").read_bytes()
    data += b"".join(path.read_bytes() for path in sorted(folder.glob("seg*.m4s")))
    frames = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", "-map", "0:v",
         "-fps_mode", "passthrough", "-vf", f"scale={WIDTH}:{HEIGHT}", "-pix_fmt", "gray",
         "-f", "rawvideo", "pipe:1"],
        input=data, capture_output=True, check=True,
    ).stdout  # fmt: skip
    size = WIDTH * HEIGHT
    return [_code(frames[start : start + size]) for start in range(0, len(frames), size)]


def _code(frame: bytes) -> int:
    half = SMALL // 2

    def light(index: int) -> bool:
        row, column = divmod(index, COLUMNS)
        return frame[(row * SMALL + half) * WIDTH + column * SMALL + half] > 127

    assert (light(0), light(1)) == (True, False), "a frame without a time code"
    return sum(1 << (index - 2) for index in range(2, BITS) if light(index))


def largest_gap(codes: list[int]) -> float:
    """Return the longest time between two frames that follow each other, in seconds."""
    return max(after - before for before, after in pairwise(codes)) / 10
