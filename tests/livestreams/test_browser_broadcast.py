"""A host goes live from a browser, a buyer sees that very picture, whatever breaks in between.

One show for all tests of this file: they go through it in order, each leaves it on air.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.livestreams.showing import (
    chunk_numbers,
    host_phone,
    is_moving,
    largest_gap,
    median_latency,
    now_tenths,
    plan_show,
    poll,
    take_folder,
    takes_of,
    time_codes,
)
from tests.livestreams.timecode import READ
from tests.stack import Stack, open_phone, sign_in

pytestmark = pytest.mark.browser

ORDER = """
async () => {
  const { api, newKey } = await import("/static/js/base/api.js");
  const room = JSON.parse(document.getElementById("room-data").textContent);
  const body = { lines: [{ variant: room.rundown[0].variant, quantity: 1 }], address: room.address };
  return (await api("/api/v1/orders/", { method: "POST", key: newKey(), body })).orders.length;
}
"""
WAITING = "() => Number(document.querySelector('[data-meter]').value)"
# A phone whose storage is slower than its camera.
SLOW_STORAGE = """
const quick = IDBObjectStore.prototype.getAll;
IDBObjectStore.prototype.getAll = function (...asked) {
  const late = {};
  const request = quick.apply(this, asked);
  request.onsuccess = () => setTimeout(() => {
    late.result = request.result;
    late.onsuccess();
  }, 1000);
  return late;
};
"""


@dataclass
class Air:
    """A show on the air: who sends, who watches, and how long the first picture took."""

    id: int
    host: Page
    buyer: Page
    first_picture: float

    @property
    def console(self) -> str:
        """The console's address."""
        return f"/desk/live/{self.id}/console/"


@pytest.fixture(scope="module")
def air(stack, browser) -> Iterator[Air]:
    """A show that has just begun."""
    host = host_phone(browser, stack)
    session_id = plan_show(host, "Barley is in")
    buyer = open_phone(browser, stack)
    sign_in(buyer, stack, "arun")
    buyer.goto(f"/live/{session_id}/")
    buyer.wait_for_selector("[data-clock]:not([hidden])")
    buyer.evaluate("() => (window.stayed = true)")
    host.goto(f"/desk/live/{session_id}/console/")
    host.wait_for_selector("[data-go]:not([disabled])")
    host.click("[data-go]")
    gone_live = time.monotonic()
    poll(buyer, READ, lambda seen: seen["tenths"] is not None)
    yield Air(session_id, host, buyer, time.monotonic() - gone_live)


