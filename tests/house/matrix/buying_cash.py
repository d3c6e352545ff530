"""Addresses of cash that goes from hand to hand."""

import uuid

from common.clock import utc_now
from orders.models import Order
from payments.models import HandRefund, Payment, Refund
from tests.factories.cases import ask
from tests.factories.orders import make_shipped
from tests.house.roles import row

API = "api/v1/"
KEY = "0f0e0d0c-0b0a-4908-8706-050403020104"
HANDED = {"amount_fen": 100, "method": "bank", "reference": "42"}


def _refund(world) -> Refund:
    """A refund of cash that waits to be given back by hand, of an order whose shop holds enough cash."""
    clerk, buyer = world.people["clerk"], world.people["buyer"]
    order = make_shipped(buyer=buyer, seller=clerk, variant=world.market.variant, quantity=2)
    payment = Payment.objects.create(
        group=order.group, order=order, gateway="cash_on_delivery", method="cash", status="succeeded",
        amount_fen=order.total_fen, reference=f"C{uuid.uuid4().hex}", created_at=order.placed_at,
        expires_at=order.placed_at,
    )  # fmt: skip
    case = ask(order, buyer)
    request = order.refund_requests.create(
        amount_fen=case.total_fen,
        reason="after_sale",
        status="failed",
        requested_by="x",
        created_at=utc_now(),
    )
    Order.objects.filter(pk=order.pk).update(refund_requested_fen=case.total_fen)
    return Refund.objects.create(
        payment=payment, request=request, reference=f"R{uuid.uuid4().hex}", amount_fen=case.total_fen,
        reason="after_sale", status="failed", created_at=utc_now(),
    )  # fmt: skip


def _note(world) -> HandRefund:
    return HandRefund.objects.create(
        refund=_refund(world), giver="shop", method="cash", reference="7", noted_by=world.people["clerk"],
        noted_at=utc_now(),
    )  # fmt: skip


def _order_with_note(world) -> str:
    return f"/orders/{_note(world).refund.request.order.number}/cash-back/"


ROWS = [
    row(
        "GET",
        API + "shops/<int:shop_id>/cash/",
        "401 404 404 404 200 404 404",
        path=lambda world: f"/api/v1/shops/{world.market.shop.pk}/cash/",
    ),
    # The shop holds none.
    row(
        "POST",
        API + "shops/<int:shop_id>/cash/",
        "401 404 404 404 409 404 404",
        path=lambda world: f"/api/v1/shops/{world.market.shop.pk}/cash/",
        data=HANDED,
        idempotency_key=KEY,
    ),
    # The shop has no cash to give back from; an operator does it for the market.
    row(
        "POST",
        API + "refunds/<int:refund_id>/given-by-hand/",
        "401 404 404 404 409 404 201",
        path=lambda world: f"/api/v1/refunds/{_refund(world).pk}/given-by-hand/",
        data=lambda world: HANDED | {"amount_fen": Refund.objects.latest("pk").amount_fen},
        idempotency_key=KEY,
    ),
    row("GET", API + "hand-refunds/", "401 200 200 200 200 200 200"),
    row(
        "POST",
        API + "hand-refunds/<int:note_id>/received/",
        "401 409 404 404 404 404 409",
        path=lambda world: f"/api/v1/hand-refunds/{_note(world).pk}/received/",
    ),
    row(
        "POST",
        API + "hand-refunds/<int:note_id>/not-received/",
        "401 200 404 404 404 404 200",
        path=lambda world: f"/api/v1/hand-refunds/{_note(world).pk}/not-received/",
        data={},
    ),
    row("GET", "desk/cash/", "302 404 404 404 200 404 404"),
    row("POST", "desk/cash/", "302 404 404 404 400 404 404"),
    row(
        "POST",
        "desk/cash/<int:refund_id>/given-back/",
        "302 404 404 404 302 404 404",
        path=lambda world: f"/desk/cash/{_refund(world).pk}/given-back/",
        data={},
    ),
    row(
        "POST",
        "orders/<slug:number>/cash-back/",
        "302 302 404 404 404 404 404",
        path=_order_with_note,
        data={"answer": "no"},
    ),
]
