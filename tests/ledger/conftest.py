from datetime import UTC, datetime

import pytest


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
