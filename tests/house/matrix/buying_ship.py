"""Addresses of parcels."""

from common.clock import utc_now
from orders.models import Conversation, PrivateMessage
from tests.house.roles import row

API = "api/v1/"


def _talk(world) -> Conversation:
    now = utc_now()
    return Conversation.objects.get_or_create(
        buyer=world.people["buyer"], shop=world.market.shop,
        defaults={"created_at": now, "last_message_at": now},
    )[0]  # fmt: skip


def _said(world) -> PrivateMessage:
    talk = _talk(world)
    return talk.messages.first() or PrivateMessage.objects.create(
        conversation=talk, side="buyer", author=talk.buyer, text="在吗", created_at=utc_now()
    )


def _api_talk(move: str):
    return lambda world: f"/api/v1/conversations/{_talk(world).pk}/{move}"


def _api_order(move: str):
    return lambda world: f"/api/v1/orders/{world.paid_order.number}/{move}"


ROWS = [
    row("GET", API + "conversations/", "401 200 200 200 200 200 200"),
    # People of the shop do not talk with themselves.
    row(
        "POST",
        API + "conversations/",
        "401 200 200 200 400 200 200",
        data=lambda world: {"shop": world.market.shop.pk},
    ),
    row(
        "GET",
        API + "conversations/<int:conversation_id>/messages/",
        "401 200 404 404 200 404 404",
        path=_api_talk("messages/"),
    ),
    row(
        "POST",
        API + "conversations/<int:conversation_id>/messages/",
        "401 201 404 404 201 404 404",
        path=_api_talk("messages/"),
        data={"text": "在吗"},
    ),
    row(
        "POST",
        API + "conversations/<int:conversation_id>/read/",
        "401 204 404 404 204 404 404",
        path=_api_talk("read/"),
        data=lambda world: {"message": _said(world).pk},
    ),
    # Nobody reports what their own side said.
    row(
        "POST",
        API + "private-messages/<int:message_id>/report/",
        "401 404 404 404 204 404 404",
        path=lambda world: f"/api/v1/private-messages/{_said(world).pk}/report/",
        data={"reason": "骂人"},
    ),
    row("GET", "desk/parcels/", "302 404 404 404 200 404 404"),
    row("POST", "desk/parcels/", "302 404 404 404 400 404 404", data={"act": "send"}),
    row("GET", "desk/parcels/print/", "302 404 404 404 200 404 404"),
    row(
        "POST",
        "orders/<slug:number>/more-time/",
        "302 302 404 404 404 404 404",
        path=lambda world: f"/orders/{world.paid_order.number}/more-time/",
    ),
    # A sheet travels as multipart (tests/orders/test_importing.py); the matrix sends JSON.
    row("POST", API + "shipments/import/", "401 404 404 404 415 404 404"),
    # Nobody follows parcels in these tests.
    row("POST", API + "tracking/kuaidi100/", 404),
    # It is not on its way yet: its buyer gets 409, everybody else does not find it.
    row(
        "POST",
        API + "orders/<slug:number>/more-time/",
        "401 409 404 404 404 404 404",
        path=_api_order("more-time/"),
    ),
]
