"""The buyer's and the shop's pages, as a browser without scripts uses them."""

import re

import pytest

from livestreams.statuses import SessionStatus
from orders.models import CartLine, Order
from payments.models import Payment
from shops.models import Variant, VariantStock
from tests.factories.orders import make_paid, make_pin, make_shipped, place_one

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return answer.content.decode()


def hidden(answer, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]+)"', text_of(answer))[1]


def test_a_guest_keeps_what_they_chose_through_sign_in(client, market, arun):
    answer = client.post("/cart/add/", {"variant": market.variant.pk, "quantity": "2"})
    assert answer.url == "/sign-in/?next=%2Fcart%2Fchosen%2F"
    assert "/sign-in/" in text_of(client.get("/cart/"))

    client.force_login(arun)
    client.get("/cart/chosen/", follow=True)

    line = CartLine.objects.get(cart__user=arun)
    assert (line.variant, line.quantity) == (market.variant, 2)


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "1e9", "9999999999999", "NaN", "１"])
def test_hostile_quantities_leave_the_cart_alone(client, market, arun, quantity):
    client.force_login(arun)

    answer = client.post("/cart/add/", {"variant": market.variant.pk, "quantity": quantity})

    assert answer.status_code == 400
    assert not CartLine.objects.exists()


def test_from_the_cart_to_the_provider_and_back(client, market, arun, sandbox):
    client.force_login(arun)
    client.post("/cart/add/", {"variant": market.variant.pk, "quantity": "2"})
    assert "144.00" in text_of(client.get("/cart/"))
    page = client.get("/checkout/")
    form = {
        "key": hidden(page, "key"), "total_fen": hidden(page, "total_fen"), "address": market.address.pk,
        f"note-{market.shop.pk}": "谢谢",
    }  # fmt: skip

    placed = client.post("/checkout/", form)
    again = client.post("/checkout/", form)

    order = Order.objects.get()
    assert placed.url == again.url == f"/checkout/{order.group_id}/"
    assert (order.total_fen, order.note) == (14400, "谢谢")
    assert not CartLine.objects.exists()
    page = client.get(placed.url)
    sent = client.post(f"{placed.url}pay/", {"key": hidden(page, "key"), "gateway": "sandbox"})
    assert sandbox.tap(sent.url)[0] == 303
    back = client.get(f"/checkout/return/{Payment.objects.get().pk}/")
    assert 'data-outcome="paid"' in text_of(back)
    order.refresh_from_db()
    assert order.status == "paid"
    assert client.get(placed.url).url == f"/orders/{order.number}/"


def test_a_price_that_moved_is_told_before_anything_is_placed(client, market, arun):
    client.force_login(arun)
    client.post("/cart/add/", {"variant": market.variant.pk, "quantity": "1"})
    page = client.get("/checkout/")
    Variant.objects.filter(pk=market.variant.pk).update(price_fen=9900)
    assert "68.00" in text_of(client.get("/cart/"))

    answer = client.post(
        "/checkout/",
        {"key": hidden(page, "key"), "total_fen": hidden(page, "total_fen"), "address": market.address.pk},
    )

    assert answer.status_code == 409
    assert "107.00" in text_of(answer)
    assert not Order.objects.exists()


def test_what_cannot_be_bought_is_told_and_left_out(client, market, arun):
    client.force_login(arun)
    client.post("/cart/add/", {"variant": market.variant.pk, "quantity": "3"})
    VariantStock.objects.filter(pk=market.variant.pk).update(available=2)

    page = text_of(client.get("/cart/"))

    assert 'name="quantity" value="2"' in page
    assert client.get("/checkout/").url == "/cart/"
    line = CartLine.objects.get()
    client.post(f"/cart/lines/{line.pk}/", {"quantity": "2"})
    assert client.get("/checkout/").status_code == 200


def test_the_cart_changes_in_place(client, market, arun, zoya):
    client.force_login(arun)
    client.post("/cart/add/", {"variant": market.variant.pk, "quantity": "1"}, headers={"HX-Request": "true"})
    line = CartLine.objects.get()

    answer = client.post(f"/cart/lines/{line.pk}/", {"quantity": "4"}, headers={"HX-Request": "true"})
    assert "280.00" in text_of(answer)
    client.force_login(zoya)
    client.post(f"/cart/lines/{line.pk}/remove/")
    assert CartLine.objects.get().quantity == 4
    client.force_login(arun)
    client.post(f"/cart/lines/{line.pk}/remove/")
    assert not CartLine.objects.exists()


