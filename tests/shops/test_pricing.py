import pytest
from hypothesis import given
from hypothesis import strategies as st

from shops.pricing import PriceSplit, split_price


@pytest.mark.parametrize(
    ("total", "host", "platform", "parts"),
    [
        (6800, 500, 300, (6256, 340, 204)),
        (6800, 0, 300, (6596, 0, 204)),
        (1, 500, 300, (1, 0, 0)),
        (99, 500, 300, (91, 5, 3)),
        (100, 10_000, 0, (0, 100, 0)),
    ],
)
def test_the_frozen_rates_decide_the_parts(total, host, platform, parts):
    assert split_price(total_fen=total, host_commission_bp=host, platform_fee_bp=platform) == PriceSplit(
        *parts
    )


@given(st.integers(0, 10**11), st.integers(0, 5000), st.integers(0, 5000))
def test_parts_always_add_up_and_none_is_negative(total, host, platform):
    split = split_price(total_fen=total, host_commission_bp=host, platform_fee_bp=platform)

    assert split.farmer_fen + split.host_fen + split.platform_fen == total
    assert min(split.farmer_fen, split.host_fen, split.platform_fen) >= 0


def test_rates_above_the_whole_are_refused():
    with pytest.raises(ValueError, match="weights"):
        split_price(total_fen=100, host_commission_bp=9000, platform_fee_bp=2000)
