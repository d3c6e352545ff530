"""What the farmers allow on air: which goods, from which price on, for which commission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from common.errors import Invalid, MarketError
from common.money import BASIS_POINTS, yuan_text
from livestreams.errors import BelowFloorPrice, CommissionTooHigh, NotAuthorized
from livestreams.models import LiveSession, RundownItem
from shops.models import Farmer, FarmerAuthorization, Product, TermSheet, Variant
from shops.pricing import split_price
from shops.statuses import AuthorizationStatus


@dataclass(frozen=True)
class Terms:
    """A farmer's terms in a session, in basis points: the host's share of the price, and the least share of
    the listed price. Goods without a farmer are the shop's own, or of many farmers: `floors` tells in fen, by
    variant, what these agreed to."""

    farmer: str
    host_commission_bp: int
    floor_price_bp: int
    floors: Mapping[int, int] = field(default_factory=dict)

    def floor_fen(self, variant: Variant) -> int:
        """Return the lowest price that the farmer accepts, in fen, rounded up."""
        agreed = -(-variant.price_fen * self.floor_price_bp // BASIS_POINTS)
        return max(agreed, self.floors.get(variant.pk, 0))


def terms_of(*, session: LiveSession, products: Iterable[Product]) -> dict[int, Terms | None]:
    """Return the terms in force for each product's pk, None where the farmer granted none; one query.

    Where shop and host both hold a grant, the host's tells the commission and the higher floor holds.
    """
    products = list(products)
    grants: dict[int, list[FarmerAuthorization]] = {}
    granted = FarmerAuthorization.objects.filter(
        Q(shop=session.shop_id) | Q(host=session.host_id),
        farmer__in={product.farmer_id for product in products if product.farmer_id},
        status=AuthorizationStatus.GRANTED,
    )
    for grant in granted.select_related("farmer").order_by("pk"):
        grants.setdefault(grant.farmer_id, []).append(grant)
    shared = _shared_terms(session, [product for product in products if product.farmer_id is None])
    return {
        product.pk: shared.get(product.pk) or _terms(session, product, grants.get(product.farmer_id, []))
        for product in products
    }


def _shared_terms(session: LiveSession, products: list[Product]) -> dict[int, Terms]:
    """Return the terms of goods that many farmers share: what all of them allow (decisions.md 11)."""
    if not products:
        return {}
    newest: dict[int, TermSheet] = {}
    sheets = TermSheet.objects.filter(variant__product__in=products).select_related("variant")
    for sheet in sheets.order_by("version"):
        newest[sheet.variant_id] = sheet
    by_product: dict[int, list[TermSheet]] = {}
    for sheet in newest.values():
        by_product.setdefault(sheet.variant.product_id, []).append(sheet)
    everybody = {pk for sheet in newest.values() for pk in sheet.farmer_ids}
    commissions = dict(
        FarmerAuthorization.objects.filter(
            host=session.host_id, farmer__in=everybody, status=AuthorizationStatus.GRANTED
        ).values_list("farmer_id", "host_commission_bp")
    )
    names = dict(Farmer.objects.filter(pk__in=everybody).values_list("pk", "name"))
    terms = {}
    for product_id, own in by_product.items():
        farmers = sorted({pk for sheet in own for pk in sheet.farmer_ids})
        terms[product_id] = Terms(
            farmer="、".join(names[pk] for pk in farmers[:3]),
            host_commission_bp=min((commissions.get(pk, 0) for pk in farmers), default=0),
            floor_price_bp=0,
            floors={sheet.variant_id: sheet.floor_fen for sheet in own},
        )
    return terms


def _terms(session: LiveSession, product: Product, own: list[FarmerAuthorization]) -> Terms | None:
    if product.farmer_id is None:
        return Terms("", 0, 0)
    if not own:
        return None
    by_host = [grant for grant in own if grant.host_id == session.host_id]
    return Terms(
        farmer=own[0].farmer.name,
        host_commission_bp=by_host[0].host_commission_bp if by_host else 0,
        floor_price_bp=max(grant.floor_price_bp for grant in own),
    )


def check_price(*, variant: Variant, price_fen: int | None, field: str = "live_price_fen") -> None:
    """Raise Invalid for a price on air that is none; None stands for the list price."""
    if price_fen is not None and not 0 < price_fen <= variant.price_fen:
        raise Invalid(fields={field: _("The live price must be above 0 and not above the list price.")})


def check_price_on_air(
    *, session: LiveSession, variant: Variant, price_fen: int, field: str = "live_price_fen"
) -> Terms:
    """Return the terms in force. Raises Invalid for a price that is none, and as `check_consent` does."""
    check_price(variant=variant, price_fen=price_fen, field=field)
    terms = terms_of(session=session, products=[variant.product])[variant.product_id]
    return check_consent(
        variant=variant, terms=terms, live_price_fen=price_fen, commission_bp=None, field=field
    )


def check_consent(
    *,
    variant: Variant,
    terms: Terms | None,
    live_price_fen: int | None,
    commission_bp: int | None,
    field: str = "live_price_fen",
) -> Terms:
    """Return the terms when they allow this price and this commission; `field` is the price's.

    Raises NotAuthorized, BelowFloorPrice, CommissionTooHigh; the words tell the farmer's terms.
    """
    if terms is None:
        raise NotAuthorized(
            _("%(farmer)s has not agreed that “%(goods)s” is sold in this show.")
            % {"farmer": variant.product.farmer.name, "goods": variant.product.title}
        )
    price_fen = live_price_fen or variant.price_fen
    if price_fen < terms.floor_fen(variant):
        words = _floor_words(variant, terms, price_fen)
        raise BelowFloorPrice(words, fields={field: words})
    if commission_bp is not None and commission_bp > terms.host_commission_bp:
        words = _(
            "The host may get at most %(most)s %% of “%(goods)s”: so it was agreed with %(farmer)s."
        ) % {
            "most": percent(terms.host_commission_bp),
            "goods": variant.product.title,
            "farmer": terms.farmer or _("the shop"),
        }  # fmt: skip
        raise CommissionTooHigh(words, fields={"host_commission_bp": words})
    return terms


def check_still_allowed(item: RundownItem) -> None:
    """Raise what `check_consent` raises when the farmer's terms no longer allow this item as planned."""
    check_all_allowed(item.session, [item])


