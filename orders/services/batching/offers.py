"""At which terms ordinary goods sell now: priced by the ordinary path, again whenever a row changes."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.errors import MarketError
from orders.errors import NotOnSale
from orders.services.freighting import terms_of
from orders.services.pricing import PricedLine, WantedLine, price_lines
from shops.freight import Terms as FreightTerms

MOST_KEPT = 5000
# As terms.LOOK: while the versions of these rows stay the same, so does everything that pricing.py and
# freighting.py look at. Buyers change none of them.
LOOK = """
SELECT w.id, stock.available,
       concat_ws('|', version(variant), version(product), version(shop), version(farmer), (
           SELECT string_agg(version(one), ',' ORDER BY one.id)
           FROM shops_farmerauthorization AS one WHERE one.farmer_id = product.farmer_id
       ), (
           SELECT string_agg(concat_ws('+', version(one), (
               SELECT string_agg(version(zone), '+' ORDER BY zone.id)
               FROM shops_freightzone AS zone WHERE zone.template_id = one.id
           )), ',' ORDER BY one.id)
           FROM shops_freighttemplate AS one WHERE one.shop_id = product.shop_id
       ), CASE WHEN product.farmer_id IS NULL THEN (
           SELECT terms.id FROM shops_termsheet AS terms WHERE terms.variant_id = variant.id
           ORDER BY terms.version DESC LIMIT 1
       ) END)
FROM unnest($1::bigint[]) AS w(id)
LEFT JOIN shops_variant AS variant ON variant.id = w.id
LEFT JOIN shops_product AS product ON product.id = variant.product_id
LEFT JOIN shops_shop AS shop ON shop.id = product.shop_id
LEFT JOIN shops_farmer AS farmer ON farmer.id = product.farmer_id
LEFT JOIN shops_variantstock AS stock ON stock.variant_id = w.id
"""
for _name in ("variant", "product", "shop", "farmer", "one", "zone"):
    LOOK = LOOK.replace(f"version({_name})", f"{_name}.id || ':' || {_name}.xmin || {_name}.ctid")


@dataclass(frozen=True)
class Offer:
    """A line at its price, and at which terms it is sent."""

    line: PricedLine
    freight: FreightTerms | None


_known: OrderedDict[tuple[int, str, int], Offer | MarketError] = OrderedDict()


class Offers:
    """What these goods cost, and how many units of each are free, as of one answer to LOOK."""

    def __init__(self, look: Sequence[tuple[int, int | None, str]]):
        self._versions = {variant_id: versions for variant_id, _, versions in look}
        self.free = {variant_id: available or 0 for variant_id, available, _ in look}

    def learn(self, lines: Iterable[WantedLine]) -> None:
        """Price at once what is not known at these very terms."""
        new = {self._name(line): WantedLine(line.variant_id, line.quantity) for line in lines}
        new = {name: line for name, line in new.items() if name not in _known}
        if not new:
            return
        for line, found in _price(list(new.values())):
            _known[self._name(line)] = found

    def of(self, lines: Sequence[WantedLine]) -> list[Offer]:
        """Return the offers in ascending pk of their variants; refuses with what pricing.price_lines does."""
        found = [_known[self._name(line)] for line in sorted(lines, key=lambda line: line.variant_id)]
        refusals = [one for one in found if isinstance(one, MarketError)]
        # What is not on sale is refused before anything is priced.
        for refusal in sorted(refusals, key=lambda one: not isinstance(one, NotOnSale)):
            # Raised again and again: it must not gather the frames of every time.
            raise refusal.with_traceback(None)
        return found

    def _name(self, line: WantedLine) -> tuple[int, str, int]:
        return line.variant_id, self._versions[line.variant_id], line.quantity


def forget() -> None:
    """Keep no more than so many offers; called between batches, so that none of a batch is missing."""
    while len(_known) > MOST_KEPT:
        _known.popitem(last=False)


def _price(lines: list[WantedLine]) -> list[tuple[WantedLine, Offer | MarketError]]:
    try:
        priced = price_lines(lines)
    except MarketError as refusal:
        if len(lines) == 1:
            return [(lines[0], refusal)]
        # One of them is refused: each gets its own answer.
        half = len(lines) // 2
        return [*_price(lines[:half]), *_price(lines[half:])]
    terms = terms_of(line.variant for line in priced)
    return [
        (wanted, Offer(line, terms[line.variant.product_id]))
        for wanted, line in zip(sorted(lines, key=lambda line: line.variant_id), priced, strict=True)
    ]
