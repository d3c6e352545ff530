"""What sending one product costs, and where it cannot be sent, in the words of its page."""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import User
from accounts.regions import region_name
from accounts.selectors import default_address
from shops.freight import Load, freight_of
from shops.models import Product, Variant
from shops.selectors import freight_terms_for


@dataclass(frozen=True)
class Sending:
    """`freight_fen` of one piece to `region`; None where it is not sent or nobody knows where it goes."""

    freight_fen: int | None
    region: str
    is_sent: bool
    free_above_fen: int | None
    never_to: list[str]
    is_flat: bool


def sending_of(product: Product, variant: Variant, user: User) -> Sending:
    """Return how a product travels to the person's default address."""
    address = default_address(user) if user.is_authenticated else None
    terms = freight_terms_for([product])[product.pk]
    load = Load(variant.pk, terms, 1, variant.weight_g, variant.price_fen)
    region_code = address.region_code if address else ""
    freight = freight_of([load], region_code=region_code, flat_fen=settings.FLAT_FREIGHT_FEN)
    never = [code for zone in terms.zones if not zone.is_deliverable for code in zone.codes] if terms else []
    return Sending(
        freight_fen=None if freight.unknown or freight.undeliverable else freight.freight_fen,
        region=address.region if address else "",
        is_sent=not freight.undeliverable or not region_code,
        free_above_fen=terms.free_above_fen if terms else None,
        never_to=[region_name(code) for code in never],
        is_flat=terms is None,
    )
