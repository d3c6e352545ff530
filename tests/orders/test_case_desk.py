"""Money back through the shop's pages: the sum is confirmed, and whose share it is."""

import re
import uuid

import pytest

from orders.case_cards import losses_for_shop
from orders.models import AfterSaleCase, RefundRequest
from orders.services.judging import approve_case
from orders.statuses import CaseStatus
from shops.models import ShopMember
from shops.statuses import ShopRole
from tests.factories.cases import ask, back_on_the_way
from tests.factories.orders import make_pin, make_shipped
from tests.orders.test_after_sales import LATER, NOW, key

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(market, arun, mei):
    _, source = make_pin(host=market.host, shop=market.shop, variant=market.variant)
    return make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=3, source=source)


def text_of(answer) -> str:
    return answer.content.decode()


def hidden(answer, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]+)"', text_of(answer))[1]


def confirmed(client, case, act: str) -> dict:
    """Return what the page of a move posts, as a browser reads it."""
    page = client.get(f"/desk/after-sales/{case.pk}/?act={act}")
    return {"key": hidden(page, "key"), "total_fen": hidden(page, "total_fen")}


def state(case) -> str:
    case.refresh_from_db()
    return case.status


def test_the_desk_counts_lists_and_marks_what_waits(client, order, arun, mei):
    case = ask(order, arun, now=NOW)
    client.force_login(mei)

    today = text_of(client.get("/desk/"))
    listed = text_of(client.get("/desk/after-sales/"))

    assert re.search(r"data-cases-waiting>(\d+)<", today)[1] == "1"
    assert f'data-case="{case.pk}"' in listed
    assert "case-late" in listed  # asked in the past, so its time has run out
    assert f'data-open-case="{case.pk}"' in text_of(client.get("/desk/orders/?tab=on_the_way"))
    assert f"/desk/after-sales/{case.pk}/" in text_of(client.get(f"/desk/orders/{order.number}/"))
    assert f'data-case="{case.pk}"' not in text_of(client.get("/desk/after-sales/?tab=done"))


def test_a_yes_gives_back_the_sum_that_was_confirmed(client, order, arun, mei):
    case = ask(order, arun, quantity=2)
    client.force_login(mei)
    form = confirmed(client, case, "yes")
    assert form["total_fen"] == "13600"

    client.post(f"/desk/after-sales/{case.pk}/approve/", form | {"reply": "对不起"})
    client.post(f"/desk/after-sales/{case.pk}/approve/", form | {"reply": "对不起"})

    assert (state(case), case.reply) == (CaseStatus.AWAITING_REFUND, "对不起")
    assert RefundRequest.objects.get().amount_fen == 13600


def test_a_sum_that_has_moved_is_shown_again(client, order, arun, mei):
    first, last = ask(order, arun, quantity=2), ask(order, arun, quantity=1)
    client.force_login(mei)
    form = confirmed(client, last, "yes")
    assert form["total_fen"] == "6800"
    # The last units bring the freight back.
    approve_case(actor=mei, case_id=first.pk, idempotency_key=key(), now=LATER)

    answer = client.post(f"/desk/after-sales/{last.pk}/approve/", form)

    assert (answer.status_code, hidden(answer, "total_fen"), state(last)) == (409, "7600", "requested")
    client.post(f"/desk/after-sales/{last.pk}/approve/", form | {"total_fen": "7600"})
    assert (state(last), last.refund_request.amount_fen) == ("awaiting_refund", 7600)


def test_a_no_needs_a_reason(client, order, arun, mei):
    case = ask(order, arun)
    client.force_login(mei)
    form = confirmed(client, case, "no")

    refused = client.post(f"/desk/after-sales/{case.pk}/reject/", form | {"reason": " "})
    assert (refused.status_code, state(case)) == (400, "requested")
    client.post(f"/desk/after-sales/{case.pk}/reject/", form | {"reason": "没坏"})

    assert (state(case), case.reply) == ("rejected", "没坏")
    assert not RefundRequest.objects.exists()


@pytest.mark.parametrize(("shelf", "is_restocked"), [("yes", True), ("no", False)])
def test_goods_that_are_back_bring_the_money(client, order, arun, mei, shelf, is_restocked):
    case = ask(order, arun, kind="return_and_refund")
    client.force_login(mei)
    client.post(
        f"/desk/after-sales/{case.pk}/approve/", confirmed(client, case, "yes") | {"reply": "云岭村 1 号"}
    )
    back_on_the_way(case, arun)
    form = confirmed(client, case, "back")

    unsaid = client.post(f"/desk/after-sales/{case.pk}/received/", form)
    assert (unsaid.status_code, state(case)) == (400, "awaiting_receipt")
    client.post(f"/desk/after-sales/{case.pk}/received/", form | {"restock": shelf})

    assert (state(case), case.is_restocked) == ("awaiting_refund", is_restocked)
    assert RefundRequest.objects.get().amount_fen == 6800


@pytest.mark.parametrize("reason", ["spoiled", "missing", "damaged"])
def test_who_bears_it_is_known_before_and_is_what_is_booked(order, market, arun, mei, reason):
    case = ask(order, arun, quantity=3, reason=reason)

    before = losses_for_shop(case)
    approve_case(actor=mei, case_id=case.pk, idempotency_key=key(), now=LATER)
    case = AfterSaleCase.objects.get()

    amounts = {loss["kind"]: loss["amount_fen"] for loss in before}
    bearer = {"spoiled": "farmer", "missing": "shop", "damaged": "carrier"}[reason]
    assert amounts == {"host": 1020, "platform": 612, bearer: 18768, "freight": 800}
    assert losses_for_shop(case) == before
    assert sum(amounts.values()) == case.total_fen


def test_a_clerk_does_not_see_what_farmers_earn(client, order, market, arun, mei, zoya):
    case = ask(order, arun)
    ShopMember.objects.create(shop=market.shop, user=zoya, role=ShopRole.CLERK)

    seen = []
    for person in (mei, zoya):
        client.force_login(person)
        seen.append('id="losses"' in text_of(client.get(f"/desk/after-sales/{case.pk}/")))

    assert seen == [True, False]


def test_another_shop_finds_nothing(client, order, arun, zoya, zhuoma):
    case = ask(order, arun)

    for person in (arun, zoya, zhuoma):
        client.force_login(person)
        answers = [
            client.get(f"/desk/after-sales/{case.pk}/"),
            *(
                client.post(
                    f"/desk/after-sales/{case.pk}/{move}/",
                    {"key": str(uuid.uuid4()), "total_fen": "6800", "reason": "x", "restock": "yes"},
                )
                for move in ("approve", "reject", "received")
            ),
        ]
        assert {answer.status_code for answer in answers} == {404}

    assert state(case) == "requested"
