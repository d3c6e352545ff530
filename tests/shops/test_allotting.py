"""The rules by which lines take lots, as arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shops.allotting import MICRO, Offer, read, share_out, written


def offer(lot, left, *, brought=None, deficit=0, came_on="2026-09-01"):
    return Offer(lot, brought or left, left, deficit, came_on)


def units(shares):
    return {share.lot: share.units for share in shares if share.units}


def test_pro_rata_gives_each_lot_its_part_and_remembers_the_rest():
    first = share_out(rule="pro_rata", wanted=1, offers=[offer(1, 30), offer(2, 10)])

    # Entitled to 0.75 and 0.25 of a unit: the first lot gets it and is 0.25 ahead.
    assert units(first) == {1: 1}
    assert [share.deficit_micro for share in first] == [-250_000, 250_000]
    second = share_out(
        rule="pro_rata", wanted=1, offers=[offer(1, 29, deficit=-250_000), offer(2, 10, deficit=250_000)]
    )
    # -0.25 + 29/39 = 0.493590 against 0.25 + 10/39 = 0.506410.
    assert units(second) == {2: 1}
    assert [share.deficit_micro for share in second] == [493_590, -493_590]
    third = share_out(
        rule="pro_rata", wanted=1, offers=[offer(1, 29, deficit=493_590), offer(2, 9, deficit=-493_590)]
    )
    assert units(third) == {1: 1}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("oldest_first", {2: 4, 3: 1}), ("smallest_first", {3: 3, 1: 2}), ("pro_rata", {1: 3, 2: 1, 3: 1})],
)
def test_each_rule_by_hand(rule, expected):
    offers = [
        offer(1, 8, brought=10, came_on="2026-09-03"),
        offer(2, 4, brought=20, came_on="2026-09-01"),
        offer(3, 3, came_on="2026-09-02"),
    ]

    assert units(share_out(rule=rule, wanted=5, offers=offers)) == expected


def test_nothing_and_too_much():
    assert share_out(rule="pro_rata", wanted=3, offers=[]) == []
    assert share_out(rule="pro_rata", wanted=3, offers=[offer(1, 0)]) == []
    assert units(share_out(rule="pro_rata", wanted=9, offers=[offer(1, 2), offer(2, 3)])) == {1: 2, 2: 3}


@given(
    rule=st.sampled_from(["pro_rata", "oldest_first", "smallest_first"]),
    lefts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    wishes=st.lists(st.integers(1, 9), max_size=25),
)
def test_never_more_than_there_is_and_nobody_falls_behind(rule, lefts, wishes):
    lots = {pk: offer(pk, left) for pk, left in enumerate(lefts, 1)}
    sold = dict.fromkeys(lots, 0)

    for wanted in wishes:
        before = list(lots.values())
        shares = share_out(rule=rule, wanted=wanted, offers=before)
        assert shares == share_out(rule=rule, wanted=wanted, offers=read(written(reversed(before))))
        assert sum(share.units for share in shares) == min(wanted, sum(one.left for one in before))
        for share in shares:
            old = lots[share.lot]
            lots[share.lot] = Offer(
                old.lot, old.brought, old.left - share.units, share.deficit_micro, old.came_on
            )
            sold[share.lot] += share.units

    assert all(one.left >= 0 and one.left + sold[pk] == one.brought for pk, one in lots.items())
    if rule == "pro_rata":
        assert sum(one.deficit_micro for one in lots.values()) == 0
        total, brought = sum(sold.values()), sum(lefts)
        for pk, one in lots.items():
            # Against what each brought, nobody is as much as a unit per other lot away from the fair part.
            assert abs(sold[pk] * brought - total * one.brought) < brought * max(len(lots), 2)
        assert all(abs(one.deficit_micro) <= MICRO * len(lots) for one in lots.values())
