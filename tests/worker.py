"""A PostgreSQL and a Valkey for each process of the tests, set before Django reads its settings."""

import os

number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

for name, theirs in (("DATABASE_URL", "MARKET_TEST_DATABASES"), ("REDIS_URL", "MARKET_TEST_VALKEYS")):
    if addresses := os.environ.get(theirs, "").split():
        os.environ[name] = addresses[number]
