"""A gift is paid like a purchase: late, twice, over another sum, forged, given back; each to the fen."""

import uuid
from datetime import timedelta

import pytest

from backoffice.comparing import JOBS
from common.clock import utc_now
from common.errors import IdempotencyConflict, Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerEntry, LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from livestreams.errors import NotOnAir
from livestreams.models import ChatMessage, Gift
from notifications.models import Notification
from payments.errors import GiftExpired, UnknownGateway
from payments.models import Payment, Refund, UnmatchedMoney
from payments.services.closing import check_payment, close_leftovers
from payments.services.deciding import approve_decision, propose_decision
from payments.services.paying_by_hand import confirm_hand_refund, note_hand_refund
from payments.services.refunding import send_refund
from payments.services.returning_gifts import return_gift
from tests.factories.gifts import begin_gift, choose, give, make_gift_kind
from tests.factories.orders import make_pin
from tests.factories.shops import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def show(market):
    """The host shows barley."""
    return make_pin(host=market.host, shop=market.shop, variant=market.variant)[0].session


@pytest.fixture
def kind(db):
    return make_gift_kind()


@pytest.fixture
def chosen(arun, show, kind) -> Gift:
    return choose(giver=arun, session=show, kind=kind)


def owed(market) -> int:
    return -balance_of(purpose="host_payable", owner_kind="host", owner_id=market.host.pk)


def lines() -> list[dict]:
    return list(ChatMessage.objects.filter(kind="gift", status="visible").values_list("params", flat=True))


def differences() -> list[tuple[str, str]]:
    now = utc_now()
    return [
        (one.kind, one.subject)
        for job in ("gifts_money", "payments_book", "orders_money", "book_documents", "balances")
        for one in JOBS[job](now)
    ]


def heard(payment: Payment) -> Payment:
    return check_payment(payment=payment, now=utc_now() + timedelta(seconds=3))


def test_a_gift_is_seen_and_posted_once_it_is_paid(market, arun, show, chosen, providers, gateway):
    payment = begin_gift(gift=chosen, gateway=gateway)
    assert (payment.purpose, payment.group, payment.amount_fen) == ("gift", None, 999)
    assert (lines(), owed(market)) == ([], 0)

    providers.pay(payment)
    heard(payment)
    heard(payment)

    chosen.refresh_from_db()
    assert (chosen.status, chosen.host_fen, chosen.platform_fen) == ("paid", 700, 299)
    assert lines() == [{"event": "given", "giver": "阿*", "name": "格桑花", "quantity": 1, "icon": "gift"}]
    posted = LedgerTransaction.objects.get(key=f"payment:{payment.pk}")
    assert posted.kind == "gift"
    assert sorted(posted.entries.values_list("account__purpose", "amount_fen", "source")) == [
        ("cash", 999, f"payment:{payment.pk}"),
        ("host_payable", -700, f"gift:{chosen.pk}"),
        ("platform_fee", -299, f"gift:{chosen.pk}"),
    ]
    assert owed(market) == 700 and trial_balance().is_right
    assert differences() == []


def test_one_open_payment_of_a_gift_and_one_answer_of_a_key(arun, chosen, providers):
    key = uuid.uuid4()

    first = begin_gift(gift=chosen, idempotency_key=key)
    again = begin_gift(gift=chosen, idempotency_key=key)
    other = begin_gift(gift=chosen)

    assert first.pk == again.pk == other.pk
    assert providers.effects("wechatpay")["create"] == 1
    with pytest.raises(IdempotencyConflict):
        begin_gift(gift=chosen, idempotency_key=key, gateway="alipay")


def test_paid_at_two_providers_the_second_goes_back(market, chosen, providers):
    payments = [begin_gift(gift=chosen, gateway=name) for name in ("wechatpay", "alipay")]
    for payment in payments:
        providers.pay(payment)
        heard(payment)

    refund = Refund.objects.get()
    assert (refund.payment, refund.reason, refund.gift) == (payments[1], "paid_twice", None)
    send_refund(refund_id=refund.pk, now=utc_now())
    assert (owed(market), balance_of(purpose="cash"), balance_of(purpose="unmatched")) == (700, 999, 0)
    assert len(lines()) == 1
    assert differences() == []


