"""What a buyer puts aside. Nothing is held until an order is placed."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import Invalid, NotFound
from livestreams.sources import read_source
from orders.errors import NotOnSale
from orders.models import Cart, CartLine
from orders.services.placing import MAX_LINES
from orders.services.pricing import sellable_variants


@transaction.atomic
def add_to_cart(*, user: User, variant_id: int, quantity: int, now: datetime, source: str = "") -> CartLine:
    """Put units aside, on top of those already there, up to the most that one line holds.

    Invalid for a quantity outside 1–999, NotOnSale, BadSource for a forged source.
    """
    _check_quantity(quantity)
    variant = sellable_variants([variant_id]).get(variant_id)
    if variant is None:
        raise NotOnSale()
    price_fen = variant.price_fen
    if source:
        live_price_fen = read_source(source, variant_id=variant_id).live_price_fen
        price_fen = live_price_fen if live_price_fen is not None else price_fen
    Cart.objects.get_or_create(user=user)
    cart = Cart.objects.select_for_update().get(user=user)
    line = cart.lines.filter(variant=variant).first()
    if line is None:
        if cart.lines.count() >= MAX_LINES:
            raise Invalid(_("The cart is full. Please order some of it first."))
        return cart.lines.create(
            variant=variant, quantity=quantity, price_seen_fen=price_fen, source=source, added_at=now
        )
    line.quantity = min(line.quantity + quantity, settings.ORDER_LINE_MAX_QUANTITY)
    line.price_seen_fen = price_fen
    line.source = source or line.source
    line.added_at = now
    line.save(update_fields=["quantity", "price_seen_fen", "source", "added_at"])
    return line


@transaction.atomic
def set_quantity(*, user: User, line_id: int, quantity: int) -> CartLine:
    """Change how many of a line are wanted; NotFound for another person's line."""
    _check_quantity(quantity)
    line = CartLine.objects.select_for_update().filter(cart__user=user, pk=line_id).first()
    if line is None:
        raise NotFound()
    line.quantity = quantity
    line.save(update_fields=["quantity"])
    return line


@transaction.atomic
def remove_line(*, user: User, line_id: int) -> None:
    """Take a line out; NotFound for another person's line."""
    deleted, _rows = CartLine.objects.filter(cart__user=user, pk=line_id).delete()
    if not deleted:
        raise NotFound()


@transaction.atomic
def note_prices_seen(*, user: User, prices: dict[int, int]) -> None:
    """Remember the prices (by line id, in fen) that the buyer has now been shown."""
    for line in CartLine.objects.select_for_update().filter(cart__user=user, pk__in=prices).order_by("pk"):
        if line.price_seen_fen != prices[line.pk]:
            line.price_seen_fen = prices[line.pk]
            line.save(update_fields=["price_seen_fen"])


def _check_quantity(quantity: int) -> None:
    most = settings.ORDER_LINE_MAX_QUANTITY
    if type(quantity) is not int or not 1 <= quantity <= most:
        raise Invalid(fields={"quantity": _("Please choose between 1 and %(most)d.") % {"most": most}})
