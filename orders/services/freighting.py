"""What sending costs: the one truth of quoting and placing. The arithmetic is shops.freight."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from orders.errors import RegionNeeded, Undeliverable
from shops.freight import Freight, Load, Terms, freight_of
from shops.models import Variant
from shops.selectors import freight_terms_for


@dataclass(frozen=True)
class Sent:
    """Some units of a variant, at the sum that they cost."""

    variant: Variant
    quantity: int
    total_fen: int


def terms_of(variants: Iterable[Variant]) -> dict[int, Terms | None]:
    """Return at which terms each variant's product is sent now, by product pk."""
    return freight_terms_for({variant.product_id: variant.product for variant in variants}.values())


def freight_by_shop(
    sent: Sequence[Sent], *, region_code: str, terms: Mapping[int, Terms | None]
) -> dict[int, Freight]:
    """Return the freight of each shop's parcels to a county, by shop pk; its keys are variants."""
    loads: dict[int, list[Load]] = {}
    for one in sent:
        load = Load(
            key=one.variant.pk,
            terms=terms[one.variant.product_id],
            quantity=one.quantity,
            weight_g=one.variant.weight_g,
            total_fen=one.total_fen,
        )
        loads.setdefault(one.variant.product.shop_id, []).append(load)
    flat_fen = settings.FLAT_FREIGHT_FEN
    return {shop: freight_of(own, region_code=region_code, flat_fen=flat_fen) for shop, own in loads.items()}


def settled_freight(
    sent: Sequence[Sent], *, region_code: str, terms: Mapping[int, Terms | None]
) -> dict[int, int]:
    """Return each shop's freight in fen, by shop pk; RegionNeeded or Undeliverable when it cannot be sent."""
    by_shop = freight_by_shop(sent, region_code=region_code, terms=terms)
    if any(freight.unknown for freight in by_shop.values()):
        raise RegionNeeded()
    refused = frozenset().union(*(freight.undeliverable for freight in by_shop.values()))
    if refused:
        titles = [one.variant.product.title for one in sent if one.variant.pk in refused]
        raise Undeliverable(fields={"lines": ", ".join(titles)})
    return {shop: freight.freight_fen for shop, freight in by_shop.items()}