def processes_of(stack: Stack, *words: str) -> list[int]:
    """Return the processes of this market whose command holds all these words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(folder / "cwd")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        is_ours = str(stack.var) in place or str(stack.var) in environment or str(stack.var) in command
        if is_ours and all(word in command for word in words):
            found.append(int(folder.name))
    return found


def kill(stack: Stack, *words: str) -> None:
    """Kill without a word, as the kernel does when memory is short."""
    victims = processes_of(stack, *words)
    assert victims, words
    for victim in victims:
        os.kill(victim, signal.SIGKILL)


def room_goes_on(air: Air) -> None:
    """The room page, the history of its chat and ordering work now."""
    page = air.buyer.request.get(f"/live/{air.id}/")
    assert page.status == 200
    history = air.buyer.request.get(f"/api/v1/live-sessions/{air.id}/messages/").json()
    assert "Hello from Yunling" in [line["text"] for line in history["results"]]
    assert air.buyer.evaluate(ORDER) == 1


def test_picture_within_ten_seconds(air):
    print(f"first picture {air.first_picture:.1f} s")
    assert air.first_picture <= 10
    assert is_moving(air.buyer)["width"] > 0
    air.host.wait_for_selector("[data-link=good]")


def test_room_hears_and_sees_what_the_host_does(air):
    air.host.locator("[data-cards] button").first.click()
    title = air.host.locator(".console__card--pinned .strong").inner_text()
    air.buyer.wait_for_selector("[data-pin]:not([hidden])")
    assert air.buyer.locator("[data-pin-title]").inner_text() == title

    air.host.fill("#say", "Hello from Yunling")
    air.host.press("#say", "Enter")
    air.buyer.get_by_text("Hello from Yunling").wait_for()
    air.buyer.wait_for_selector("[data-viewers-box]:not([hidden])")


def test_median_latency_is_at_most_four_seconds(air):
    """Up to four looks: other work on the machine may spoil some, a slow design spoils all."""
    medians = []
    while not medians or (min(medians) > 4 and len(medians) < 4):
        medians.append(median_latency(air.buyer, 6))
    print(f"median latency {min(medians):.1f} s of {medians}")
    assert min(medians) <= 4


def test_viewer_chooses_the_sound_alone_and_the_picture_again(air):
    air.buyer.click("[data-quality-open]")
    air.buyer.click("[data-choice=audio]")
    air.buyer.wait_for_selector(".room__stage--sound")
    heard = poll(air.buyer, READ, lambda seen: seen["width"] == 0 and seen["at"] > 0)
    poll(air.buyer, READ, lambda seen: seen["width"] == 0 and seen["at"] > heard["at"] + 2)

    air.buyer.click("[data-quality-open]")
    air.buyer.click("[data-choice=auto]")

    assert is_moving(air.buyer, after=now_tenths() - 100)["width"] > 0


def test_ten_seconds_without_a_network_lose_nothing(air, stack):
    is_moving(air.buyer)
    air.host.evaluate("() => (window.shaken.length = 0)")
    took_off = now_tenths()
    air.host.context.set_offline(True)
    air.host.wait_for_selector("[data-link=offline]", timeout=45_000)
    air.host.wait_for_selector("[data-alarm]:not([hidden])", timeout=45_000)
    assert air.host.evaluate("() => window.shaken.length") == 1
    air.host.wait_for_timeout(max(10_000 - (now_tenths() - took_off) * 100, 0))

    air.host.context.set_offline(False)
    back = now_tenths()
    poll(air.buyer, READ, lambda seen: (seen["tenths"] or 0) > back and seen["late"] <= 6, seconds=15)

    air.host.wait_for_selector("[data-alarm]", state="hidden")
    codes = []
    for take_id, number, _, _, next_seq in takes_of(stack, air.id):
        numbers = chunk_numbers(stack, take_id)
        assert numbers == list(range(len(numbers)))
        assert next_seq in (len(numbers), len(numbers) - 1)
        codes += time_codes(take_folder(stack, air.id, number))
    outage = [code for code in codes if took_off - 10 <= code <= back + 10]
    print(f"largest gap {largest_gap(outage):.1f} s over {(outage[-1] - outage[0]) / 10:.0f} s")
    assert outage[-1] - outage[0] >= 110
    assert largest_gap(outage) < 1
    assert air.buyer.evaluate("() => window.stayed") is True


def test_reload_in_a_tunnel_loses_nothing_and_stays_in_the_room(air, stack):
    """The chunk door is out of reach, then the page is loaded anew: what waited is sent first."""
    air.host.context.route("**/ingest/**", lambda route: route.abort())
    poll(air.host, WAITING, lambda waiting: waiting >= 4)
    air.host.add_init_script(SLOW_STORAGE)
    air.host.reload()
    poll(air.host, WAITING, lambda waiting: waiting >= 4)
    reloaded = now_tenths()
    air.host.context.unroute("**/ingest/**")

    air.host.wait_for_selector("[data-link=good]", timeout=30_000)
    is_moving(air.buyer, after=reloaded)

    first, second = takes_of(stack, air.id)[-2:]
    assert (first[2], second[2]) == ("closed", "receiving")
    assert chunk_numbers(stack, first[0]) == list(range(first[4]))
    before, after = (time_codes(take_folder(stack, air.id, take[1])) for take in (first, second))
    print(f"picture lost by the reload: {(after[0] - before[-1]) / 10:.1f} s")
    assert largest_gap(before[-200:]) < 1
    # Only while the page itself was loading nothing was recorded.
    assert after[0] - before[-1] < 80
    assert air.buyer.evaluate("() => window.stayed") is True


@pytest.mark.parametrize(
    "words",
    [("ffmpeg", "pipe:0"), ("manage", "broadcast"), ("valkey-server",)],
    ids=["ffmpeg", "broadcaster", "valkey"],
)
def test_pr7_room_goes_on_and_the_picture_returns(air, stack, words):
    is_moving(air.buyer)
    kill(stack, *words)
    killed = now_tenths()

    room_goes_on(air)

    poll(air.buyer, READ, lambda seen: (seen["tenths"] or 0) > killed, seconds=10)
    is_moving(air.buyer, after=killed)
    # Whatever was killed is there again before the next is.
    give_up = time.monotonic() + 30
    while not processes_of(stack, *words):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    air.host.wait_for_selector("[data-link=good]")
    assert air.buyer.evaluate("() => window.stayed") is True


def test_weak_network_gets_a_smaller_picture(air, stack):
    network = air.host.context.new_cdp_session(air.host)
    network.send("Network.enable")
    speed = {"offline": False, "latency": 50, "downloadThroughput": -1}

    network.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": 15_000})
    air.host.wait_for_selector("[data-link=weak]", timeout=40_000)
    air.host.wait_for_selector("[data-console]:not([data-level='0'])", timeout=40_000)
    network.send("Network.emulateNetworkConditions", speed | {"uploadThroughput": 500_000})
    air.host.wait_for_selector("[data-link=good]:not([data-level='0'])", timeout=40_000)
    smaller = now_tenths()

    is_moving(air.buyer, after=smaller)
    takes = takes_of(stack, air.id)
    assert (len(takes) > 2, takes[-1][2]) == (True, "receiving")


def test_e6_hundred_megabytes_are_refused_before_they_are_sent(air, stack):
    """Through the real server: the answer comes although not one byte of the body was sent."""
    take_id = takes_of(stack, air.id)[-1][0]
    renew = f"""async () => (await (await import("/static/js/base/api.js")).api(
        "/api/v1/live-sessions/{air.id}/takes/{take_id}/token/", {{ method: "POST" }})).upload_token"""
    head = (
        f"PUT /ingest/takes/{take_id}/0 HTTP/1.1\r\nHost: market\r\nContent-Length: 104857600\r\n"
        f"Content-Type: video/webm\r\nAuthorization: Bearer {air.host.evaluate(renew)}\r\n\r\n"
    )
    place = urlsplit(stack.url)

    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        line.sendall(head.encode())
        answer = line.recv(4096).decode()

    assert answer.startswith("HTTP/1.1 413")


def test_second_phone_takes_over_and_the_first_is_told(air, stack, browser):
    second = host_phone(browser, stack)
    second.goto(air.console)
    second.wait_for_selector("[data-go]:not([disabled])")
    second.wait_for_timeout(1500)
    # Looking at the console takes nothing away.
    assert takes_of(stack, air.id)[-1][2] == "receiving"
    count = len(takes_of(stack, air.id))
    assert air.host.locator("[data-console]").get_attribute("data-link") == "good"

    second.click("[data-go]")
    air.host.wait_for_selector("[data-again]:not([hidden])", timeout=45_000)
    took_over = now_tenths()
    assert air.host.inner_text("[data-alarm-text]").strip()
    assert is_moving(air.buyer, after=took_over)
    # The older does not fight back, not even when it is loaded anew.
    air.host.reload()
    air.host.wait_for_selector("[data-go]:not([disabled])")
    air.host.wait_for_timeout(3000)
    takes = takes_of(stack, air.id)
    assert (takes[-1][2], "replaced" in {take[3] for take in takes[count - 1 : -1]}) == ("receiving", True)
    assert air.host.locator("[data-console]").get_attribute("data-link") == "resting"
    second.wait_for_selector("[data-link=good]")

    air.host.click("[data-go]")
    second.wait_for_selector("[data-again]:not([hidden])", timeout=45_000)
    is_moving(air.buyer, after=now_tenths())
    second.context.close()


def test_turning_the_camera_is_a_new_take_in_the_same_picture(air, stack):
    count = len(takes_of(stack, air.id))

    air.host.click("[data-flip]")
    turned = now_tenths()

    is_moving(air.buyer, after=turned)
    takes = takes_of(stack, air.id)
    assert (len(takes) > count, takes[-1][2]) == (True, "receiving")
    codes = [time_codes(take_folder(stack, air.id, take[1])) for take in takes[-2:]]
    assert codes[1][0] - codes[0][-1] < 20


def test_phone_that_takes_the_camera_away_gives_it_back(air):
    """A call ends the tracks: the host is told, the camera is asked for again, the picture comes back."""
    air.host.evaluate("() => (window.shaken.length = 0)")
    air.host.evaluate("""() => {
      const video = document.querySelector("[data-preview]");
      video.srcObject.getTracks().forEach((track) => {
        track.stop();
        track.dispatchEvent(new Event("ended"));
      });
    }""")
    lost = now_tenths()

    is_moving(air.buyer, after=lost)

    assert air.host.evaluate("() => window.shaken.length") == 2
    air.host.wait_for_selector("[data-alarm]", state="hidden")


def test_end_makes_a_replay_of_all_takes(air, stack):
    title = air.buyer.locator("[data-pin-title]").inner_text()
    takes = len(takes_of(stack, air.id))

    air.host.click("[data-end-open]")
    air.host.click("[data-end]")
    air.host.wait_for_url(f"**/desk/live/{air.id}/", timeout=40_000)

    air.buyer.wait_for_selector("[data-seek]:not([hidden])", timeout=60_000)
    poll(air.buyer, READ, lambda seen: seen["width"] > 0)
    ((status, duration_ms),) = stack.rows(
        "SELECT status, duration_ms FROM livestreams_replay WHERE session_id = %s", air.id
    )
    assert status == "ready"
    assert duration_ms > 60_000
    assert air.buyer.locator("[data-pin-title]").inner_text() == title
    assert len(takes_of(stack, air.id)) == takes
    assert (air.host.problems, air.buyer.problems) == ([], [])
