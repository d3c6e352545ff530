"""What lines weighed, in words for buyers, shops and farmers."""

from decimal import Decimal

from django.utils.translation import gettext as _

from common.money import yuan_text
from orders.models import OrderLine, Weighing


def weight_text(grams: int) -> str:
    """Return a weight as people say it: 900 -> "900 g", 1900 -> "1.9 kg"."""
    if grams < 1000:
        return _("%(number)s g") % {"number": grams}
    return _("%(number)s kg") % {"number": f"{(Decimal(grams) / 1000).normalize():f}"}


def weighing_text(weighing: Weighing) -> str:
    """Return what a line weighed instead of what was ordered."""
    words = {"real": weight_text(weighing.weighed_g), "ordered": weight_text(weighing.ordered_g)}
    return _("weighed %(real)s, ordered %(ordered)s") % words


def weighing_of(line: OrderLine) -> str:
    """Return the trail of a line that was weighed, with the money that went back; "" for others."""
    weighing = getattr(line, "weighing", None)
    if weighing is None:
        return ""
    words = weighing_text(weighing)
    if weighing.case is None:
        return words
    return words + " · " + _("¥%(amount)s back") % {"amount": yuan_text(weighing.case.amount_fen)}