def check_all_allowed(session: LiveSession, items: list[RundownItem]) -> None:
    """Check many items in one query; the refusal names each item that must be changed or taken out."""
    refusals = refused_items(session, items)
    if refusals:
        first = next(iter(refusals.values()))
        words = " ".join(str(refusal.message) for refusal in list(refusals.values())[:3])
        hint = _("Change the price, or take it out of the list.")
        raise type(first)(
            f"{words} {hint}",
            fields={f"item_{pk}": str(refusal.message) for pk, refusal in refusals.items()},
        )


def refused_items(session: LiveSession, items: list[RundownItem]) -> dict[int, MarketError]:
    """Return, by pk, why items cannot be shown as planned; variant, product and farmer are loaded."""
    terms = terms_of(session=session, products=[item.variant.product for item in items])
    refusals: dict[int, MarketError] = {}
    for item in items:
        try:
            check_consent(
                variant=item.variant,
                terms=terms[item.variant.product_id],
                live_price_fen=item.live_price_fen,
                commission_bp=item.host_commission_bp,
            )
        except (NotAuthorized, BelowFloorPrice, CommissionTooHigh) as refusal:
            refusals[item.pk] = refusal
    return refusals


def percent(rate_bp: int) -> str:
    """Return basis points as a person reads them: 500 -> "5", 1250 -> "12.5"."""
    return f"{rate_bp / 100:.2f}".rstrip("0").rstrip(".")


def _floor_words(variant: Variant, terms: Terms, price_fen: int) -> str:
    split = split_price(
        total_fen=price_fen,
        host_commission_bp=terms.host_commission_bp,
        platform_fee_bp=settings.PLATFORM_FEE_BP,
    )
    return _(
        "%(farmer)s sells “%(goods)s” from ¥%(floor)s on, with %(commission)s %% for the host. "
        "At ¥%(price)s only ¥%(rest)s would be theirs."
    ) % {
        "farmer": terms.farmer,
        "goods": variant.product.title,
        "floor": yuan_text(terms.floor_fen(variant)),
        "commission": percent(terms.host_commission_bp),
        "price": yuan_text(price_fen),
        "rest": yuan_text(split.farmer_fen),
    }
