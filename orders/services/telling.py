"""What the people of an order are told, in their own language (rules.md PR5). Repeatable by dedupe keys."""

from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.models import Contact
from accounts.services.contacts import contact_of
from common.money import yuan_text
from notifications.services.telling import in_language_of, tell
from orders.models import Order, RefundRequest
from orders.selectors import cancel_words, farmer_shares
from orders.statuses import RefundReason


def tell_paid(*, order: Order, now: datetime) -> None:
    """Tell the buyer, the shop, and every farmer whose goods were sold."""
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        _tell(
            buyer,
            order,
            "order_paid",
            _("Paid: ¥%(amount)s") % {"amount": yuan_text(order.total_fen)},
            _("%(shop)s now packs your order %(number)s.")
            % {"shop": order.shop.name, "number": order.number},
            now,
        )
    with in_language_of(order.shop.contact):
        _tell(
            order.shop.contact,
            order,
            "order_to_ship",
            _("New order to ship: ¥%(amount)s") % {"amount": yuan_text(order.total_fen)},
            _("Order %(number)s is paid. Please pack and send it.") % {"number": order.number},
            now,
            url=desk_url(order),
        )
    _tell_farmers_sold(order, now)


def tell_confirmed(*, order: Order, now: datetime) -> None:
    """Tell the buyer, the shop, and every farmer that goods were sold against cash on delivery."""
    words = {"amount": yuan_text(order.total_fen), "shop": order.shop.name, "number": order.number}
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        title = _("Confirmed: you pay ¥%(amount)s on delivery") % words
        _tell(
            buyer,
            order,
            "order_confirmed",
            title,
            _("%(shop)s now packs your order %(number)s.") % words,
            now,
        )
    with in_language_of(order.shop.contact):
        _tell(
            order.shop.contact,
            order,
            "order_to_ship",
            _("New order to ship, cash on delivery: ¥%(amount)s") % words,
            _("Send order %(number)s with a carrier that takes the cash.") % words,
            now,
            url=desk_url(order),
        )
    _tell_farmers_sold(order, now)


def tell_shipped(*, order: Order, now: datetime, shipment_id: int | None = None) -> None:
    """Tell the buyer that a parcel is on its way: the one that is named, or the last."""
    buyer = contact_of(order.group.buyer)
    shipments = order.shipments.order_by("pk")
    shipment = shipments.get(pk=shipment_id) if shipment_id else shipments.last()
    with in_language_of(buyer):
        tell(
            contact_id=buyer.pk,
            kind="order_shipped",
            title=_("Your parcel is on its way"),
            body=_("%(carrier)s, number %(tracking)s.")
            % {"carrier": shipment.carrier_name, "tracking": shipment.tracking_number},
            url=buyer_url(order),
            dedupe_key=f"parcel_shipped:{shipment.pk}:{buyer.pk}",
            now=now,
        )


def tell_completed(*, order: Order, now: datetime) -> None:
    """Tell the farmers and the shop that the money is theirs, and thank the buyer."""
    for share in farmer_shares(order):
        with in_language_of(share.farmer.contact):
            _tell(
                share.farmer.contact,
                order,
                "farmer_earned",
                _("¥%(amount)s are yours") % {"amount": yuan_text(share.amount_fen)},
                _("%(goods)s has arrived at the buyer. It is in your next payout.") % {"goods": share.goods},
                now,
                url="",
            )
    with in_language_of(order.shop.contact):
        _tell(
            order.shop.contact,
            order,
            "order_completed",
            _("Order completed"),
            _("The buyer has received order %(number)s.") % {"number": order.number},
            now,
            url=desk_url(order),
        )
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        _tell(
            buyer,
            order,
            "order_thanks",
            _("Thank you for buying from the village"),
            _("Order %(number)s is completed, and the growers will be paid.") % {"number": order.number},
            now,
        )


def tell_cancelled(*, order: Order, now: datetime) -> None:
    """Tell the buyer, and the shop when it had already been paid."""
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        words = cancel_words(order)
        if going_back_fen := _going_back_fen(order):
            words = _("%(reason)s. ¥%(amount)s go back to where they came from.") % {
                "reason": words,
                "amount": yuan_text(going_back_fen),
            }
        _tell(buyer, order, "order_cancelled", _("Order cancelled"), words, now)
    if order.captured_fen or (order.confirmed_at and not order.shipped_at):
        with in_language_of(order.shop.contact):
            _tell(
                order.shop.contact,
                order,
                "order_cancelled_shop",
                _("Order cancelled: do not ship"),
                _("Order %(number)s was cancelled. %(reason)s.")
                % {"number": order.number, "reason": cancel_words(order)},
                now,
                url=desk_url(order),
            )


def _going_back_fen(order: Order) -> int:
    """Return what goes back because of the end itself: what a case gave back before is not told again."""
    asked = order.refund_requests.exclude(reason=RefundReason.AFTER_SALE)
    return asked.aggregate(total=Sum("amount_fen"))["total"] or 0


def tell_refunded(*, request: RefundRequest, now: datetime) -> None:
    """Tell the buyer that the money has been sent back."""
    order = request.order
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        tell(
            contact_id=buyer.pk,
            kind="order_refunded",
            title=_("Refunded: ¥%(amount)s") % {"amount": yuan_text(request.amount_fen)},
            body=_("The money for order %(number)s is on its way back to you.") % {"number": order.number},
            url=buyer_url(order),
            dedupe_key=f"order_refunded:{request.pk}",
            now=now,
        )


def _tell_farmers_sold(order: Order, now: datetime) -> None:
    for share in farmer_shares(order):
        with in_language_of(share.farmer.contact):
            _tell(
                share.farmer.contact,
                order,
                "goods_sold",
                _("Sold: %(goods)s") % {"goods": share.goods},
                _("When the buyer has received it, ¥%(amount)s are yours.")
                % {"amount": yuan_text(share.amount_fen)},
                now,
                url="",
            )


def buyer_url(order: Order) -> str:
    """Return the buyer's page of an order."""
    return f"/orders/{order.number}/"


def desk_url(order: Order) -> str:
    """Return the shop's page of an order."""
    return f"/desk/orders/{order.number}/"


def _tell(
    contact: Contact, order: Order, kind: str, title: str, body: str, now: datetime, url: str | None = None
) -> None:
    tell(
        contact_id=contact.pk,
        kind=kind,
        title=title[:120],
        body=body[:500],
        url=buyer_url(order) if url is None else url,
        dedupe_key=f"{kind}:{order.pk}:{contact.pk}",
        now=now,
    )
