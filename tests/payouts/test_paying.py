from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from ledger.services.posting import reverse
from notifications.models import Notification
from payouts.errors import (
    CashInRun,
    NotPayable,
    ReferenceMissing,
    SecondPersonNeeded,
    StatementQuestioned,
)
from payouts.models import Payout
from payouts.services.banking import make_bank_file, take_bank_answer
from payouts.services.keeping_accounts import confirm_account, restrict_account, write_account
from payouts.services.paying import approve_payout, fail_payout, mark_paid, note_hand_return
from payouts.services.questioning import question_statement
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.runs import FACTS, make_account, started_run, transfer_of
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def payout(market, arun, mei, now, farmer_account) -> Payout:
    make_live_sale(market=market, buyer=arun, seller=mei, now=now)
    period = close_week(shop=market.shop, now=now)
    return statement_of(period, farmer=market.farmer).payout


def owed_to_farmer(market) -> int:
    return -balance_of(purpose="farmer_payable", owner_kind="farmer", owner_id=market.farmer.pk)


def test_payout_is_approved_paid_posted_and_told(market, payout, operator, checker, now):
    assert owed_to_farmer(market) == 6256

    approve_payout(actor=operator, payout_id=payout.pk, now=now, reason="tally checked")
    paid = mark_paid(actor=checker, payout_id=payout.pk, reference=" B2026-1 ", now=now)

    payout.refresh_from_db()
    assert payout == paid
    assert (payout.status, payout.approved_by, payout.paid_by) == ("paid", operator, checker)
    assert (payout.approved_at, payout.paid_at, payout.reference) == (now, now, "B2026-1")
    assert owed_to_farmer(market) == 0
    posted = LedgerTransaction.objects.get(key=f"payout:{payout.pk}")
    assert (posted.kind, posted.source) == ("payout", f"payout:{payout.pk}")
    assert sorted(posted.entries.values_list("account__purpose", "amount_fen")) == [
        ("bank", -6256), ("farmer_payable", 6256),
    ]  # fmt: skip
    assert trial_balance().is_right
    audits = AuditEntry.objects.filter(target=f"payout:{payout.pk}").order_by("pk")
    assert [(a.action, a.actor, a.before, a.after["status"], a.reason) for a in audits] == [
        ("payouts.approve", f"user:{operator.pk}", {"status": "pending"}, "processing", "tally checked"),
        ("payouts.mark_paid", f"user:{checker.pk}", {"status": "processing"}, "paid", ""),
    ]
    told = Notification.objects.get(dedupe_key=f"payout_paid:{payout.pk}")
    assert told.contact == market.farmer.contact
    assert "62.56" in told.title + told.body


@pytest.mark.parametrize(
    ("planned", "way", "paid_from"),
    [
        ("bank", "", "bank"), ("alipay", "", "cash"), ("wechat", "", "cash"), ("cash", "bank", "bank"),
        ("cash", "alipay", "cash"), ("wechat", "bank", "bank"),
    ],
)  # fmt: skip
def test_the_money_leaves_where_the_way_says(market, payout, operator, checker, now, planned, way, paid_from):
    """Of the chart, "bank" is our own account and till, "cash" our balance at the providers."""
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=planned)
    approve_payout(actor=operator, payout_id=payout.pk, now=now)
    other = {"bank": "cash", "cash": "bank"}[paid_from]
    before = {purpose: balance_of(purpose=purpose) for purpose in ("bank", "cash")}

    mark_paid(actor=checker, payout_id=payout.pk, reference="1", way=way, now=now)

    payout.refresh_from_db()
    assert payout.method == (way or planned)
    assert balance_of(purpose=paid_from) == before[paid_from] - 6256
    assert balance_of(purpose=other) == before[other]
    assert trial_balance().is_right


def test_a_way_that_nobody_knows_is_refused(market, payout, operator, checker, now):
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    with pytest.raises(Invalid):
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", way="pigeon", now=now)

    payout.refresh_from_db()
    assert (payout.status, payout.method, owed_to_farmer(market)) == ("processing", "bank", 6256)
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_freight_and_goods_of_a_shop_are_both_cleared(market, arun, mei, operator, checker, now):
    product = make_product(shop=market.shop, price_fen=10000)
    make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)
    payout = close_week(shop=market.shop, now=now).statements.get().payout
    make_account(payee=market.shop, writer=operator, checker=checker, now=now)
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)

    assert payout.amount_fen == 10500
    for purpose in ("shop_payable", "freight_payable"):
        assert balance_of(purpose=purpose, owner_kind="shop", owner_id=market.shop.pk) == 0
    assert balance_of(purpose="bank") == -10500


