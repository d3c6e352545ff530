"""What each line costs now, who grew it, and who earns from it (decisions.md 12)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Invalid, NotFound
from livestreams.errors import BadSource, BelowFloorPrice, DealClosed
from livestreams.models import FlashDeal, RundownItem
from livestreams.sources import Source, read_source, source_of_deal
from orders.errors import NotAuthorized, NotOnSale
from shops.models import FarmerAuthorization, TermSheet, Variant
from shops.pricing import split_price
from shops.selectors import term_sheet_of
from shops.statuses import AuthorizationStatus, ProductStatus, ShopStatus


@dataclass(frozen=True)
class WantedLine:
    """What a buyer asks for; `source` is the signed token of the moment that sold it, or empty.

    `deal_id` names the flash deal at whose price it is wanted; the deal then is its own source.
    """

    variant_id: int
    quantity: int
    source: str = ""
    deal_id: int | None = None


@dataclass(frozen=True)
class PricedLine:
    """A line at today's price, in fen. `host_fen` and `platform_fen` are frozen with the sale."""

    variant: Variant
    quantity: int
    price_fen: int
    source: Source | None
    rundown_item: RundownItem | None
    host_commission_bp: int
    host_fen: int
    platform_fen: int
    deal: FlashDeal | None = None
    # Of a pool: on which terms of which farmers.
    term_sheet: TermSheet | None = None

    @property
    def total_fen(self) -> int:
        """Price times quantity."""
        return self.price_fen * self.quantity

    @property
    def on_air_item(self) -> RundownItem | None:
        """The rundown's item whose limits hold: of a sale on air that is no deal."""
        is_on_air = self.source is not None and self.source.is_on_air
        return self.rundown_item if is_on_air and self.deal is None else None

    @property
    def limit_per_buyer(self) -> int | None:
        """How many one person may buy of this deal, or of this item on air; None without a limit."""
        if self.deal is not None:
            return self.deal.per_buyer
        return self.on_air_item.per_buyer_limit if self.on_air_item else None


def sellable_variants(variant_ids: Iterable[int]) -> dict[int, Variant]:
    """Return the variants that can be bought now, by pk, with product, farmer and shop.

    `is_entrusted` tells whether the farmer lets the shop sell.
    """
    consent = FarmerAuthorization.objects.filter(
        farmer_id=OuterRef("product__farmer_id"),
        shop_id=OuterRef("product__shop_id"),
        status=AuthorizationStatus.GRANTED,
    )
    found = Variant.objects.filter(
        pk__in=list(variant_ids),
        is_active=True,
        product__status=ProductStatus.PUBLISHED,
        product__shop__status=ShopStatus.OPEN,
    ).select_related("product__shop", "product__farmer")
    found = found.annotate(is_entrusted=Exists(consent))
    return {variant.pk: variant for variant in found}


def price_lines(lines: Sequence[WantedLine]) -> list[PricedLine]:
    """Price each line, in ascending variant pk.

    NotOnSale for what cannot be bought, NotAuthorized without the farmer's consent, BadSource for a source
    that is forged or belongs to another variant, BelowFloorPrice below what the farmers of a pool agreed to,
    DealClosed for a deal that has not begun, NotFound and Invalid for one that is not there or sells
    something else. Whether a deal is still on, and has enough, is decided when its units are taken.
    """
    variants = sellable_variants(line.variant_id for line in lines)
    if len(variants) < len({line.variant_id for line in lines}):
        raise NotOnSale()
    return [
        _price(variants[line.variant_id], line) for line in sorted(lines, key=lambda line: line.variant_id)
    ]


def usable_source(token: str, *, variant_id: int) -> Source | None:
    """Return the source of a stored line, or None once it no longer holds."""
    try:
        return read_source(token, variant_id=variant_id) if token else None
    except BadSource:
        return None