def test_buying_now_from_a_pin_orders_only_that_at_the_live_price(client, market, arun):
    _, source = make_pin(
        host=market.host, shop=market.shop, variant=market.variant, live_price_fen=5900,
        status=SessionStatus.LIVE,
    )  # fmt: skip
    client.force_login(arun)

    answer = client.post(
        "/cart/add/", {"variant": market.variant.pk, "quantity": "1", "source": source, "then": "checkout"}
    )

    assert answer.url == f"/checkout/?only={market.variant.pk}"
    assert hidden(client.get(answer.url), "total_fen") == "6700"


def test_every_page_of_an_order_opens_in_every_state(client, market, arun, mei, zoya):
    orders = [
        place_one(buyer=arun, variant=market.variant),
        make_paid(buyer=arun, variant=market.variant),
        make_shipped(buyer=arun, seller=mei, variant=market.variant),
    ]
    called_off = make_paid(buyer=arun, variant=market.variant)
    client.force_login(arun)
    client.post(f"/orders/{called_off.number}/cancel/")
    received = make_shipped(buyer=arun, seller=mei, variant=market.variant)
    client.post(f"/orders/{received.number}/receive/")
    orders += [called_off, received]

    for order in orders:
        page = client.get(f"/orders/{order.number}/")
        assert page.status_code == 200
        assert "扎西" in text_of(page)
        assert "138****0003" in text_of(page)
    for tab in ["", "to_pay", "to_ship", "on_the_way", "completed", "cancelled", "nonsense"]:
        assert client.get(f"/orders/?tab={tab}").status_code == 200
    client.force_login(mei)
    for order in orders:
        assert client.get(f"/desk/orders/{order.number}/").status_code == 200
    for tab in ["to_ship", "on_the_way", "completed", "cancelled", "to_pay"]:
        assert client.get(f"/desk/orders/?tab={tab}").status_code == 200
    client.force_login(zoya)
    for order in orders:
        assert client.get(f"/orders/{order.number}/").status_code == 404
        assert client.get(f"/desk/orders/{order.number}/").status_code == 404
        assert client.get(f"/checkout/{order.group_id}/").status_code == 404
    assert client.get("/orders/").status_code == 200
    assert client.get("/desk/orders/").status_code == 200


def test_the_desk_ships_and_a_wrong_number_keeps_the_form(client, market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant)
    client.force_login(mei)
    assert order.number in text_of(client.get("/desk/orders/"))

    refused = client.post(f"/desk/orders/{order.number}/ship/", {"carrier": "sf", "tracking_number": "12"})
    assert refused.status_code == 400
    assert 'value="12"' in text_of(refused)
    assert client.post(f"/desk/orders/{order.number}/ship/", {}).status_code == 400
    sent = client.post(
        f"/desk/orders/{order.number}/ship/", {"carrier": "sf", "tracking_number": "SF1234567890"}
    )

    assert sent.status_code == 302
    order.refresh_from_db()
    assert order.status == "shipped"


def test_guests_are_sent_to_sign_in(client, market):
    for path in [
        "/checkout/",
        "/checkout/1/",
        "/checkout/return/1/",
        "/orders/",
        "/orders/1/",
        "/desk/orders/",
    ]:
        answer = client.get(path)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/sign-in/")


def test_the_return_page_waits_and_can_be_asked_again_without_scripts(client, market, arun, sandbox):
    order = place_one(buyer=arun, variant=market.variant)
    client.force_login(arun)
    page = client.get(f"/checkout/{order.group_id}/")
    form = {"key": hidden(page, "key"), "gateway": "sandbox"}
    sent = client.post(f"/checkout/{order.group_id}/pay/", form)
    path = f"/checkout/return/{Payment.objects.get().pk}/"

    waiting = text_of(client.get(path))
    sandbox.tap(sent.url, "decline")
    Payment.objects.update(last_queried_at=None)
    declined = text_of(client.get(path))

    assert 'data-outcome="waiting"' in waiting
    assert f'href="{path}"' in waiting
    assert 'data-outcome="failed"' in declined
    assert f'href="/checkout/{order.group_id}/"' in declined


def test_a_silent_provider_leaves_the_pay_page_with_a_word(client, market, arun, sandbox, settings):
    order = place_one(buyer=arun, variant=market.variant)
    client.force_login(arun)
    page = client.get(f"/checkout/{order.group_id}/")
    settings.SANDBOX_GATEWAY_URL = "http://127.0.0.1:9/sandbox-pay"

    answer = client.post(
        f"/checkout/{order.group_id}/pay/", {"key": hidden(page, "key"), "gateway": "sandbox"}
    )

    assert answer.status_code == 503
    assert 'role="alert"' in text_of(answer)
    assert 'form="pay"' in text_of(answer)
