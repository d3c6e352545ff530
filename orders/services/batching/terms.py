"""At which terms a deal sells at this moment: priced by the ordinary path, again whenever a row changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from common.errors import MarketError
from orders.services.batching.wishes import Wish
from orders.services.freighting import terms_of
from orders.services.pricing import PricedLine, price_lines
from shops.freight import Terms as FreightTerms
from shops.models import Variant

MOST_KEPT = 512
# PostgreSQL numbers every version of a row (xmin, ctid): while these stay the same, so does everything that
# pricing.py and freighting.py look at. Buyers change none of them.
LOOK = """
SELECT concat_ws('|', version(deal), version(item), version(session), version(host), version(variant),
                 version(product), version(shop), version(farmer), consent.versions, pin.id,
                 freight.versions, sheet.versions),
       item.variant_id, stock.available,
       stock.is_open AND deal.starts_at <= clock_timestamp() AND clock_timestamp() < deal.ends_at
FROM livestreams_flashdeal AS deal
JOIN livestreams_rundownitem AS item ON item.id = deal.rundown_item_id
JOIN livestreams_livesession AS session ON session.id = deal.session_id
JOIN shops_host AS host ON host.id = session.host_id
JOIN shops_variant AS variant ON variant.id = item.variant_id
JOIN shops_product AS product ON product.id = variant.product_id
JOIN shops_shop AS shop ON shop.id = product.shop_id
LEFT JOIN shops_farmer AS farmer ON farmer.id = product.farmer_id
LEFT JOIN shops_dealstock AS stock ON stock.id = deal.stock_id
LEFT JOIN LATERAL (
    SELECT string_agg(version(one), ',' ORDER BY one.id) AS versions
    FROM shops_farmerauthorization AS one WHERE one.farmer_id = product.farmer_id
) AS consent ON TRUE
LEFT JOIN LATERAL (
    SELECT one.id FROM livestreams_pinevent AS one
    WHERE one.session_id = deal.session_id AND one.rundown_item_id = item.id AND one.closed_at IS NULL
    ORDER BY one.id LIMIT 1
) AS pin ON TRUE
LEFT JOIN LATERAL (
    SELECT string_agg(concat_ws('+', version(one), zones.versions), ',' ORDER BY one.id) AS versions
    FROM shops_freighttemplate AS one
    LEFT JOIN LATERAL (
        SELECT string_agg(version(zone), '+' ORDER BY zone.id) AS versions
        FROM shops_freightzone AS zone WHERE zone.template_id = one.id
    ) AS zones ON TRUE
    WHERE one.shop_id = product.shop_id
) AS freight ON TRUE
LEFT JOIN LATERAL (
    SELECT concat_ws('+', terms.id, (
        SELECT string_agg(version(consent), ',' ORDER BY consent.id) FROM shops_farmerauthorization AS consent
        WHERE consent.farmer_id IN (
            SELECT (one.value ->> 'farmer')::bigint FROM jsonb_array_elements(terms.terms) AS one
        )
    )) AS versions
    FROM shops_termsheet AS terms WHERE terms.variant_id = variant.id
    ORDER BY terms.version DESC LIMIT 1
) AS sheet ON product.farmer_id IS NULL
WHERE deal.id = $1
"""
_ROWS = "deal item session host variant product shop farmer one zone consent"
for _name in _ROWS.split():
    LOOK = LOOK.replace(f"version({_name})", f"{_name}.id || ':' || {_name}.xmin || {_name}.ctid")

_known: OrderedDict[tuple, Any] = OrderedDict()


class Terms:
    """What a deal sells, at which terms it is sent, and how much of it is left, as of one answer to LOOK."""

    def __init__(self, deal_id: int, look: list[tuple]):
        self._deal_id = deal_id
        self._versions, self._variant_id, self.available, self.is_on = look[0] if look else (None,) * 4

    def priced(self, wish: Wish) -> PricedLine:
        """Return the line at its price; refuses with what pricing.price_lines refuses with."""
        if wish.variant_id != self._variant_id:
            return price_lines([wish.line])[0]
        found = self.kept(wish.quantity, lambda: price_lines([wish.line])[0])
        if isinstance(found, MarketError):
            # Raised again and again: it must not gather the frames of every time.
            raise found.with_traceback(None)
        return found

    def freight(self, variant: Variant) -> dict[int, FreightTerms | None]:
        """Return at which terms the deal's goods are sent."""
        return self.kept("freight", lambda: terms_of([variant]))

    def kept(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made under this name at these very terms, or make it."""
        name = (self._deal_id, self._versions, name)
        found = _known.get(name)
        if found is None:
            try:
                found = make()
            except MarketError as refusal:
                found = refusal
            _known[name] = found
            while len(_known) > MOST_KEPT:
                _known.popitem(last=False)
        return found
