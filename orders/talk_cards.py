"""Private talk as pages show it: what was said, about what, and what is being written."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from orders.case_cards import Evidence, evidence_of
from orders.models import AfterSaleCase, Conversation, Order, PrivateMessage
from orders.selectors.talking import list_messages
from orders.statuses import TalkSide
from shops.models import Product
from shops.statuses import PhotoStatus

SHOWN = 50


@dataclass(frozen=True)
class About:
    """What a message is about: `name` and `value` as the form carries them, and where it leads."""

    name: str
    value: str
    label: str
    url: str


@dataclass(frozen=True)
class Said:
    """One message. `is_waiting` while a photo of it is not ready."""

    pk: int
    is_mine: bool
    text: str
    at: datetime
    photos: list[Evidence]
    about: list[About]
    is_waiting: bool


@dataclass(frozen=True)
class Thread:
    """A part of a talk, the oldest first; `earlier` is the message before which more was said."""

    messages: list[Said]
    earlier: int | None

    @property
    def newest(self) -> int:
        """Return the newest message of this part, 0 for none."""
        return self.messages[-1].pk if self.messages else 0


def thread_of(
    *, user: User, talk: Conversation, side: str, after: int | None = None, before: int | None = None
) -> Thread:
    """Return the newest messages, those after one (polling), or those before one."""
    found = list_messages(user=user, conversation_id=talk.pk)
    if after is not None:
        found = found.filter(pk__gt=after)
    if before is not None:
        found = found.filter(pk__lt=before)
    newest = list(found[: SHOWN + 1])
    shown = list(reversed(newest[:SHOWN]))
    has_earlier = after is None and len(newest) > SHOWN
    return Thread([_said(one, side) for one in shown], shown[0].pk if has_earlier else None)


def about_of(*, buyer_id: int, shop_id: int, side: str, given: dict[str, str]) -> About | None:
    """Return the product, order or case that a page named, when it is of these two; else None."""
    if (pk := _number(given.get("case"))) is not None:
        case = AfterSaleCase.objects.filter(
            pk=pk, order__shop=shop_id, order__group__buyer=buyer_id
        ).select_related("order")
        return next((_about_case(one, side) for one in case), None)
    if number := given.get("order"):
        order = Order.objects.filter(number=number[:20], shop=shop_id, group__buyer=buyer_id)
        return next((_about_order(one, side) for one in order), None)
    if (pk := _number(given.get("product"))) is not None:
        return next((_about_product(one, side) for one in Product.objects.filter(pk=pk, shop=shop_id)), None)
    return None


def _said(message: PrivateMessage, side: str) -> Said:
    about = []
    if message.product is not None:
        about.append(_about_product(message.product, side))
    if message.order is not None:
        about.append(_about_order(message.order, side))
    if message.case is not None:
        about.append(_about_case(message.case, side))
    photos = list(message.photos.all())
    return Said(
        pk=message.pk,
        is_mine=message.side == side,
        text=message.text,
        at=message.created_at,
        photos=[evidence_of(photo) for photo in photos if photo.status != PhotoStatus.REJECTED],
        about=about,
        is_waiting=any(photo.status == PhotoStatus.UPLOADED for photo in photos),
    )


def _about_product(product: Product, side: str) -> About:
    url = f"/products/{product.pk}/" if side == TalkSide.BUYER else f"/desk/goods/{product.pk}/"
    return About("product", str(product.pk), product.title, url)


def _about_order(order: Order, side: str) -> About:
    url = f"/orders/{order.number}/" if side == TalkSide.BUYER else f"/desk/orders/{order.number}/"
    return About("order", order.number, _("Order %(number)s") % {"number": order.number}, url)


def _about_case(case: AfterSaleCase, side: str) -> About:
    url = f"/after-sales/{case.pk}/" if side == TalkSide.BUYER else f"/desk/after-sales/{case.pk}/"
    label = _("Money back for order %(number)s") % {"number": case.order.number}
    return About("case", str(case.pk), label, url)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
