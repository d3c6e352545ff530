import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.money import parse_yuan, share_bp, split_largest_remainder, yuan_text


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (6800, "68.00"),
        (-5, "-0.05"),
        (-123456, "-1,234.56"),
        (10**12, "10,000,000,000.00"),
    ],
)
def test_fen_are_shown_as_yuan(fen, text):
    assert yuan_text(fen) == text


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("68", 6800),
        ("68.5", 6850),
        (" 68.50 ", 6850),
        ("¥68", 6800),
        ("￥1,068.00", 106800),
        ("６８．５", 6850),
        ("1，068", 106800),
        ("0", 0),
        ("-5", -500),
        ("0.010", 1),
    ],
)
def test_typed_yuan_are_read(typed, fen):
    assert parse_yuan(typed) == fen


@pytest.mark.parametrize(
    "typed",
    ["", " ", "abc", "1e3", "1_000", "NaN", "Infinity", "-Infinity", "0x10", "1.234", "68.001", "--5", "5-",
     "1..2", ".", "9" * 400, "68元", "١٢٣", "\x00", "¥¥5", "1 2"],
)  # fmt: skip
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(ValueError, match="not a"):
        parse_yuan(typed)


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_what_is_shown_is_read_back(fen):
    assert parse_yuan(yuan_text(fen)) == fen


@pytest.mark.parametrize(
    ("amount", "rate", "share"),
    [(6800, 500, 340), (1, 5000, 1), (1, 4999, 0), (0, 500, 0), (6801, 10_000, 6801)],
)
def test_a_share_is_rounded_half_up_to_the_fen(amount, rate, share):
    assert share_bp(amount, rate) == share


@given(
    st.integers(min_value=-(10**12), max_value=10**12),
    st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=12).filter(any),
)
def test_the_parts_of_a_split_add_up_and_are_fair(total, weights):
    parts = split_largest_remainder(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1.001


def test_ties_go_to_the_earlier_part():
    assert split_largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert split_largest_remainder(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [-1, 3]])
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        split_largest_remainder(100, weights)
