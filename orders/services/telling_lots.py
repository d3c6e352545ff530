"""Who is told of what the shop found out about goods, beside cases. Repeatable by dedupe keys."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.services.contacts import contact_of
from common.money import yuan_text
from notifications.services.telling import in_language_of, tell
from orders.models import Order, Weighing
from orders.statuses import CostBearer
from orders.weight_cards import weighing_text
from shops.models import Farmer, Lot


def tell_recall(*, order: Order, lot: Lot, now: datetime) -> None:
    """Tell a buyer not to use what was recalled when no money goes back for it now."""
    buyer = contact_of(order.group.buyer)
    with in_language_of(buyer):
        words = _("Order %(number)s: please throw away what is called back. %(why)s")
        if order.is_cash_due:
            words = _("Order %(number)s. You need not take or pay the parcel. %(why)s")
        tell(
            contact_id=buyer.pk,
            kind="recall",
            title=_("Do not use it: the shop calls goods back"),
            body=words % {"number": order.number, "why": lot.note},
            url=f"/orders/{order.number}/",
            dedupe_key=f"recall:{lot.pk}:{order.pk}",
            now=now,
        )


def tell_weighed(*, weighing: Weighing, now: datetime) -> None:
    """Tell the farmers who bear it that a line of theirs weighed less; nobody when it did not."""
    line, case = weighing.order_line, weighing.case
    if case is None or case.lines.get().cost_bearer != CostBearer.FARMER:
        return
    for farmer in _farmers_of(weighing):
        with in_language_of(farmer.contact):
            words = {
                "goods": f"{line.title} {line.variant_name} × {line.quantity}",
                "weights": weighing_text(weighing),
                "amount": yuan_text(case.amount_fen),
            }
            tell(
                contact_id=farmer.contact_id,
                kind="goods_weighed",
                title=_("It weighs less than was sold: %(goods)s") % words,
                body=_("%(weights)s. ¥%(amount)s went back to the buyer; your tally shows your part.")
                % words,
                url="",
                dedupe_key=f"weighed:{weighing.pk}:{farmer.contact_id}",
                now=now,
            )


def _farmers_of(weighing: Weighing) -> list[Farmer]:
    line = weighing.order_line
    if line.farmer is not None:
        return [line.farmer]
    taken = line.allocations.exclude(farmer=None).select_related("farmer__contact")
    return list({one.farmer_id: one.farmer for one in taken if one.kept}.values())
