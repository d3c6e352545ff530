"""A period is named by its days, the year once."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from payouts.models import SettlementPeriod

WEEK = (datetime(2026, 11, 15, 16, tzinfo=UTC), datetime(2026, 11, 22, 16, tzinfo=UTC))
NEW_YEAR = (datetime(2026, 12, 27, 16, tzinfo=UTC), datetime(2027, 1, 3, 16, tzinfo=UTC))


@pytest.mark.parametrize(
    ("language", "span", "words"),
    [
        ("zh-hans", WEEK, "2026年11月16日 – 11月22日"),
        ("en", WEEK, "16 Nov – 22 Nov 2026"),
        ("zh-hans", NEW_YEAR, "2026年12月28日 – 2027年1月3日"),
        ("en", NEW_YEAR, "28 Dec 2026 – 3 Jan 2027"),
    ],
)
def test_a_period_is_named_by_its_days(language, span, words):
    with translation.override(language):
        assert str(SettlementPeriod(starts_at=span[0], ends_at=span[1])) == words
