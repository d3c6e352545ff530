"""Private talk between a buyer and a shop (decisions.md 22): written once, kept as it is."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import limits, outbox
from common.errors import Invalid, NotFound
from orders.models import AfterSaleCase, Conversation, MessageReport, Order, PrivateMessage
from orders.selectors import get_shop_order
from orders.selectors.talking import (
    get_conversation,
    get_reportable_message,
    get_shop_to_talk_to,
    side_of,
)
from orders.statuses import TalkSide
from shops.models import Photo, Product
from shops.selectors import is_member

TEXT_MAX = 1000
PHOTOS_MAX = 6
A_MINUTE = 20


@transaction.atomic
def open_conversation(*, buyer: User, shop_id: int, now: datetime) -> Conversation:
    """Return the buyer's talk with a shop, begun when there is none.

    NotFound for a shop that is not to be seen, Invalid for one's own.
    """
    known = Conversation.objects.filter(buyer=buyer, shop_id=shop_id).first()
    if known is not None:
        return known
    shop = get_shop_to_talk_to(user=buyer, shop_id=shop_id)
    if is_member(buyer, shop):
        raise Invalid()
    return _begun(buyer.pk, shop.pk, now)


@transaction.atomic
def open_conversation_about(*, member: User, number: str, now: datetime) -> Conversation:
    """Return the talk of a shop with the buyer of an order, begun when there is none; NotFound."""
    order = get_shop_order(user=member, number=number)
    return _begun(order.group.buyer_id, order.shop_id, now)


@transaction.atomic
def write_message(
    *,
    author: User,
    conversation_id: int,
    text: str,
    now: datetime,
    order_number: str = "",
    product_id: int | None = None,
    case_id: int | None = None,
    photo_ids: Sequence[int] = (),
) -> PrivateMessage:
    """Say something as the buyer or as a member of the shop; the other side is told.

    NotFound for strangers and for an order, product, case or photo that is not of these two; Invalid when
    there is nothing to say or too much; TooMany.
    """
    found = get_conversation(user=author, conversation_id=conversation_id)
    text = text.strip()
    photo_ids = list(dict.fromkeys(photo_ids))
    if not (text or photo_ids) or len(text) > TEXT_MAX or len(photo_ids) > PHOTOS_MAX:
        raise Invalid(fields={"text": Invalid.message})
    limits.spend(name="private_message", key=f"user:{author.pk}", limit=A_MINUTE, seconds=60, now=now)
    photos = list(Photo.objects.filter(pk__in=photo_ids, uploaded_by=author, is_private=True))
    if len(photos) != len(photo_ids):
        raise NotFound()
    side = side_of(author, found)
    message = PrivateMessage.objects.create(
        conversation=found,
        side=side,
        author=author,
        text=text,
        order=_order(found, order_number),
        product=_product(found, product_id),
        case=_case(found, case_id),
        created_at=now,
    )
    message.photos.set(photos)
    found.last_message_at = now
    found.save(update_fields=["last_message_at"])
    outbox.enqueue("orders.after_private_message", message_id=message.pk)
    return message


def read_until(*, reader: User, conversation_id: int, message_id: int) -> None:
    """Note that the reader's side has read up to a message; never back, never further than there is."""
    found = get_conversation(user=reader, conversation_id=conversation_id)
    if not found.messages.filter(pk=message_id).exists():
        raise NotFound()
    mark = "read_by_buyer" if side_of(reader, found) == TalkSide.BUYER else "read_by_shop"
    Conversation.objects.filter(pk=found.pk, **{f"{mark}__lt": message_id}).update(**{mark: message_id})


@transaction.atomic
def report_message(*, reporter: User, message_id: int, reason: str, now: datetime) -> MessageReport:
    """Ask the market to look at what the other side said; once a person. NotFound, Invalid without words."""
    message = get_reportable_message(user=reporter, message_id=message_id)
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    report, _made = MessageReport.objects.get_or_create(
        message=message, reporter=reporter, defaults={"reason": reason.strip()[:200], "created_at": now}
    )
    return report


def _begun(buyer_id: int, shop_id: int, now: datetime) -> Conversation:
    known, _made = Conversation.objects.get_or_create(
        buyer_id=buyer_id, shop_id=shop_id, defaults={"created_at": now, "last_message_at": now}
    )
    return known


def _order(found: Conversation, number: str) -> Order | None:
    if not number:
        return None
    order = Order.objects.filter(number=number, shop=found.shop_id, group__buyer=found.buyer_id).first()
    if order is None:
        raise NotFound()
    return order


def _product(found: Conversation, product_id: int | None) -> Product | None:
    if product_id is None:
        return None
    product = Product.objects.filter(pk=product_id, shop=found.shop_id).first()
    if product is None:
        raise NotFound()
    return product


def _case(found: Conversation, case_id: int | None) -> AfterSaleCase | None:
    if case_id is None:
        return None
    case = AfterSaleCase.objects.filter(
        pk=case_id, order__shop=found.shop_id, order__group__buyer=found.buyer_id
    ).first()
    if case is None:
        raise NotFound()
    return case
