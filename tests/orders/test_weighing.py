"""The scales at the desk: the sum is seen before it goes back, and buyer and farmers can read the trail."""

import uuid

import pytest

from common.models import AuditEntry
from ledger.models import LedgerEntry
from ledger.selectors import trial_balance
from notifications.models import Notification
from orders.models import AfterSaleCase, RefundRequest, Weighing
from orders.services.judging import approve_case
from orders.services.receiving import receive_order
from orders.services.weighing import settle_weight
from orders.tasks import after_weighed
from orders.weight_cards import weighing_of, weight_text
from payouts.selectors.statements import row_of
from shops.models import Farmer
from tests.factories.cases import ask
from tests.factories.orders import make_paid, make_shipped
from tests.factories.payouts import close_week, make_completed

pytestmark = pytest.mark.django_db


@pytest.fixture
def fish(pool):
    pool.weight_g = 500
    pool.save(update_fields=["weight_g"])
    return pool


def farmer_balance(farmer) -> int:
    entries = LedgerEntry.objects.filter(account__purpose="farmer_payable", account__owner_id=farmer.pk)
    return sum(entries.values_list("amount_fen", flat=True))


def address(order) -> str:
    return f"/desk/orders/{order.number}/lines/{order.lines.get().pk}/weight/"


def test_the_shop_sees_the_sum_before_it_goes_back(client, mei, arun, fish, now):
    order = make_shipped(buyer=arun, seller=mei, variant=fish, quantity=4, now=now)
    client.force_login(mei)
    url = address(order)
    assert f'href="{url}"' in client.get(f"/desk/orders/{order.number}/").content.decode()
    assert 'name="weight_g"' in client.get(url).content.decode()

    seen = client.post(url, {"weight_g": "1900"})

    assert (seen.status_code, seen.context["refund_fen"]) == (200, 1360)
    assert not Weighing.objects.exists() and not RefundRequest.objects.exists()
    other = client.post(url, {"weight_g": "1900", "refund_fen": "1359"})
    assert (other.status_code, Weighing.objects.count()) == (200, 0)
    done = client.post(url, {"weight_g": "1900", "refund_fen": "1360"})
    assert (done.status_code, done["Location"]) == (302, f"/desk/orders/{order.number}/")
    weighing = Weighing.objects.get()
    assert (weighing.ordered_g, weighing.weighed_g, weighing.case.amount_fen) == (2000, 1900, 1360)
    assert (weighing.weighed_by, RefundRequest.objects.get().amount_fen) == (mei, 1360)
    assert f'href="{url}"' not in client.get(f"/desk/orders/{order.number}/").content.decode()


def test_buyer_and_farmers_can_read_what_it_weighed(client, mei, arun, growers, fish, now):
    order = make_completed(buyer=arun, seller=mei, variant=fish, quantity=4, now=now)
    client.force_login(mei)
    client.post(address(order), {"weight_g": "1900", "refund_fen": "1360"})
    after_weighed(weighing_id=Weighing.objects.get().pk)
    after_weighed(weighing_id=Weighing.objects.get().pk)

    told = Notification.objects.filter(kind="goods_weighed").values_list("contact", flat=True)
    assert sorted(told) == sorted(farmer.contact_id for farmer in growers)
    client.force_login(arun)
    line = order.lines.get()
    page = client.get(f"/orders/{order.number}/")
    card = page.context["card"].lines[0]
    assert card.weighing == weighing_of(line) != ""
    assert "1.9" in card.weighing and "13.60" in card.weighing
    assert "data-weighing" in page.content.decode()