def test_money_that_comes_too_late_goes_back(market, chosen, providers, monkeypatch):
    payment = begin_gift(gift=chosen)
    Payment.objects.filter(pk=payment.pk).update(status="closed", closed_at=utc_now())
    assert close_leftovers(now=chosen.expires_at) == 1
    chosen.refresh_from_db()
    assert chosen.status == "expired"

    providers.pay(payment)
    Payment.objects.filter(pk=payment.pk).update(status="pending")
    heard(payment)

    refund = Refund.objects.get()
    assert (refund.reason, refund.amount_fen) == ("paid_too_late", 999)
    send_refund(refund_id=refund.pk, now=utc_now())
    chosen.refresh_from_db()
    assert (chosen.status, owed(market), balance_of(purpose="cash"), lines()) == ("expired", 0, 0, [])
    assert differences() == []


def test_nobody_pays_and_the_gift_expires_after_its_payment_was_closed(chosen, providers):
    payment = begin_gift(gift=chosen)
    assert close_leftovers(now=chosen.expires_at - timedelta(seconds=1)) == 0

    assert close_leftovers(now=chosen.expires_at) == 1

    chosen.refresh_from_db()
    payment.refresh_from_db()
    assert (chosen.status, payment.status) == ("expired", "closed")
    assert providers.effects("wechatpay")["close"] == 1
    assert not LedgerTransaction.objects.exists()
    with pytest.raises(GiftExpired):
        begin_gift(gift=chosen, now=chosen.expires_at)


def test_paid_at_the_last_moment_it_is_given_when_it_should_expire(market, chosen, providers):
    providers.pay(begin_gift(gift=chosen))

    close_leftovers(now=chosen.expires_at)

    chosen.refresh_from_db()
    assert (chosen.status, owed(market), len(lines())) == ("paid", 700, 1)


def test_b4_another_sum_gives_nothing_until_two_operators_send_it_back(
    market, chosen, providers, operator, gateway
):
    payment = begin_gift(gift=chosen, gateway=gateway)
    providers.pay(payment)
    Payment.objects.filter(pk=payment.pk).update(amount_fen=500)
    heard(Payment.objects.get(pk=payment.pk))

    chosen.refresh_from_db()
    money = UnmatchedMoney.objects.get()
    assert (chosen.status, owed(market), money.amount_fen, lines()) == ("pending", 0, 999, [])
    propose_decision(
        actor=operator, unmatched_id=money.pk, decision="return", reason="另一个数", now=utc_now()
    )
    approve_decision(actor=make_person(name="复核员", is_staff=True), unmatched_id=money.pk, now=utc_now())
    send_refund(refund_id=Refund.objects.get().pk, now=utc_now())
    assert (balance_of(purpose="cash"), balance_of(purpose="unmatched")) == (0, 0)


def test_an_operator_gives_a_gift_back_once(market, arun, show, kind, operator, providers, gateway):
    gift, payment = give(providers=providers, giver=arun, session=show, kind=kind, gateway=gateway)

    refund = return_gift(actor=operator, gift_id=gift.pk, reason="孩子点的", now=utc_now())

    gift.refresh_from_db()
    assert (gift.status, refund.amount_fen, refund.payment, refund.gift) == ("returning", 999, payment, gift)
    assert (owed(market), balance_of(purpose="platform_fee"), balance_of(purpose="buyer_held")) == (
        0,
        0,
        -999,
    )
    assert lines() == []
    assert differences() == []
    for _ in range(2):
        send_refund(refund_id=refund.pk, now=utc_now())
    gift.refresh_from_db()
    assert gift.status == "returned" and gift.returned_at is not None
    assert (balance_of(purpose="cash"), balance_of(purpose="buyer_held")) == (0, 0)
    assert providers.effects(gateway)["refund"] == 1
    audited = AuditEntry.objects.get(action="livestreams.return_gift")
    assert (audited.actor, audited.reason) == (f"user:{operator.pk}", "孩子点的")
    with pytest.raises(MoveRefused):
        return_gift(actor=operator, gift_id=gift.pk, reason="again", now=utc_now())
    assert Refund.objects.count() == 1 and differences() == []


