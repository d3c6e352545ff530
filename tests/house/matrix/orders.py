"""Addresses of buying: cart, checkout, orders, payments."""

from tests.house.roles import row

API = "api/v1/"
KEY = "0f0e0d0c-0b0a-4908-8706-050403020100"
EVERYONE_SIGNED_IN = "401 200 200 200 200 200 200"
BUYER = "401 200 404 404 404 404 404"
BUYER_AND_SHOP = "401 200 404 404 200 404 404"
PAGE = "302 200 200 200 200 200 200"
PAGE_OF_BUYER = "302 200 404 404 404 404 404"
MOVE_OF_BUYER = "302 302 404 404 404 404 404"
PAGE_OF_SHOP = "302 404 404 404 200 404 404"
MOVE_OF_SHOP = "302 404 404 404 302 404 404"
PARCEL = {"carrier": "sf", "tracking_number": "SF12345678"}


def _one_line(world) -> dict:
    return {"variant": world.market.variant.pk, "quantity": 1}


def _purchase(world) -> dict:
    return {"lines": [_one_line(world)], "address": world.market.address.pk}


def _api_line(world) -> str:
    return f"/api/v1/cart/lines/{world.cart_line.pk}/"


def _api_order(move: str = ""):
    return lambda world: f"/api/v1/orders/{world.paid_order.number}/{move}"


def _order(move: str = ""):
    return lambda world: f"/orders/{world.paid_order.number}/{move}"


def _desk_order(move: str = ""):
    return lambda world: f"/desk/orders/{world.paid_order.number}/{move}"


ROWS = [
    row("GET", API + "cart/lines/", EVERYONE_SIGNED_IN),
    row("POST", API + "cart/lines/", "401 201 201 201 201 201 201", data=_one_line),
    row("PATCH", API + "cart/lines/<int:line_id>/", BUYER, path=_api_line, data={"quantity": 2}),
    row("DELETE", API + "cart/lines/<int:line_id>/", "401 204 404 404 404 404 404", path=_api_line),
    row("GET", API + "orders/", EVERYONE_SIGNED_IN),
    row("POST", API + "order-quotes/", "401 200 404 404 404 404 404", data=_purchase),
    row("POST", API + "orders/", "401 201 404 404 404 404 404", data=_purchase, idempotency_key=KEY),
    row("GET", API + "orders/<slug:number>/", BUYER_AND_SHOP, path=_api_order()),
    row("POST", API + "orders/<slug:number>/cancel/", BUYER_AND_SHOP, path=_api_order("cancel/")),
    row(
        "POST",
        API + "orders/<slug:number>/ship/",
        "401 404 404 404 200 404 404",
        path=_api_order("ship/"),
        data=PARCEL,
    ),
    # It is not shipped yet: its buyer gets 409, everybody else does not find it.
    row(
        "POST",
        API + "orders/<slug:number>/receive/",
        "401 409 404 404 404 404 404",
        path=_api_order("receive/"),
    ),
    # No such gateway is offered: the buyer gets that far, nobody else finds the purchase.
    row(
        "POST",
        API + "order-groups/<int:group_id>/pay/",
        "401 400 404 404 404 404 404",
        path=lambda world: f"/api/v1/order-groups/{world.group.pk}/pay/",
        data={"gateway": "none"},
        idempotency_key=KEY,
    ),
    row(
        "GET",
        API + "payments/<int:payment_id>/",
        BUYER,
        path=lambda world: f"/api/v1/payments/{world.payment.pk}/",
    ),
    # Paid through a provider: no cash is due, and the parcel cannot be refused at the door.
    row(
        "POST",
        API + "orders/<slug:number>/cash/",
        "401 404 404 404 400 404 404",
        path=_api_order("cash/"),
        data={"holder": "shop", "amount_fen": 1},
    ),
    row(
        "POST",
        API + "orders/<slug:number>/refused/",
        "401 404 404 404 409 404 404",
        path=_api_order("refused/"),
    ),
    row("POST", "desk/orders/<slug:number>/cash/", MOVE_OF_SHOP, path=_desk_order("cash/")),
    row("POST", "desk/orders/<slug:number>/refused/", MOVE_OF_SHOP, path=_desk_order("refused/")),
    # Nothing was begun inside WeChat: the buyer is led back to the page.
    row(
        "GET",
        "checkout/<int:group_id>/wechat/",
        MOVE_OF_BUYER,
        path=lambda world: f"/checkout/{world.group.pk}/wechat/",
    ),
    row(
        "GET",
        "checkout/payments/<int:payment_id>/",
        MOVE_OF_BUYER,
        path=lambda world: f"/checkout/payments/{world.payment.pk}/",
    ),
    row("GET", "cart/", 200),
    row("POST", "cart/add/", 302, data=_one_line),
    row("GET", "cart/chosen/", 302),
    row(
        "POST",
        "cart/lines/<int:line_id>/",
        302,
        path=lambda world: f"/cart/lines/{world.cart_line.pk}/",
        data={"quantity": "2"},
    ),
    row(
        "POST",
        "cart/lines/<int:line_id>/remove/",
        302,
        path=lambda world: f"/cart/lines/{world.cart_line.pk}/remove/",
    ),
    # Whose cart is empty is led back to it.
    row("GET", "checkout/", "302 200 302 302 302 302 302"),
    row("GET", "checkout/<int:group_id>/", PAGE_OF_BUYER, path=lambda world: f"/checkout/{world.group.pk}/"),
    row(
        "POST",
        "checkout/<int:group_id>/pay/",
        "302 400 404 404 404 404 404",
        path=lambda world: f"/checkout/{world.group.pk}/pay/",
        data={"gateway": "none", "key": KEY},
    ),
    row(
        "GET",
        "checkout/return/<int:payment_id>/",
        PAGE_OF_BUYER,
        path=lambda world: f"/checkout/return/{world.payment.pk}/",
    ),
    row("GET", "orders/", PAGE),
    row("GET", "orders/<slug:number>/", PAGE_OF_BUYER, path=_order()),
    row("POST", "orders/<slug:number>/cancel/", MOVE_OF_BUYER, path=_order("cancel/")),
    row("POST", "orders/<slug:number>/receive/", MOVE_OF_BUYER, path=_order("receive/")),
    row("GET", "desk/orders/", PAGE),
    row("GET", "desk/orders/<slug:number>/", PAGE_OF_SHOP, path=_desk_order()),
    row("POST", "desk/orders/<slug:number>/ship/", MOVE_OF_SHOP, path=_desk_order("ship/"), data=PARCEL),
    row("POST", "desk/orders/<slug:number>/cancel/", MOVE_OF_SHOP, path=_desk_order("cancel/")),
    # Unsigned, whoever sends it; without the provider's keys it cannot even be looked at.
    row("POST", API + "payments/callbacks/sandbox/", 503),
    # Not switched on in these tests.
    row("POST", API + "payments/callbacks/alipay/", 400),
    row("POST", API + "payments/callbacks/wechatpay/", 400),
]
