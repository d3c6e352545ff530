"""Cash of a run: counted into a hand, signed for, photographed."""

import pytest
from django.db import IntegrityError, transaction

from common.errors import MoveRefused, NotAllowed, NotFound
from ledger.models import LedgerTransaction
from payouts.errors import NotPayable, ReceiptMissing, ReferenceMissing, SecondPersonNeeded
from payouts.models import PayoutAccount, PayoutStatement, PayoutTransfer
from payouts.services.handing_out import hand_out
from tests.factories.runs import make_account, new_run, started_run, transfer_of
from tests.factories.shops import make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(market, tallies, operator, checker, now) -> PayoutTransfer:
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="cash")
    return transfer_of(started_run(maker=operator, checker=checker, now=now), farmer=market.farmer)


@pytest.fixture
def receipt(operator):
    return make_photo(user=operator, is_private=True)


def test_cash_is_paid_with_a_receipt(due, receipt, operator, checker, now):
    paid = hand_out(actor=operator, transfer_id=due.pk, receipt_id=receipt.pk, number=" 收条 7 ", now=now)

    assert (paid.status, paid.receipt, paid.provider_reference) == ("paid", receipt, "收条 7")
    payout = paid.payout
    payout.refresh_from_db()
    assert (payout.status, payout.paid_by, payout.approved_by, payout.reference) == (
        "paid", operator, checker, "收条 7",
    )  # fmt: skip
    posted = LedgerTransaction.objects.get(kind="payout")
    assert sorted(posted.entries.values_list("account__purpose", "amount_fen")) == [
        ("bank", -6256), ("farmer_payable", 6256),
    ]  # fmt: skip
    due.run.refresh_from_db()
    assert due.run.status == "done"
    with pytest.raises(MoveRefused):
        hand_out(actor=operator, transfer_id=due.pk, receipt_id=receipt.pk, number="8", now=now)
    assert LedgerTransaction.objects.filter(kind="payout").count() == 1


def refused(due, refusal, **given):
    with pytest.raises(refusal):
        hand_out(transfer_id=due.pk, **given)
    due.refresh_from_db()
    assert (due.status, due.payout.status, due.attempts) == ("ready", "processing", 0)
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_cash_that_cannot_be_proved_is_refused(due, receipt, operator, checker, zoya, now):
    given = {"actor": operator, "receipt_id": receipt.pk, "number": "7", "now": now}
    refused(due, SecondPersonNeeded, **(given | {"actor": checker}))
    refused(due, NotAllowed, **(given | {"actor": zoya}))
    refused(due, ReferenceMissing, **(given | {"number": " "}))
    refused(due, ReceiptMissing, **(given | {"receipt_id": None}))
    refused(due, ReceiptMissing, **(given | {"receipt_id": make_photo(user=operator).pk}))
    refused(due, ReceiptMissing, **(given | {"receipt_id": make_photo(user=zoya, is_private=True).pk}))
    with pytest.raises(NotFound):
        hand_out(transfer_id=0, **given)


def test_one_receipt_proves_one_payout(market, due, receipt, operator, checker, now):
    hand_out(actor=operator, transfer_id=due.pk, receipt_id=receipt.pk, number="7", now=now)
    make_account(payee=market.host, writer=operator, checker=checker, now=now, method="cash")
    host = transfer_of(started_run(maker=operator, checker=checker, now=now), host=market.host)

    with pytest.raises(ReceiptMissing):
        hand_out(actor=operator, transfer_id=host.pk, receipt_id=receipt.pk, number="8", now=now)

    host.refresh_from_db()
    assert host.status == "ready"
    with pytest.raises(IntegrityError), transaction.atomic():
        PayoutTransfer.objects.filter(pk=host.pk).update(status="paid")


@pytest.mark.parametrize(
    ("model", "change", "problem"),
    [
        (PayoutAccount, {"status": "restricted"}, "restricted"),
        (PayoutAccount, {"verified_at": None}, "not_checked"),
        (PayoutAccount, {"current": None}, "account_changed"),
        (PayoutStatement, {"status": "disputed"}, "disputed"),
    ],
)
def test_who_may_not_be_paid_gets_no_cash_either(due, receipt, operator, now, model, change, problem):
    model.objects.update(**change)

    with pytest.raises(NotPayable) as refusal:
        hand_out(actor=operator, transfer_id=due.pk, receipt_id=receipt.pk, number="7", now=now)

    assert refusal.value.problem == problem
    due.refresh_from_db()
    assert (due.status, due.receipt) == ("ready", None)
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_a_draft_hands_nothing_out(market, tallies, receipt, operator, checker, now):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method="cash")
    draft = transfer_of(new_run(maker=operator, now=now), farmer=market.farmer)

    with pytest.raises(MoveRefused):
        hand_out(actor=operator, transfer_id=draft.pk, receipt_id=receipt.pk, number="7", now=now)
