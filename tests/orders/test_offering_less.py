"""A shop offers less than is asked: nothing moves before the buyer says yes, and silence is a no."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from common.errors import IdempotencyConflict, Invalid, MoveRefused, NotFound
from ledger.selectors import trial_balance
from orders.errors import TooManyOffers
from orders.models import AfterSaleCase, CaseOffer, CommissionReturn, OrderLine, RefundRequest
from orders.services.asking_back import WantedBack, withdraw_case
from orders.services.judging import approve_case, arbitrate_case, reject_case, settle_due_cases
from orders.services.offering_less import (
    OfferedLine,
    accept_offer,
    offer_less,
    refuse_offer,
    take_back_offer,
)
from orders.services.receiving import receive_order
from tests.factories.cases import ask
from tests.factories.orders import make_shipped
from tests.factories.payouts import make_completed

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(market, mei, arun, now):
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3, now=now)


@pytest.fixture
def case(order, arun, now):
    """136.00 for two of three units."""
    return ask(order, arun, quantity=2, now=now)


def offer(actor, case, now, *, quantity=2, amount_fen=5000, key=None, text="退一部分") -> AfterSaleCase:
    line = case.lines.get().order_line_id
    return offer_less(
        actor=actor, case_id=case.pk, lines=[OfferedLine(line, quantity, amount_fen)], text=text,
        idempotency_key=key or uuid.uuid4(), now=now,
    )  # fmt: skip


def take(buyer, case, now, *, pk=None, key=None) -> AfterSaleCase:
    pk = pk or case.offers.last().pk
    return accept_offer(buyer=buyer, case_id=case.pk, offer=pk, idempotency_key=key or uuid.uuid4(), now=now)


def held(order) -> tuple[int, int]:
    line = order.lines.get()
    return line.after_sale_units, line.after_sale_fen


def test_an_offer_that_is_taken_goes_back_and_no_more(order, case, mei, arun, now):
    key, later = uuid.uuid4(), uuid.uuid4()
    offered = offer(mei, case, now, key=key)

    assert (offered.status, offered.deadline_at) == ("offered", now + timedelta(days=2))
    assert offered.amount_fen == 13600 and not RefundRequest.objects.exists()
    assert offer(mei, case, now, key=key).status == "offered"
    assert CaseOffer.objects.count() == 1
    done = take(arun, case, now, key=later)
    assert take(arun, case, now, key=later).pk == done.pk

    assert (done.status, done.amount_fen, done.freight_fen, done.kind) == (
        "awaiting_refund", 5000, 0, "refund_only",
    )  # fmt: skip
    assert (RefundRequest.objects.get().amount_fen, CaseOffer.objects.get().outcome) == (5000, "accepted")
    assert held(order) == (2, 13600)
    receive_order(buyer=arun, number=order.number, now=now)
    assert trial_balance().is_right


def test_shares_of_a_completed_order_give_back_what_was_agreed(market, mei, arun, now):
    order = make_completed(buyer=arun, seller=mei, variant=market.variant, quantity=2, now=now)
    case = ask(order, arun, quantity=2, now=now)
    offer(mei, case, now, amount_fen=5000)

    take(arun, case, now)

    # Of 50.00 the market gives its three in a hundred, the farmer the rest; the freight stays paid.
    assert CommissionReturn.objects.aggregate(sum=Sum("amount_fen"))["sum"] == 150
    assert RefundRequest.objects.get().amount_fen == 5000
    assert trial_balance().is_right


def test_units_that_are_not_agreed_on_may_be_asked_about_again(order, case, mei, arun, now):
    offer(mei, case, now, quantity=1, amount_fen=6800)

    take(arun, case, now)

    assert held(order) == (1, 6800)
    assert case.lines.get().quantity == 1
    assert ask(order, arun, quantity=2, now=now).amount_fen == 13600


def test_a_return_may_become_money_for_goods_that_stay(order, mei, arun, now):
    case = ask(order, arun, quantity=2, kind="return_and_refund", reason="spoiled", now=now)
    offer(mei, case, now, amount_fen=13600)

    done = take(arun, case, now)

    assert (done.status, done.kind, done.is_restocked) == ("awaiting_refund", "refund_only", False)


@pytest.mark.parametrize("end", ["refused", "taken_back", "lapsed"])
def test_after_an_offer_that_is_off_the_shop_answers_as_before(order, case, mei, arun, now, end):
    asked_until = case.deadline_at
    offer(mei, case, now)
    pk = case.offers.get().pk

    if end == "refused":
        refuse_offer(buyer=arun, case_id=case.pk, offer=pk, idempotency_key=uuid.uuid4(), now=now)
    elif end == "taken_back":
        take_back_offer(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    else:
        assert settle_due_cases(now=now + timedelta(days=2)) == 1

    case.refresh_from_db()
    at_least = now + timedelta(days=3) if end == "lapsed" else asked_until
    assert (case.status, case.amount_fen, case.deadline_at) == ("requested", 13600, at_least)
    assert CaseOffer.objects.get().outcome == end
    assert held(order) == (2, 13600) and not RefundRequest.objects.exists()
    with pytest.raises(MoveRefused):
        take(arun, case, now, pk=pk)
    # A shop that is silent then has said yes to all that was asked.
    settle_due_cases(now=case.deadline_at)
    assert RefundRequest.objects.get().amount_fen == 13600


def test_a_shop_cannot_offer_for_ever(case, mei, arun, now):
    for _ in range(2):
        offer(mei, case, now)
        take_back_offer(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)

    with pytest.raises(TooManyOffers):
        offer(mei, case, now)

    case.refresh_from_db()
    assert (case.status, case.offers.count()) == ("requested", 2)


def test_another_offer_in_its_place_is_not_taken_by_mistake(case, mei, arun, now):
    offer(mei, case, now, amount_fen=5000)
    first = case.offers.get().pk
    take_back_offer(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    offer(mei, case, now, amount_fen=1)

    with pytest.raises(MoveRefused):
        take(arun, case, now, pk=first)

    assert not RefundRequest.objects.exists()
    assert [one.outcome for one in case.offers.all()] == ["taken_back", "open"]


@pytest.mark.parametrize(
    ("quantity", "amount_fen"),
    [
        (0, 100),
        (-1, 100),
        (3, 100),
        (2, 0),
        (2, -1),
        (2, 13601),
        (2, 13600),
        (1, 6801),
        (2, 1.5),
        (True, 100),
    ],
)
def test_offers_that_are_none_change_nothing(case, mei, now, quantity, amount_fen):
    with pytest.raises(Invalid):
        offer(mei, case, now, quantity=quantity, amount_fen=amount_fen)

    case.refresh_from_db()
    assert (case.status, CaseOffer.objects.count(), case.events.count()) == ("requested", 0, 1)


def test_only_the_two_sides_may_and_only_in_its_state(order, case, mei, arun, zoya, now):
    with pytest.raises(NotFound):
        offer(zoya, case, now)
    with pytest.raises(NotFound):
        offer(arun, case, now)
    other = ask(order, arun, quantity=1, now=now)
    with pytest.raises(NotFound):
        offer_less(
            actor=mei, case_id=case.pk, lines=[OfferedLine(999_999, 1, 1)], idempotency_key=uuid.uuid4(),
            now=now,
        )  # fmt: skip
    key = uuid.uuid4()
    offer(mei, case, now, key=key)
    with pytest.raises(IdempotencyConflict):
        offer(mei, case, now, key=key, amount_fen=1)
    pk = case.offers.get().pk
    for person in (zoya, mei):
        with pytest.raises(NotFound):
            take(person, case, now, pk=pk)
    with pytest.raises(NotFound):  # of another case
        take(arun, other, now, pk=pk)
    with pytest.raises(MoveRefused):
        offer(mei, case, now)
    for answer in (approve_case, reject_case):
        with pytest.raises(MoveRefused):
            more = {"reason": "不"} if answer is reject_case else {}
            answer(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now, **more)
    assert not RefundRequest.objects.exists()


def test_a_case_that_ends_otherwise_takes_its_offer_along(order, case, mei, arun, operator, now):
    offer(mei, case, now)
    other = ask(order, arun, quantity=1, now=now)
    offer(mei, other, now, quantity=1, amount_fen=100)

    withdraw_case(buyer=arun, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    arbitrate_case(actor=operator, case_id=other.pk, grant=True, reason="全退", now=now)

    assert {one.outcome for one in CaseOffer.objects.all()} == {"overtaken"}
    assert RefundRequest.objects.get().amount_fen == 6800
    assert OrderLine.objects.get(order=order).after_sale_units == 1


def test_the_database_keeps_one_open_offer_a_case(case, mei, now):
    offer(mei, case, now)
    first = case.offers.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        CaseOffer.objects.create(
            case=case, asked_fen=100, amount_fen=1, answer_by=now, made_by=mei, made_at=now
        )

    assert list(CaseOffer.objects.all()) == [first]


def test_lines_that_are_left_out_are_free_again(market, mei, arun, now):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2, now=now)
    line = order.lines.get()
    case = ask(order, arun, lines=[WantedBack(line.pk, 2, 4000)], now=now)
    offer(mei, case, now, quantity=2, amount_fen=3999)

    take(arun, case, now)

    assert RefundRequest.objects.get().amount_fen == 3999


def test_on_the_pages_the_shop_offers_and_the_buyer_takes_it(client, case, mei, arun, now):
    desk, mine = f"/desk/after-sales/{case.pk}/", f"/after-sales/{case.pk}/"
    line = case.lines.get().order_line_id
    client.force_login(mei)
    assert f'name="sum-{line}"' in client.get(f"{desk}?act=offer").content.decode()
    body = {f"units-{line}": "2", f"sum-{line}": "50", "text": "<b>少退</b>", "key": str(uuid.uuid4())}
    too_much = client.post(f"{desk}offer/", body | {f"sum-{line}": "137"})
    assert (too_much.status_code, CaseOffer.objects.count()) == (400, 0)
    assert client.post(f"{desk}offer/", body)["Location"] == desk
    made = CaseOffer.objects.get()
    assert f'data-offer="{made.pk}"' in client.get(desk).content.decode()

    client.force_login(arun)
    page = client.get(mine).content.decode()
    assert f'data-offer="{made.pk}"' in page and "&lt;b&gt;少退" in page
    answer = client.post(f"{mine}offer/accept/", {"offer": made.pk, "key": str(uuid.uuid4())})

    assert (answer.status_code, answer["Location"]) == (302, mine)
    assert RefundRequest.objects.get().amount_fen == 5000
    shown = client.get(mine).content.decode()
    assert "data-offer" not in shown and 'data-case-status="awaiting_refund"' in shown


def test_over_the_api_both_sides_see_the_offer(client, case, mei, arun, now):
    url, line = f"/api/v1/after-sales/{case.pk}/", case.lines.get().order_line_id

    def post(path, body, key=None):
        return client.post(
            f"{url}{path}", body, content_type="application/json",
            headers={"Idempotency-Key": str(key or uuid.uuid4())},
        )  # fmt: skip

    client.force_login(mei)
    offered = post("offer/", {"lines": [{"line": line, "quantity": 1, "amount_fen": 4000}]})
    assert (offered.status_code, offered.json()["status"]) == (200, "offered")
    client.force_login(arun)
    seen = client.get(url).json()["offers"]
    assert [(one["outcome"], one["amount_fen"], one["asked_fen"]) for one in seen] == [("open", 4000, 13600)]
    refused = post("offer/refuse/", {"offer": seen[0]["id"]})
    assert (refused.status_code, refused.json()["status"]) == (200, "requested")
    late = post("offer/accept/", {"offer": seen[0]["id"]})
    assert (late.status_code, late.json()["code"]) == (409, "move_refused")
    assert not RefundRequest.objects.exists()