def test_what_the_provider_cannot_send_back_two_operators_give_by_hand(
    market, arun, show, kind, operator, providers
):
    gift, _payment = give(providers=providers, giver=arun, session=show, kind=kind)
    refund = return_gift(actor=operator, gift_id=gift.pk, reason="孩子点的", now=utc_now())
    Refund.objects.filter(pk=refund.pk).update(status="failed", last_error="USER_ACCOUNT_ABNORMAL")

    note, _replayed = note_hand_refund(
        actor=operator, refund_id=refund.pk, amount_fen=999, method="bank", reference="ICBC 7",
        idempotency_key=uuid.uuid4(), now=utc_now(),
    )  # fmt: skip
    confirm_hand_refund(actor=make_person(name="复核员", is_staff=True), note_id=note.pk, now=utc_now())

    gift.refresh_from_db()
    assert (gift.status, balance_of(purpose="bank"), balance_of(purpose="buyer_held")) == (
        "returned",
        -999,
        0,
    )


def test_only_an_operator_with_a_reason_gives_back_what_is_given(
    market, arun, zoya, chosen, operator, providers
):
    for actor, number, reason, refusal in (
        (zoya, chosen.pk, "x", NotAllowed),
        (market.host.user, chosen.pk, "x", NotAllowed),
        (operator, chosen.pk, " ", Invalid),
        (operator, 0, "x", NotFound),
        (operator, chosen.pk, "x", MoveRefused),  # not paid
    ):
        with pytest.raises(refusal):
            return_gift(actor=actor, gift_id=number, reason=reason, now=utc_now())

    chosen.refresh_from_db()
    assert chosen.status == "pending"
    assert not (Refund.objects.exists() or LedgerEntry.objects.exists() or AuditEntry.objects.exists())


def test_a_stranger_cash_and_a_show_that_is_over_start_nothing(
    market, arun, zoya, show, chosen, providers, settings
):
    settings.PAYMENT_GATEWAYS = ["wechatpay", "cash_on_delivery"]
    with pytest.raises(NotFound):
        begin_gift(gift=chosen, giver=zoya)
    for name in ("cash_on_delivery", "alipay", "nobody"):
        with pytest.raises(UnknownGateway):
            begin_gift(gift=chosen, gateway=name)
    show.status = "ended"
    show.ended_at = utc_now()
    show.save(update_fields=["status", "ended_at"])
    with pytest.raises(NotOnAir):
        begin_gift(gift=chosen)

    assert not Payment.objects.exists()
    assert providers.effects("wechatpay").get("create", 0) == 0


def test_a_gift_whose_payment_began_in_the_show_counts_when_the_show_ends_meanwhile(
    market, show, chosen, providers
):
    payment = begin_gift(gift=chosen)
    show.status, show.ended_at = "ended", utc_now()
    show.save(update_fields=["status", "ended_at"])
    providers.pay(payment)

    heard(payment)

    chosen.refresh_from_db()
    assert (chosen.status, owed(market)) == ("paid", 700)


def test_the_giver_is_told_once_that_a_gift_goes_back(arun, show, kind, operator, providers, drain_outbox):
    gift, _payment = give(providers=providers, giver=arun, session=show, kind=kind)
    return_gift(actor=operator, gift_id=gift.pk, reason="孩子点的", now=utc_now())

    done = drain_outbox()

    assert {"payments.send_refund", "payments.after_gift_returned"} <= set(done)
    told = Notification.objects.get(kind="gift_returned")
    assert (told.contact.user, told.url) == (arun, f"/gifts/{gift.pk}/")
    assert "9.99" in told.title and "孩子" not in told.title + told.body
    gift.refresh_from_db()
    assert gift.status == "returned"