def spread_source(lines: Sequence[WantedLine], token: str) -> list[WantedLine]:
    """Give a request's one source to the lines that it is bound to; BadSource when there is none."""
    if not token:
        return list(lines)
    spread, is_used = [], False
    for line in lines:
        fits = (
            not line.source
            and line.deal_id is None
            and usable_source(token, variant_id=line.variant_id) is not None
        )
        is_used = is_used or fits
        spread.append(replace(line, source=token) if fits else line)
    # A deal is a source of its own: the token of the room comes along with it and is not needed.
    if not is_used and not any(line.deal_id for line in lines):
        raise BadSource()
    return spread


def _price(variant: Variant, line: WantedLine) -> PricedLine:
    deal = _deal(line) if line.deal_id is not None else None
    source = read_source(line.source, variant_id=variant.pk) if line.source else None
    if deal is not None:
        source = source_of_deal(deal)
    _check_consent(variant, source)
    sheet = term_sheet_of(variant)
    item = None
    if source is not None:
        item = RundownItem.objects.filter(session_id=source.session.pk, variant=variant).first()
    price_fen = variant.price_fen
    if deal is not None:
        price_fen = deal.price_fen
    elif source is not None and source.live_price_fen is not None:
        price_fen = source.live_price_fen
    if sheet is not None and price_fen < sheet.floor_fen:
        raise BelowFloorPrice()
    host_bp = item.host_commission_bp if item and _host_may_present(variant, source, sheet) else 0
    split = split_price(
        total_fen=price_fen * line.quantity,
        host_commission_bp=host_bp,
        platform_fee_bp=settings.PLATFORM_FEE_BP,
    )
    return PricedLine(
        variant=variant,
        quantity=line.quantity,
        price_fen=price_fen,
        source=source,
        rundown_item=item,
        host_commission_bp=host_bp,
        host_fen=split.host_fen,
        platform_fen=split.platform_fen,
        deal=deal,
        term_sheet=sheet,
    )


def _deal(line: WantedLine) -> FlashDeal:
    deals = FlashDeal.objects.select_related("session__host", "rundown_item")
    deal = deals.filter(pk=line.deal_id).first()
    if deal is None:
        raise NotFound()
    if deal.rundown_item.variant_id != line.variant_id:
        raise Invalid(fields={"lines": _("This deal is for other goods.")})
    if deal.stock_id is None:
        raise DealClosed()
    return deal


def _check_consent(variant: Variant, source: Source | None) -> None:
    product = variant.product
    if product.farmer_id is None:
        return
    if variant.is_entrusted:
        return
    if source is not None and _host_may_present(variant, source, None):
        return
    raise NotAuthorized()


def _host_may_present(variant: Variant, source: Source, sheet: TermSheet | None) -> bool:
    # Asked at every sale: a consent that was withdrawn after the pin earns the host nothing any more.
    if sheet is not None:
        farmers = sheet.farmer_ids
        granted = FarmerAuthorization.objects.filter(
            farmer__in=farmers, host_id=source.host.pk, status=AuthorizationStatus.GRANTED
        )
        return bool(farmers) and granted.values("farmer").distinct().count() == len(farmers)
    return _granted(variant.product.farmer_id).filter(host_id=source.host.pk).exists()


def _granted(farmer_id: int | None) -> QuerySet[FarmerAuthorization]:
    return FarmerAuthorization.objects.filter(farmer_id=farmer_id, status=AuthorizationStatus.GRANTED)


def words_to_shops(lines: Sequence[PricedLine], *, note: str, notes: Mapping[int, str]) -> dict[int, str]:
    """Return what is said to which shop; words that could reach a shop for which they are not are refused."""
    shops = {line.variant.product.shop_id for line in lines}
    if note and (len(shops) > 1 or notes):
        raise Invalid(fields={"note": _("Please say for which shop these words are.")})
    if not notes.keys() <= shops:
        raise Invalid(fields={"notes": _("There are words for a shop of which nothing is bought.")})
    return dict.fromkeys(shops, note) if note else dict(notes)
