"""How the phone chooses its picture: its own module, on a network of numbers, an hour in a moment."""

import base64
from collections.abc import Iterator
from itertools import pairwise

import pytest
from django.conf import settings
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RATES = [1_564_000, 764_000, 414_000, 244_000]
# A phone records a chunk each second; one is sent after the other; the network carries so many bits a second
# from each moment on (0: a tunnel). Returns [second, level, milliseconds that wait] each second.
SIMULATION = """
async ([module, rates, network, seconds, trip]) => {
  const { Pace } = await import(`data:text/javascript;base64,${module}`);
  const pace = new Pace(rates, 0);
  const carried = (at) => network.filter(([from]) => from * 1000 <= at).at(-1)[1];
  let level = 0, queue = [], sending = null;
  const seen = [];
  for (let at = 0; at <= seconds * 1000; at += 50) {
    if (at % 1000 === 0) queue.push(level);
    const bits = carried(at);
    if (!sending && queue.length) sending = { left: rates[queue[0]], began: at, trip };
    if (sending && bits) {
      if (sending.trip > 0) sending.trip -= 50;
      else sending.left -= bits * 0.05;
      if (sending.left <= 0) {
        pace.sent({ level: queue.shift(), recordedMs: 1000, ms: at - sending.began, at });
        sending = null;
      }
    } else if (sending && !bits) sending = null;
    const waitingMs = queue.length * 1000;
    if (at % 500 === 0) level = pace.choose({ at, level, waitingMs, isOffline: bits === 0 });
    if (at % 1000 === 0) seen.push([at / 1000, level, waitingMs]);
  }
  return seen;
}
"""


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def simulate(page: Page, network: list[tuple[int, int]], seconds: int, *, trip: int = 100) -> list[list[int]]:
    module = (settings.BASE_DIR / "static/js/broadcast/pace.js").read_bytes()
    encoded = base64.b64encode(module).decode()
    return page.evaluate(SIMULATION, [encoded, RATES, network, seconds, trip])


def changes(seen: list[list[int]]) -> list[int]:
    levels = [level for _, level, _ in seen]
    return [levels[0]] + [now for before, now in pairwise(levels) if now != before]


def test_good_network_keeps_the_best_picture(page):
    assert changes(simulate(page, [(0, 5_000_000)], 600)) == [0]


@pytest.mark.parametrize(
    ("bits", "level"), [(1_200_000, 1), (600_000, 2), (330_000, 3)], ids=["3G", "weak", "weakest"]
)
def test_weak_network_gets_at_once_what_it_carries(page, bits, level):
    seen = simulate(page, [(0, 5_000_000), (30, bits)], 60)

    assert changes(seen) == [0, level]
    fell = next(second for second, now, _ in seen if now == level)
    assert fell <= 45
    assert seen[-1][2] < max(waiting for _, _, waiting in seen)


def test_picture_comes_up_again_step_by_step(page):
    seen = simulate(page, [(0, 330_000), (60, 8_000_000)], 240)

    assert changes(seen) == [0, 3, 2, 1, 0]
    assert seen[-1][2] <= 1000


def test_tunnel_does_not_make_the_picture_small(page):
    seen = simulate(page, [(0, 4_000_000), (30, 0), (60, 4_000_000)], 180)

    assert changes(seen) == [0]
    assert max(waiting for _, _, waiting in seen) >= 29_000
    assert seen[-1][2] <= 1000


def test_network_that_nearly_carries_more_is_asked_more_and_more_rarely(page):
    """Each try costs the viewers a moment: in an hour between two levels there are few."""
    seen = simulate(page, [(0, 900_000)], 3600)

    tries = changes(seen).count(0) - 1
    assert tries <= 20
    assert sum(waiting for _, _, waiting in seen) / len(seen) < 2500


def test_long_way_to_the_server_is_no_weak_network(page):
    """From another continent each chunk takes its time, but one a second is carried."""
    assert changes(simulate(page, [(0, 20_000_000)], 300, trip=600)) == [0]
