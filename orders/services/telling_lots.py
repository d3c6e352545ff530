"""Who is told when a lot is called back and no money is to go back yet. Repeatable by dedupe keys."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from notifications.services.telling import in_language_of, tell
from orders.models import Order
from shops.models import Lot


def tell_recall(*, order: Order, lot: Lot, now: datetime) -> None:
    """Tell the buyer of a parcel that is to be paid at the door not to use what is in it."""
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        tell(
            contact_id=buyer.pk,
            kind="recall",
            title=_("Do not use it: the shop calls goods back"),
            body=_("Order %(number)s. You need not take or pay the parcel. %(why)s")
            % {"number": order.number, "why": lot.note},
            url=f"/orders/{order.number}/",
            dedupe_key=f"recall:{lot.pk}:{order.pk}",
            now=now,
        )