def test_debt_that_was_carried_is_cleared_with_the_payout(
    market, arun, mei, operator, checker, now, farmer_account
):
    order = make_completed(buyer=arun, seller=mei, variant=market.variant, now=now)
    first = close_week(shop=market.shop, now=now)
    first_payout = first.statements.get(farmer=market.farmer).payout
    approve_payout(actor=operator, payout_id=first_payout.pk, now=now)
    mark_paid(actor=checker, payout_id=first_payout.pk, reference="1", now=now)
    posted = LedgerTransaction.objects.get(key=f"completion:{order.pk}")
    reverse(transaction_id=posted.pk, memo="returned", now=first.ends_at)
    second = close_week(shop=market.shop, now=first.ends_at)
    make_completed(buyer=arun, seller=mei, variant=market.variant, now=second.ends_at, quantity=3)
    third = close_week(shop=market.shop, now=second.ends_at)
    payout = third.statements.get(farmer=market.farmer).payout
    assert payout.amount_fen == 6596 * 3 - 6596 == owed_to_farmer(market)
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    mark_paid(actor=checker, payout_id=payout.pk, reference="2", now=now)

    assert owed_to_farmer(market) == 0
    assert trial_balance().is_right


def test_one_person_cannot_approve_and_pay(market, payout, operator, now):
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    with pytest.raises(SecondPersonNeeded):
        mark_paid(actor=operator, payout_id=payout.pk, reference="1", now=now)

    payout.refresh_from_db()
    assert (payout.status, payout.paid_by, payout.reference) == ("processing", None, "")
    assert owed_to_farmer(market) == 6256
    with pytest.raises(IntegrityError), transaction.atomic():
        Payout.objects.filter(pk=payout.pk).update(paid_by=operator)


@pytest.mark.parametrize("reference", ["", "   ", "x" * 81])
def test_payment_without_a_usable_reference_is_refused(market, payout, operator, checker, now, reference):
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    with pytest.raises(ReferenceMissing):
        mark_paid(actor=checker, payout_id=payout.pk, reference=reference, now=now)

    payout.refresh_from_db()
    assert payout.status == "processing"
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_moves_out_of_order_are_refused(payout, operator, checker, now):
    with pytest.raises(MoveRefused):
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)
    approve_payout(actor=operator, payout_id=payout.pk, now=now)
    with pytest.raises(MoveRefused):
        approve_payout(actor=checker, payout_id=payout.pk, now=now)
    mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)
    with pytest.raises(MoveRefused):
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)
    with pytest.raises(MoveRefused):
        fail_payout(actor=operator, payout_id=payout.pk, reason="late", now=now)

    assert LedgerTransaction.objects.filter(kind="payout").count() == 1


def test_failed_payout_can_be_approved_again(payout, operator, checker, now):
    approve_payout(actor=operator, payout_id=payout.pk, now=now)
    with pytest.raises(Invalid):
        fail_payout(actor=checker, payout_id=payout.pk, reason=" ", now=now)
    fail_payout(actor=checker, payout_id=payout.pk, reason="wrong card", now=now)

    approve_payout(actor=checker, payout_id=payout.pk, now=now + timedelta(days=1))
    mark_paid(actor=operator, payout_id=payout.pk, reference="2", now=now + timedelta(days=1))

    payout.refresh_from_db()
    assert (payout.status, payout.approved_by, payout.paid_by) == ("paid", checker, operator)


def test_only_operators_move_money(payout, mei, zoya, operator, now):
    for actor in (mei, zoya):
        with pytest.raises(NotAllowed):
            approve_payout(actor=actor, payout_id=payout.pk, now=now)
    with pytest.raises(NotFound):
        approve_payout(actor=operator, payout_id=0, now=now)

    payout.refresh_from_db()
    assert payout.status == "pending"


def test_who_may_not_be_paid_in_a_run_is_not_paid_by_hand_either(
    market, payout, farmer_account, operator, checker, now
):
    def refused(problem):
        with pytest.raises(NotPayable) as refusal:
            approve_payout(actor=checker, payout_id=payout.pk, now=now)
        assert refusal.value.extra() == {"problem": problem}

    host = Payout.objects.get(statement__host=market.host)
    with pytest.raises(NotPayable) as refusal:
        approve_payout(actor=checker, payout_id=host.pk, now=now)
    assert refusal.value.extra() == {"problem": "no_account"}
    restrict_account(actor=operator, account_id=farmer_account.pk, reason="asked to stop", now=now)
    refused("restricted")
    write_account(actor=operator, payee=market.farmer, facts=FACTS["bank"], reason="new card", now=now)
    refused("not_checked")

    assert set(Payout.objects.values_list("status", "approved_by")) == {("pending", None)}


