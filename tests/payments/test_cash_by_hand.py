"""Cash of parcels to its end (decisions.md 15): handed over to the market, and given back by hand."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from common.clock import utc_now
from common.errors import IdempotencyConflict, Invalid, MoveRefused, NotAllowed, NotFound
from common.models import AuditEntry
from ledger.models import LedgerTransaction
from ledger.selectors import balance_of, trial_balance
from notifications.models import Notification
from orders.models import AfterSaleCase, Order, RefundRequest
from orders.services.judging import approve_case
from payments.errors import MoreThanHeld, OtherPersonNeeded
from payments.models import CashHandover, HandRefund, Payment, Refund
from payments.services.collecting import confirm_cash, record_cash
from payments.services.handing_over import confirm_handover, decline_handover, note_handover
from payments.services.paying_by_hand import (
    confirm_hand_refund,
    decline_hand_refund,
    note_hand_refund,
)
from payments.services.refunding import execute_refund
from tests.factories.cases import ask
from tests.factories.orders import place
from tests.factories.shops import make_person, make_photo, make_product, make_shop
from tests.payments.test_cash_on_delivery import note, shipped

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _offered(settings):
    settings.PAYMENT_GATEWAYS = ["cash_on_delivery"]


@pytest.fixture
def clerk(db):
    return make_person(name="出纳员", is_staff=True)


def held_by_shop(market) -> int:
    return balance_of(purpose="shop_cash", owner_kind="shop", owner_id=market.shop.pk)


def paid_in_cash(arun, mei, market, holder="shop", **options) -> Order:
    order = shipped(arun, mei, market, **options)
    note(mei, order, holder=holder)
    return Order.objects.get(pk=order.pk)


def hand_over(actor, market, amount_fen, **options):
    wanted = {"shop_id": market.shop.pk, "method": "bank", "reference": "ICBC 0042"}
    wanted |= {"idempotency_key": uuid.uuid4(), "now": utc_now()}
    return note_handover(actor=actor, amount_fen=amount_fen, **wanted | options)[0]


def refund_due(arun, mei, order, **options) -> Refund:
    """Grant a case about one unit of a cash order, and let the worker find that cash has no way back."""
    case = ask(order, arun, quantity=1, reason="wrong_goods", **options)
    case = approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=utc_now())
    return execute_refund(request_id=case.refund_request_id, now=utc_now())


def give(actor, refund, **options) -> HandRefund:
    wanted = {"amount_fen": refund.amount_fen, "method": "wechat", "reference": "4200001234"}
    wanted |= {"idempotency_key": uuid.uuid4(), "now": utc_now()}
    return note_hand_refund(actor=actor, refund_id=refund.pk, **wanted | options)[0]


def test_a_shop_hands_its_cash_over_and_an_operator_confirms(market, arun, mei, operator):
    paid_in_cash(arun, mei, market)
    assert held_by_shop(market) == 7600

    handover = hand_over(mei, market, 7600)

    assert (handover.status, held_by_shop(market), balance_of(purpose="bank")) == ("noted", 7600, 0)
    for _ in range(2):
        confirm_handover(actor=operator, handover_id=handover.pk, now=utc_now())
    assert (held_by_shop(market), balance_of(purpose="bank")) == (0, 7600)
    assert LedgerTransaction.objects.filter(kind="cash_handed_over").count() == 1
    assert trial_balance().is_right
    entry = AuditEntry.objects.get(action="payments.handover_received")
    assert (entry.actor, entry.after["amount_fen"]) == (f"user:{operator.pk}", 7600)


def test_what_has_not_come_is_still_owed(market, arun, mei, operator):
    paid_in_cash(arun, mei, market)
    handover = hand_over(mei, market, 7600)

    decline_handover(actor=operator, handover_id=handover.pk, reason="没有到账", now=utc_now())

    assert (held_by_shop(market), balance_of(purpose="bank")) == (7600, 0)
    with pytest.raises(MoveRefused):
        confirm_handover(actor=operator, handover_id=handover.pk, now=utc_now())
    assert hand_over(mei, market, 7600).status == "noted"


def test_nobody_hands_over_more_than_there_is_or_what_is_not_theirs(market, arun, mei, zoya, operator):
    paid_in_cash(arun, mei, market)
    hand_over(mei, market, 5000)

    for amount_fen in (2601, 7600):
        with pytest.raises(MoreThanHeld):
            hand_over(mei, market, amount_fen)
    for wrong in ({"method": "gold"}, {"reference": " "}, {"reference": "x" * 81}):
        with pytest.raises(Invalid):
            hand_over(mei, market, 100, **wrong)
    for amount_fen in (0, -1, "1"):
        with pytest.raises(Invalid):
            hand_over(mei, market, amount_fen)
    for person in (arun, zoya):
        with pytest.raises(NotFound):
            hand_over(person, market, 100)
        with pytest.raises(NotAllowed):
            hand_over(person, market, 100, shop_id=None, carrier="sf")
        with pytest.raises(NotAllowed):
            confirm_handover(actor=person, handover_id=CashHandover.objects.get().pk, now=utc_now())

    assert CashHandover.objects.count() == 1
    assert held_by_shop(market) == 7600


def test_the_same_key_hands_over_once_and_not_another_sum(market, arun, mei):
    paid_in_cash(arun, mei, market)
    key = uuid.uuid4()

    first, again = (hand_over(mei, market, 1000, idempotency_key=key) for _ in range(2))

    assert first == again
    with pytest.raises(IdempotencyConflict):
        hand_over(mei, market, 1001, idempotency_key=key)


def test_a_carriers_cash_is_noted_by_operators_and_large_sums_by_two(
    market, arun, mei, operator, clerk, settings
):
    paid_in_cash(arun, mei, market, holder="carrier", quantity=2)
    settings.CASH_SECOND_PERSON_FEN = 10_000

    small = hand_over(operator, market, 4400, shop_id=None, carrier="sf")
    large = hand_over(operator, market, 10_000, shop_id=None, carrier="sf")

    assert (small.status, large.status) == ("received", "noted")
    assert (balance_of(purpose="carrier_cash"), balance_of(purpose="bank")) == (10_000, 4400)
    with pytest.raises(OtherPersonNeeded):
        confirm_handover(actor=operator, handover_id=large.pk, now=utc_now())
    confirm_handover(actor=clerk, handover_id=large.pk, now=utc_now())
    assert (balance_of(purpose="carrier_cash"), balance_of(purpose="bank")) == (0, 14_400)
    with pytest.raises(Invalid):
        hand_over(operator, market, 1, shop_id=None, carrier="dragon")
    with pytest.raises(MoreThanHeld):
        hand_over(operator, market, 1, shop_id=None, carrier="sf")


def test_a_shop_gives_cash_back_and_the_buyer_confirms(market, arun, mei, drain_outbox):
    order = paid_in_cash(arun, mei, market, quantity=2)
    refund = refund_due(arun, mei, order)
    assert (refund.status, AfterSaleCase.objects.get().status) == ("failed", "awaiting_refund")
    drain_outbox()
    assert Notification.objects.filter(kind="hand_refund_due", contact=market.shop.contact).count() == 1
    photo = make_photo(user=mei)

    given = give(mei, refund, receipt_id=photo.pk)

    assert (given.giver, given.status, given.receipt) == ("shop", "noted", photo)
    drain_outbox()
    assert Notification.objects.get(kind="hand_refund_noted").contact.user == arun
    assert balance_of(purpose="buyer_held") == -refund.amount_fen
    for _ in range(2):
        confirm_hand_refund(actor=arun, note_id=given.pk, now=utc_now())
    refund.refresh_from_db()
    assert (refund.status, refund.provider_reference) == ("succeeded", "4200001234")
    assert (RefundRequest.objects.get().status, AfterSaleCase.objects.get().status) == ("refunded",) * 2
    assert held_by_shop(market) == order.total_fen - refund.amount_fen
    assert balance_of(purpose="buyer_held") == 0
    assert trial_balance().is_right
    drain_outbox()
    assert Notification.objects.filter(kind="order_refunded").count() == 1


def test_money_that_the_buyer_has_not_got_is_noted_anew(market, arun, mei, drain_outbox):
    refund = refund_due(arun, mei, paid_in_cash(arun, mei, market, quantity=2))
    given = give(mei, refund)

    decline_hand_refund(actor=arun, note_id=given.pk, words="没收到", now=utc_now())

    assert Refund.objects.get().status == "failed"
    drain_outbox()
    assert Notification.objects.filter(kind="hand_refund_declined").count() == 1
    with pytest.raises(MoveRefused):
        confirm_hand_refund(actor=arun, note_id=given.pk, now=utc_now())
    again = give(mei, refund)
    confirm_hand_refund(actor=arun, note_id=again.pk, now=utc_now())
    assert Refund.objects.get().status == "succeeded"


def test_only_the_right_people_give_and_confirm_the_right_sum_once(market, arun, mei, zoya, operator):
    refund = refund_due(arun, mei, paid_in_cash(arun, mei, market, quantity=2))

    for person in (arun, zoya):
        with pytest.raises(NotFound):
            give(person, refund)
    for wrong in ({"amount_fen": refund.amount_fen - 1}, {"amount_fen": 0}, {"reference": ""}):
        with pytest.raises(Invalid):
            give(mei, refund, **wrong)
    with pytest.raises(NotFound):
        give(mei, refund, receipt_id=make_photo(user=arun).pk)
    assert not HandRefund.objects.exists()
    given = give(mei, refund)
    for person in (mei, operator):
        with pytest.raises(MoveRefused):
            give(person, refund)
    for person in (mei, zoya):
        with pytest.raises(NotFound):
            confirm_hand_refund(actor=person, note_id=given.pk, now=utc_now())
        with pytest.raises(NotFound):
            decline_hand_refund(actor=person, note_id=given.pk, now=utc_now())
    with pytest.raises(IntegrityError), transaction.atomic():
        HandRefund.objects.create(
            refund=refund, giver="market", method="cash", reference="x", noted_by=mei, noted_at=utc_now()
        )

    assert Refund.objects.get().status == "failed"
    assert balance_of(purpose="buyer_held") == -refund.amount_fen


def test_a_shop_cannot_give_back_cash_that_it_has_handed_over(market, arun, mei, operator):
    order = paid_in_cash(arun, mei, market, quantity=2)
    refund = refund_due(arun, mei, order)
    given = give(mei, refund)
    handover = hand_over(mei, market, order.total_fen)
    confirm_handover(actor=operator, handover_id=handover.pk, now=utc_now())

    with pytest.raises(MoreThanHeld):
        confirm_hand_refund(actor=arun, note_id=given.pk, now=utc_now())

    decline_hand_refund(actor=operator, note_id=given.pk, now=utc_now())
    with pytest.raises(MoreThanHeld):
        give(mei, refund)
    assert give(operator, refund).status == "done"
    assert balance_of(purpose="bank") == order.total_fen - refund.amount_fen


def test_the_market_gives_small_sums_back_at_once_and_large_ones_by_two(
    market, arun, mei, operator, clerk, settings
):
    first = refund_due(arun, mei, paid_in_cash(arun, mei, market, holder="carrier", quantity=2))
    second = refund_due(arun, mei, paid_in_cash(arun, mei, market, holder="carrier", quantity=2))

    assert give(operator, first).status == "done"
    settings.CASH_SECOND_PERSON_FEN = second.amount_fen
    noted = give(operator, second)

    assert (noted.status, noted.giver) == ("noted", "market")
    with pytest.raises(OtherPersonNeeded):
        confirm_hand_refund(actor=operator, note_id=noted.pk, now=utc_now())
    with pytest.raises(NotFound):  # the buyer's word counts for what a shop gave
        confirm_hand_refund(actor=arun, note_id=noted.pk, now=utc_now())
    confirm_hand_refund(actor=clerk, note_id=noted.pk, now=utc_now())
    assert balance_of(purpose="bank") == -first.amount_fen - second.amount_fen
    assert balance_of(purpose="buyer_held") == 0


def test_cash_goes_back_for_the_parcel_it_came_for(market, arun, mei):
    lao = make_person(name="老和")
    shop = make_shop(owner=lao, village=market.village)
    butter = make_product(shop=shop, farmer=None, title="酥油", price_fen=4500, stock=9).variants.get()
    group = place(buyer=arun, lines=[(market.variant, 1), (butter, 3)])
    confirm_cash(buyer=arun, group_id=group.pk, idempotency_key=uuid.uuid4(), now=utc_now())
    for order, seller in zip(group.orders.order_by("shop_id"), (mei, lao), strict=True):
        order.status = "shipped"
        order.save(update_fields=["status"])
        record_cash(
            actor=seller, number=order.number, holder="shop", amount_fen=order.total_fen, now=utc_now()
        )
        order.shipments.create(carrier="sf", tracking_number=f"SF{order.pk:08d}", shipped_at=utc_now())

    of_lao = Order.objects.get(shop=shop)
    refund = refund_due(arun, lao, of_lao)

    assert refund.payment == Payment.objects.get(order=of_lao)
    assert refund.payment.amount_fen == of_lao.total_fen


def test_the_api_hands_over_gives_back_and_confirms(client, market, arun, mei, zoya):
    order = paid_in_cash(arun, mei, market, quantity=2)
    refund = refund_due(arun, mei, order)
    url = f"/api/v1/shops/{market.shop.pk}/cash/"
    client.force_login(mei)

    seen = client.get(url).json()
    assert (seen["held_fen"], seen["handovers"]) == (order.total_fen, [])
    assert [(one["order"], one["amount_fen"]) for one in seen["refunds_due"]] == [(order.number, 6800)]
    body = {"amount_fen": 6800, "method": "cash", "reference": "收条 7"}
    by_hand = f"/api/v1/refunds/{refund.pk}/given-by-hand/"
    assert client.post(by_hand, body, content_type="application/json").status_code == 400
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answers = [client.post(by_hand, body, content_type="application/json", headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    over = client.post(
        url, body | {"amount_fen": 99_999_999}, content_type="application/json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )  # fmt: skip
    assert (over.status_code, over.json()["code"]) == (409, "more_than_held")
    client.force_login(zoya)
    assert client.get(url).status_code == 404
    client.force_login(arun)
    [waiting] = client.get("/api/v1/hand-refunds/").json()
    assert (waiting["order"], waiting["status"]) == (order.number, "noted")
    done = client.post(f"/api/v1/hand-refunds/{waiting['id']}/received/")
    assert (done.status_code, done.json()["status"]) == (200, "done")
    assert client.get("/api/v1/hand-refunds/").json() == []


def test_the_desk_hands_over_and_gives_back_and_the_buyer_says_yes(client, market, arun, mei):
    order = paid_in_cash(arun, mei, market, quantity=2)
    refund = refund_due(arun, mei, order)
    client.force_login(mei)
    page = client.get("/desk/cash/").content.decode()
    assert order.number in page and f'name="r{refund.pk}-reference"' in page
    key = str(uuid.uuid4())

    over = {"amount_fen": "50", "method": "bank", "reference": "ICBC 1", "key": key}
    assert [client.post("/desk/cash/", over).status_code for _ in range(2)] == [302, 302]
    assert CashHandover.objects.get().amount_fen == 5000
    too_much = client.post("/desk/cash/", over | {"amount_fen": "500", "key": str(uuid.uuid4())})
    assert too_much.status_code == 400
    back = {"method": "cash", "reference": "收条 9", "key": str(uuid.uuid4())}
    client.post(
        f"/desk/cash/{refund.pk}/given-back/", {f"r{refund.pk}-{name}": text for name, text in back.items()}
    )

    note = HandRefund.objects.get()
    assert (note.reference, note.status) == ("收条 9", "noted")
    client.force_login(arun)
    assert "收条 9" in client.get(f"/orders/{order.number}/").content.decode()
    client.post(f"/orders/{order.number}/cash-back/", {"answer": "yes"})
    note.refresh_from_db()
    assert note.status == "done"
    assert client.post(f"/orders/{order.number}/cash-back/", {"answer": "yes"}).status_code == 404


def test_an_operator_notes_and_confirms_in_the_admin(client, market, arun, mei, operator):
    order = paid_in_cash(arun, mei, market, quantity=2)
    refund = refund_due(arun, mei, order)
    handover = hand_over(mei, market, 5000)
    client.force_login(operator)

    assert f"/admin/payments/refund/{refund.pk}/move/by_hand/" in (
        client.get(f"/admin/payments/refund/{refund.pk}/change/").content.decode()
    )
    client.post(
        f"/admin/payments/refund/{refund.pk}/move/by_hand/", {"method": "bank", "reference": "ICBC 3"}
    )
    client.post(f"/admin/payments/cashhandover/{handover.pk}/move/confirm/", {"reason": ""})
    paid_in_cash(arun, mei, market, holder="carrier")
    added = {"shop": "", "carrier": "sf", "amount_fen": "70", "method": "bank", "reference": "SF 8"}
    assert client.post("/admin/payments/cashhandover/add/", added).status_code == 302
    client.post("/admin/payments/cashhandover/add/", added)  # more than there is: refused, nothing noted

    assert HandRefund.objects.get().status == "done"
    assert [one.status for one in CashHandover.objects.order_by("pk")] == ["received", "received"]
    assert balance_of(purpose="bank") == 5000 + 7000 - refund.amount_fen
