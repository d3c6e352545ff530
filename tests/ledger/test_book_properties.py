"""PR4: whatever is posted and reversed in whatever order, the book balances after every step."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from common.money import share_bp, split_largest_remainder
from ledger.errors import AlreadyReversed, PostingConflict, ReversalRefused, Unbalanced
from ledger.models import LedgerAccount, LedgerTransaction
from ledger.selectors import summed_balance, trial_balance
from ledger.services.posting import Posting, post, reverse
from ledger.statuses import Kind, OwnerKind, Purpose

NOW = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
FEN = st.integers(-(10**12), 10**12)
OWNERS = st.sampled_from(
    [
        (Purpose.CASH, OwnerKind.SYSTEM, 0),
        (Purpose.BUYER_HELD, OwnerKind.SYSTEM, 0),
        (Purpose.FARMER_PAYABLE, OwnerKind.FARMER, 1),
        (Purpose.FARMER_PAYABLE, OwnerKind.FARMER, 2),
        (Purpose.HOST_PAYABLE, OwnerKind.HOST, 1),
        (Purpose.FREIGHT_PAYABLE, OwnerKind.SHOP, 1),
    ]
)


@given(total=FEN, weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_split_parts_add_up_and_are_never_off_by_a_fen(total, weights):
    parts = split_largest_remainder(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)
        assert weight > 0 or part == 0


@given(amount=st.integers(0, 10**12), rate=st.integers(0, 10_000))
def test_share_is_within_half_a_fen_and_never_more_than_the_whole(amount, rate):
    share = share_bp(amount, rate)

    assert 0 <= share <= amount
    assert abs(share * 10_000 - amount * rate) * 2 <= 10_000


class Book(RuleBasedStateMachine):
    """Post balanced, repeated, wrong and reversed lines; compare with a dictionary."""

    def __init__(self):
        super().__init__()
        self.expected: dict[tuple, int] = {}
        self.keys: dict[str, list] = {}
        self.posted: list[int] = []
        self.reversed: set[int] = set()

    @rule(
        lines=st.lists(st.tuples(OWNERS, st.integers(-(10**9), 10**9)), min_size=1, max_size=5),
        balance=OWNERS,
        key=st.integers(1, 12),
    )
    def post_balanced(self, lines, balance, key):
        lines = [*lines, (balance, -sum(amount for _, amount in lines))]
        postings = [
            Posting(purpose, amount, "order:1", kind, owner) for (purpose, kind, owner), amount in lines
        ]
        real = sorted((line for line in lines if line[1]), key=str)
        name = f"key:{key}"
        try:
            made = post(kind=Kind.ADJUSTMENT, key=name, source="order:1", postings=postings, now=NOW)
        except Unbalanced:
            assert len(real) < 2
            return
        except PostingConflict:
            assert self.keys[name] != real
            return
        if name in self.keys:
            assert self.keys[name] == real
            return
        self.keys[name] = real
        self.posted.append(made.pk)
        self._move(real)

    @rule(place=st.integers(0, 100))
    def reverse_one(self, place):
        if not self.posted:
            return
        pk = self.posted[place % len(self.posted)]
        original = LedgerTransaction.objects.get(pk=pk)
        if original.reversal_of_id:
            with pytest.raises(ReversalRefused):
                reverse(transaction_id=pk, memo="", now=NOW)
            return
        if pk in self.reversed:
            with pytest.raises(AlreadyReversed):
                reverse(transaction_id=pk, memo="", now=NOW)
            return
        made = reverse(transaction_id=pk, memo="", now=NOW)
        self.reversed.add(pk)
        self.posted.append(made.pk)
        self._move([(owner, -amount) for owner, amount in self.keys[original.key]])

    @rule(amount=st.integers(1, 100))
    def post_unbalanced(self, amount):
        with pytest.raises(Unbalanced):
            post(
                kind=Kind.ADJUSTMENT,
                key="never",
                source="x",
                postings=[Posting(Purpose.CASH, amount, "x"), Posting(Purpose.BUYER_HELD, amount, "x")],
                now=NOW,
            )

    @invariant()
    def book_is_right(self):
        found = trial_balance()
        assert found.is_right
        assert sum(self.expected.values()) == 0
        for account in LedgerAccount.objects.all():
            owner = (account.purpose, account.owner_kind, account.owner_id)
            assert summed_balance(account) == self.expected.get(owner, 0)

    def _move(self, lines):
        for (purpose, kind, owner_id), amount in lines:
            owner = (str(purpose), str(kind), owner_id)
            self.expected[owner] = self.expected.get(owner, 0) + amount


@pytest.mark.django_db
def test_book_state_machine():
    class RolledBack(Book):
        """Each run of the machine begins with an empty book."""

        def __init__(self):
            super().__init__()
            self.frame = transaction.atomic()
            self.frame.__enter__()

        def teardown(self):
            transaction.set_rollback(True)
            self.frame.__exit__(None, None, None)

    run_state_machine_as_test(
        RolledBack,
        settings=settings(
            max_examples=30,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
