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


# What the tests of these files share takes long to make: one process makes it once.
FILES_IN_ONE_PIECE = (
    "tests/common/test_old_rows.py",
    "tests/common/test_schema.py",
    "tests/livestreams/test_containers.py",
    "tests/payments/test_shot_processes.py",
    "tests/payouts/test_money_controls.py",
    "tests/realtime/test_nchan.py",
)


class BrowserTestsTogether(LoadScopeScheduling):
    """Each test goes to the next free worker, but the browser tests to one, which starts one market for all.

    The test that kills a whole market goes there, too: two markets at once would starve one another.

    By their names, because xdist's own groups do not reach it with this pytest.
    """

    def _split_scope(self, nodeid: str) -> str:
        needs_market = nodeid.startswith("tests/journeys/") or "/test_browser" in nodeid
        if needs_market or "/test_chaos" in nodeid:
            return "market"
        file, _, _ = nodeid.partition("::")
        return file if file in FILES_IN_ONE_PIECE else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadScopeScheduling:
    """Choose the scheduler above for parallel runs."""
    return BrowserTestsTogether(config, log)
