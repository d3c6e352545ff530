from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from ledger.services.posting import reverse
from notifications.models import Notification
from payouts.errors import ReferenceMissing, SecondPersonNeeded
from payouts.models import Payout
from payouts.services.paying import approve_payout, fail_payout, mark_paid
from tests.factories.payouts import close_week, make_completed, make_live_sale, statement_of
from tests.factories.shops import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def payout(market, arun, mei, now) -> Payout:
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
        ("bank", "", "bank"), ("cash", "", "bank"), ("alipay", "", "cash"), ("wechat", "", "cash"),
        ("cash", "bank", "bank"), ("cash", "alipay", "cash"), ("wechat", "cash", "bank"),
    ],
)  # fmt: skip
def test_the_money_leaves_where_the_way_says(payout, operator, checker, now, planned, way, paid_from):
    """Of the chart, "bank" is our own account and till, "cash" our balance at the providers."""
    Payout.objects.filter(pk=payout.pk).update(method=planned)
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
    assert (payout.status, payout.method, owed_to_farmer(market)) == ("processing", "cash", 6256)
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_freight_and_goods_of_a_shop_are_both_cleared(market, arun, mei, operator, checker, now):
    product = make_product(shop=market.shop, price_fen=10000)
    make_completed(buyer=arun, seller=mei, variant=product.variants.get(), now=now)
    payout = close_week(shop=market.shop, now=now).statements.get().payout
    approve_payout(actor=operator, payout_id=payout.pk, now=now)

    mark_paid(actor=checker, payout_id=payout.pk, reference="1", now=now)

    assert payout.amount_fen == 10500
    for purpose in ("shop_payable", "freight_payable"):
        assert balance_of(purpose=purpose, owner_kind="shop", owner_id=market.shop.pk) == 0
    assert balance_of(purpose="bank") == -10500


def test_debt_that_was_carried_is_cleared_with_the_payout(market, arun, mei, operator, checker, now):
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
