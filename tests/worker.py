"""One Valkey for each process of the tests, chosen before Django reads its settings (PYTEST_PLUGINS)."""

import os

URLS = os.environ.get("MARKET_TEST_VALKEYS", "").split()

if URLS:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = URLS[number]
