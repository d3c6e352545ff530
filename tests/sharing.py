"""Who runs which tests, and in what order, when they run in parallel."""

import pytest
from xdist.scheduler import LoadScopeScheduling


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser; begin with what takes longest, so that nobody waits for it at the end."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class BrowserTestsTogether(LoadScopeScheduling):
    """Each test goes to the next free worker, but the browser tests to one, which starts one market for all.

    The test that kills a whole market goes there, too: two markets at once would starve one another. What
    shares a web process and a worker stays together as well.

    By their names, because xdist's own groups do not reach it with this pytest.
    """

    def _split_scope(self, nodeid: str) -> str:
        needs_market = nodeid.startswith("tests/journeys/") or "/test_browser" in nodeid
        if needs_market or "/test_chaos" in nodeid:
            return "market"
        return "processes" if "/test_shot_processes" in nodeid else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadScopeScheduling:
    """Choose the scheduler above for parallel runs."""
    return BrowserTestsTogether(config, log)
