"""What people are told about money that goes from hand to hand, and gifts that go back (rules.md PR5)."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from common.money import yuan_text
from livestreams.models import Gift
from notifications.services.telling import in_language_of, tell
from orders.statuses import RefundReason
from payments.models import HandRefund, Refund

CASH_PAGE = "/desk/cash/"


def tell_hand_refund_due(*, refund: Refund, now: datetime) -> None:
    """Tell the shop that a buyer gets cash back."""
    order = refund.request.order
    with in_language_of(order.shop.contact):
        tell(
            contact_id=order.shop.contact_id,
            kind="hand_refund_due",
            title=_("Give ¥%(amount)s back") % {"amount": yuan_text(refund.amount_fen)},
            body=_("Order %(number)s was paid in cash. Note here how the buyer got it back.")
            % {"number": order.number},
            url=CASH_PAGE,
            dedupe_key=f"hand_refund_due:{refund.pk}",
            now=now,
        )


def tell_hand_refund_noted(*, note: HandRefund, now: datetime) -> None:
    """Ask the buyer whether the shop's money has come."""
    if note.giver != "shop":
        return
    order = note.refund.request.order
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        tell(
            contact_id=buyer.pk,
            kind="hand_refund_noted",
            title=_("Did you get ¥%(amount)s?") % {"amount": yuan_text(note.refund.amount_fen)},
            body=_("%(shop)s says it gave you the money for order %(number)s back. Please say yes or no.")
            % {"shop": order.shop.name, "number": order.number},
            url=f"/orders/{order.number}/",
            dedupe_key=f"hand_refund_noted:{note.pk}",
            now=now,
        )


def tell_hand_refund_declined(*, note: HandRefund, now: datetime) -> None:
    """Tell the shop that the money has not come; what the market gives, its operators look after."""
    if note.giver != "shop":
        return
    order = note.refund.request.order
    with in_language_of(order.shop.contact):
        tell(
            contact_id=order.shop.contact_id,
            kind="hand_refund_declined",
            title=_("The buyer has not got ¥%(amount)s") % {"amount": yuan_text(note.refund.amount_fen)},
            body=_("Please look into it and note again how order %(number)s was paid back.")
            % {"number": order.number},
            url=CASH_PAGE,
            dedupe_key=f"hand_refund_declined:{note.pk}",
            now=now,
        )


def tell_given_back(*, refund: Refund, now: datetime) -> None:
    """Tell who paid that money for which nothing was owed goes back, and why."""
    payment = refund.payment
    buyer = contact_of(payment.gift.giver if payment.gift is not None else payment.group.buyer)
    page = f"/gifts/{payment.gift_id}/"
    if payment.group is not None:
        page = f"/orders/{payment.group.orders.earliest('pk').number}/"
    with in_language_of(buyer):
        words = {
            RefundReason.PAID_TWICE: _(
                "It was paid already. What came twice goes back to where you paid from."
            ),
            RefundReason.PAID_TOO_LATE: _(
                "It came too late: what you paid for had run out or was called off. It goes back to where you"
                " paid from."
            ),
        }
        unfit = _("It did not fit what was to be paid. It goes back to where you paid from.")
        tell(
            contact_id=buyer.pk,
            kind="money_given_back",
            title=_("¥%(amount)s goes back to you") % {"amount": yuan_text(refund.amount_fen)},
            body=words.get(refund.reason, unfit),
            url=page,
            dedupe_key=f"money_given_back:{refund.pk}",
            now=now,
        )


def tell_gift_returned(*, gift: Gift, now: datetime) -> None:
    """Tell the giver that the money of a gift goes back."""
    giver = contact_of(gift.giver)
    with in_language_of(giver):
        tell(
            contact_id=giver.pk,
            kind="gift_returned",
            title=_("¥%(amount)s goes back to you") % {"amount": yuan_text(gift.amount_fen)},
            body=_("The market gives your gift %(name)s back. The money goes where it came from.")
            % {"name": gift.name},
            url=f"/gifts/{gift.pk}/",
            dedupe_key=f"gift_returned:{gift.pk}",
            now=now,
        )