def test_a_farmers_tally_says_why_money_went_back(mei, arun, growers, fish, now, client):
    order = make_completed(buyer=arun, seller=mei, variant=fish, quantity=4, now=now)
    client.force_login(mei)
    client.post(address(order), {"weight_g": "1900", "refund_fen": "1360"})

    period = close_week(shop=fish.product.shop, now=now)

    rows = [
        row_of(line, is_linked=False)
        for statement in period.statements.exclude(farmer=None)
        for line in statement.lines.filter(order_line=order.lines.get())
    ]
    noted = [row for row in rows if row.note]
    assert {row.kind for row in noted} == {"refund"}
    assert sorted(row.amount_fen for row in noted) == [-989, -330]
    assert all("1.9" in row.note for row in noted)
    assert any(row.kind == "sale" and not row.note for row in rows)


@pytest.mark.parametrize("weight", ["0", "-5", "1.5", "1e3", "", "100000001", "NaN", "²"])
def test_weights_that_are_none_write_nothing(client, mei, arun, fish, now, weight):
    order = make_paid(buyer=arun, variant=fish, quantity=4, now=now)
    client.force_login(mei)

    answer = client.post(address(order), {"weight_g": weight, "refund_fen": "0"})

    assert answer.status_code == 400
    assert not Weighing.objects.exists() and not AfterSaleCase.objects.exists()


def test_strangers_and_goods_by_the_piece(client, mei, arun, zoya, pool, now):
    order = make_paid(buyer=arun, variant=pool, quantity=4, now=now)
    client.force_login(mei)
    page = client.get(address(order))
    refused = client.post(address(order), {"weight_g": "5", "refund_fen": "0"})
    client.force_login(zoya)
    strange = client.post(address(order), {"weight_g": "5", "refund_fen": "0"})

    assert 'name="weight_g"' not in page.content.decode()
    assert (refused.status_code, strange.status_code) == (409, 404)
    assert not Weighing.objects.exists()


def test_the_api_answers_the_same_weight_again_and_refuses_another(client, mei, arun, fish, now):
    order = make_paid(buyer=arun, variant=fish, quantity=4, now=now)
    client.force_login(mei)
    url, line = f"/api/v1/orders/{order.number}/weights/", order.lines.get().pk

    def say(weight_g):
        body = {"line": line, "weight_g": weight_g}
        return client.post(url, body, content_type="application/json")

    assert say(2100).json() == {"refund_fen": 0}
    assert say(2100).json() == {"refund_fen": 0}
    assert say(1900).status_code == 409
    assert (Weighing.objects.count(), RefundRequest.objects.count()) == (1, 0)
    assert AuditEntry.objects.filter(action="orders.weighed").count() == 1


@pytest.mark.parametrize(("grams", "number"), [(900, "900"), (1900, "1.9"), (2000, "2"), (12_345, "12.345")])
def test_weights_in_words(grams, number):
    assert weight_text(grams).split()[0] == number


def test_who_got_less_may_still_ask_about_every_piece(client, mei, arun, fish, now):
    order = make_shipped(buyer=arun, seller=mei, variant=fish, quantity=1, now=now)
    line = order.lines.get()
    settle_weight(actor=mei, number=order.number, line_id=line.pk, weight_g=499, now=now)
    weighed = AfterSaleCase.objects.get()
    # A gram of 500 is a fen of ten and more: 6800 / 500, rounded up.
    assert (weighed.amount_fen, weighed.units, weighed.lines.get().worth_fen) == (14, 0, 14)
    line.refresh_from_db()
    assert (line.after_sale_units, line.after_sale_fen) == (0, 14)
    client.force_login(arun)
    for page in (f"/orders/{order.number}/", f"/after-sales/{weighed.pk}/", "/after-sales/"):
        assert client.get(page).status_code == 200

    case = ask(order, arun, quantity=1, reason="spoiled", now=now)

    assert (case.amount_fen, case.freight_fen) == (6786, 800)
    approve_case(actor=mei, case_id=case.pk, idempotency_key=uuid.uuid4(), now=now)
    order.refresh_from_db()
    assert order.refund_requested_fen == order.captured_fen == 7600
    receive_order(buyer=arun, number=order.number, now=now)
    assert trial_balance().is_right
    assert [farmer_balance(farmer) for farmer in Farmer.objects.all()] == [0] * Farmer.objects.count()