def test_an_account_changed_after_an_approval_by_hand_waits_for_another_one(
    market, payout, farmer_account, operator, checker, now
):
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    write_account(actor=operator, payee=market.farmer, facts=FACTS["alipay"], reason="new card", now=now)
    confirm_account(actor=checker, account_id=farmer_account.pk, reason="seen", now=now)

    payout.refresh_from_db()
    assert (payout.status, payout.approved_by) == ("pending", None)
    with pytest.raises(MoveRefused):
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)
    audit = AuditEntry.objects.get(action="payouts.return_to_review")
    assert (audit.target, audit.after) == (f"payout:{payout.pk}", {"problem": "account_changed"})
    # The change slipped in between the approver's look and the approval.
    later = now + timedelta(minutes=5)
    write_account(actor=operator, payee=market.farmer, facts=FACTS["bank"], reason="again", now=later)
    confirm_account(actor=checker, account_id=farmer_account.pk, reason="seen", now=later)
    Payout.objects.filter(pk=payout.pk).update(status="processing", approved_by=operator, approved_at=now)
    with pytest.raises(NotPayable) as refusal:
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=later)
    assert refusal.value.extra() == {"problem": "account_changed"}
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_a_question_after_the_approval_holds_the_money_back(market, mei, payout, operator, checker, now):
    approve_payout(actor=operator, payout_id=payout.pk, now=now)
    question_statement(actor=mei, statement_id=payout.statement_id, text="少了一箱", now=now)

    with pytest.raises(StatementQuestioned):
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)

    payout.refresh_from_db()
    assert (payout.status, payout.reference, owed_to_farmer(market)) == ("processing", "", 6256)


@pytest.mark.parametrize(("method", "way"), [("cash", ""), ("bank", "cash")])
def test_cash_needs_its_receipt_and_leaves_in_a_run_only(market, payout, operator, checker, now, method, way):
    make_account(payee=market.farmer, writer=operator, checker=checker, now=now, method=method)
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    with pytest.raises(CashInRun):
        mark_paid(actor=checker, payout_id=payout.pk, reference="1", way=way, now=now)

    payout.refresh_from_db()
    assert (payout.status, owed_to_farmer(market)) == ("processing", 6256)


def test_what_was_paid_by_hand_and_came_back_is_owed_told_and_paid_once_more(
    market, payout, operator, checker, now
):
    """The payer of the first time approves the second: two people each time."""
    approve_payout(actor=operator, payout_id=payout.pk, now=now)
    mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)
    with pytest.raises(Invalid):
        note_hand_return(actor=operator, payout_id=payout.pk, reason=" ", now=now)

    note_hand_return(actor=operator, payout_id=payout.pk, reason="销户", now=now)

    payout.refresh_from_db()
    assert (payout.status, owed_to_farmer(market), balance_of(purpose="bank")) == ("failed", 6256, 0)
    told = Notification.objects.get(kind="payout_returned")
    assert told.contact == market.farmer.contact and "62.56" in told.title
    with pytest.raises(MoveRefused):
        note_hand_return(actor=operator, payout_id=payout.pk, reason="again", now=now)

    approve_payout(actor=checker, payout_id=payout.pk, now=now)
    mark_paid(actor=operator, payout_id=payout.pk, reference="2", now=now)
    assert (owed_to_farmer(market), balance_of(purpose="bank")) == (0, -6256)
    note_hand_return(actor=checker, payout_id=payout.pk, reason="again", now=now)
    assert owed_to_farmer(market) == 6256
    kinds = LedgerTransaction.objects.filter(source=f"payout:{payout.pk}").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["payout", "payout_returned"] * 2
    assert trial_balance().is_right
    assert close_week(shop=market.shop, now=now + timedelta(days=8)).statements.count() == 0


def test_what_was_paid_in_a_run_does_not_come_back_by_hand(
    market, tallies, farmer_account, operator, checker, now, settings
):
    run = started_run(maker=operator, checker=checker, now=now)
    transfer = transfer_of(run, farmer=market.farmer)
    make_bank_file(actor=operator, run_id=run.pk, layout="csv", now=now)
    answer = f"流水号,金额,结果\n{transfer.reference},62.56,成功\n".encode()
    take_bank_answer(actor=operator, run_id=run.pk, content=answer, now=now)

    with pytest.raises(MoveRefused):
        note_hand_return(actor=operator, payout_id=transfer.payout_id, reason="x", now=now)

    assert owed_to_farmer(market) == 0
