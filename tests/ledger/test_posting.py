from datetime import timedelta

import pytest

from common.errors import NotFound
from ledger.errors import AlreadyReversed, PostingConflict, ReversalRefused, Unbalanced
from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.selectors import account_statement, balance_of, summed_balance, trial_balance
from ledger.services.posting import Posting, post, reverse
from ledger.statuses import Kind, OwnerKind, Purpose
from tests.together import run_together


def sale(*, farmer=7, host=3, farmer_fen=6256, host_fen=340, fee_fen=204, source="order:1"):
    return [
        Posting(Purpose.BUYER_HELD, farmer_fen + host_fen + fee_fen, source),
        Posting(Purpose.FARMER_PAYABLE, -farmer_fen, source, OwnerKind.FARMER, farmer),
        Posting(Purpose.HOST_PAYABLE, -host_fen, source, OwnerKind.HOST, host),
        Posting(Purpose.PLATFORM_FEE, -fee_fen, source),
    ]


def complete(now, *, key="completion:1", source="order:1", **parts):
    return post(kind=Kind.COMPLETION, key=key, source=source, postings=sale(source=source, **parts), now=now)


@pytest.mark.django_db
def test_posting_moves_cached_balances_of_owners_only(now):
    complete(now)

    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=7) == -6256
    assert balance_of(purpose="host_payable", owner_kind="host", owner_id=3) == -340
    assert balance_of(purpose="buyer_held") == 6800
    assert LedgerAccount.objects.get(purpose="buyer_held").balance_fen is None
    assert trial_balance().is_right
    assert trial_balance().by_purpose == {
        "buyer_held": 6800, "farmer_payable": -6256, "host_payable": -340, "platform_fee": -204,
    }  # fmt: skip


@pytest.mark.django_db
def test_same_key_and_lines_post_once(now):
    first = complete(now)

    again = complete(now + timedelta(days=1))

    assert again.pk == first.pk
    assert LedgerEntry.objects.count() == 4
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=7) == -6256


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other", [{"farmer_fen": 6255, "fee_fen": 205}, {"farmer": 8}, {"source": "order:2"}]
)
def test_same_key_with_other_lines_is_refused(now, other):
    complete(now)

    with pytest.raises(PostingConflict):
        complete(now, **other)

    assert LedgerTransaction.objects.count() == 1
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=8) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "amounts", [[], [0, 0], [5], [5, -4], [5, 0]], ids=["none", "zeros", "one", "unequal", "one and a zero"]
)
def test_unbalanced_lines_are_refused(now, amounts):
    with pytest.raises(Unbalanced):
        post(
            kind=Kind.ADJUSTMENT,
            key="k",
            source="s",
            postings=[Posting(Purpose.CASH, amount, "s") for amount in amounts],
            now=now,
        )

    assert not LedgerTransaction.objects.exists()


@pytest.mark.django_db
def test_reversal_takes_everything_back_once(now):
    posted = complete(now)

    first = reverse(transaction_id=posted.pk, memo="wrong order", now=now)

    assert first.reversal_of_id == posted.pk
    assert (first.kind, first.source, first.key) == ("reversal", "order:1", f"reversal:{posted.pk}")
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=7) == 0
    assert LedgerEntry.objects.count() == 8
    for refused, pk in ((ReversalRefused, first.pk), (AlreadyReversed, posted.pk), (NotFound, 0)):
        with pytest.raises(refused):
            reverse(transaction_id=pk, memo="", now=now)
    assert LedgerTransaction.objects.count() == 2


@pytest.mark.django_db
def test_statement_of_an_account_opens_with_what_came_before(now):
    complete(now, key="a", source="order:1")
    complete(now + timedelta(days=2), key="b", source="order:2", farmer_fen=1000)
    complete(now + timedelta(days=9), key="c", source="order:3", farmer_fen=50)
    account = LedgerAccount.objects.get(owner_kind="farmer", owner_id=7)

    window = account_statement(
        account=account, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=9)
    )

    assert window.opening_fen == -6256
    assert [entry.amount_fen for entry in window.entries] == [-1000]
    assert window.closing_fen == -7256


@pytest.mark.django_db
def test_trial_balance_names_an_account_whose_cache_is_off(now):
    complete(now)
    account = LedgerAccount.objects.get(owner_kind="farmer", owner_id=7)
    LedgerAccount.objects.filter(pk=account.pk).update(balance_fen=-1)

    found = trial_balance()

    assert found.total_fen == 0
    assert found.wrong_accounts == [account.pk]
    assert not found.is_right


@pytest.mark.django_db(transaction=True)
def test_same_key_at_once_posts_once(now):
    results = run_together(*[lambda: complete(now).pk for _ in range(8)])

    assert len(set(results)) == 1
    assert LedgerTransaction.objects.count() == 1
    assert balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=7) == -6256


@pytest.mark.django_db(transaction=True)
def test_many_first_postings_in_opposite_order_neither_deadlock_nor_lose(now):
    """The accounts do not exist yet, and each thread names them the other way round."""

    def job(number):
        def run():
            lines = sale(farmer=7 + number % 3, host=3 + number % 2, source=f"order:{number}")
            if number % 2:
                lines.reverse()
            return post(
                kind=Kind.COMPLETION,
                key=f"completion:{number}",
                source=f"order:{number}",
                postings=lines,
                now=now,
            ).pk

        return run

    results = run_together(*[job(number) for number in range(12)])

    assert all(isinstance(result, int) for result in results), results
    found = trial_balance()
    assert found.is_right
    assert found.by_purpose["farmer_payable"] == -6256 * 12
    for account in LedgerAccount.objects.exclude(balance_fen=None):
        assert summed_balance(account) == account.balance_fen
