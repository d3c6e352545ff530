"""What a cart would cost now, and what has changed since: told before anybody pays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from accounts.models import User
from accounts.selectors import get_address
from orders.models import CartLine
from orders.selectors import cart_lines
from orders.selectors.collection import check_collection
from orders.services.freighting import Sent, freight_by_shop, settled_freight, terms_of
from orders.services.pricing import (
    WantedLine,
    price_lines,
    sellable_variants,
    spread_source,
    usable_source,
    words_to_shops,
)
from shops.freight import Freight
from shops.models import Shop

Problem = Literal["", "gone", "sold_out", "too_many", "undeliverable"]


@dataclass(frozen=True)
class QuotedLine:
    """A line at today's price; `problem` keeps it out of the order and of the sums."""

    line: CartLine
    price_fen: int
    was_fen: int | None
    available: int
    problem: Problem
    source: str

    @property
    def total_fen(self) -> int:
        """Price times quantity."""
        return self.price_fen * self.line.quantity

    @property
    def price_before_fen(self) -> int | None:
        """The price the buyer was shown before, when it was another one."""
        seen = self.line.price_seen_fen
        return seen if not self.problem and seen != self.price_fen else None


@dataclass(frozen=True)
class ShopQuote:
    """What one shop would send; the sums leave lines with a problem out.

    `needs_region`: the freight of some goods is not in the sum, for it depends on where they go.
    """

    shop: Shop
    lines: list[QuotedLine]
    goods_fen: int
    freight_fen: int
    needs_region: bool = False

    @property
    def undeliverable_lines(self) -> list[QuotedLine]:
        """The lines that another address could receive."""
        return [line for line in self.lines if line.problem == "undeliverable"]

    @property
    def total_fen(self) -> int:
        """Goods and freight."""
        return self.goods_fen + self.freight_fen


@dataclass(frozen=True)
class Quote:
    """A whole cart, or the part of it that is to be ordered."""

    shops: list[ShopQuote]

    @property
    def lines(self) -> list[QuotedLine]:
        """Every line, in the order of the page."""
        return [line for shop in self.shops for line in shop.lines]

    @property
    def good_lines(self) -> list[QuotedLine]:
        """The lines that can be ordered now."""
        return [line for line in self.lines if not line.problem]

    @property
    def undeliverable_lines(self) -> list[QuotedLine]:
        """The lines that another address could receive."""
        return [line for shop in self.shops for line in shop.undeliverable_lines]

    @property
    def needs_region(self) -> bool:
        """Whether the freight of some shop cannot be told yet."""
        return any(shop.needs_region for shop in self.shops)

    @property
    def goods_fen(self) -> int:
        """Price of the goods."""
        return sum(shop.goods_fen for shop in self.shops)

    @property
    def freight_fen(self) -> int:
        """Freight of every shop that sends something."""
        return sum(shop.freight_fen for shop in self.shops)

    @property
    def total_fen(self) -> int:
        """What would be paid."""
        return self.goods_fen + self.freight_fen


def quote_cart(*, user: User, only: Collection[int] = (), region_code: str = "") -> Quote:
    """Return the person's cart at today's prices, sent to a county; `only` keeps just these variants."""
    lines = [line for line in cart_lines(user) if not only or line.variant_id in only]
    sellable = sellable_variants(line.variant_id for line in lines)
    by_shop: dict[int, list[QuotedLine]] = {}
    shops: dict[int, Shop] = {}
    for line in lines:
        shop = line.variant.product.shop
        shops[shop.pk] = shop
        by_shop.setdefault(shop.pk, []).append(_quote_line(line, line.variant_id in sellable))
    sent = [
        Sent(quoted.line.variant, quoted.line.quantity, quoted.total_fen)
        for own in by_shop.values()
        for quoted in own
        if not quoted.problem
    ]
    terms = terms_of(one.variant for one in sent)
    freight = freight_by_shop(sent, region_code=region_code, terms=terms)
    return Quote(
        [_quote_shop(shops[pk], quoted, freight.get(pk, Freight(0))) for pk, quoted in by_shop.items()]
    )


def _quote_line(line: CartLine, is_sellable: bool) -> QuotedLine:
    source = usable_source(line.source, variant_id=line.variant_id)
    ordinary = line.variant.price_fen
    price = source.live_price_fen if source and source.live_price_fen is not None else ordinary
    stock = getattr(line.variant, "stock", None)
    available = stock.available if stock else 0
    problem: Problem = ""
    if not is_sellable:
        problem = "gone"
    elif available <= 0:
        problem = "sold_out"
    elif available < line.quantity:
        problem = "too_many"
    return QuotedLine(
        line=line,
        price_fen=price,
        was_fen=ordinary if price < ordinary else None,
        available=available,
        problem=problem,
        source=line.source if source else "",
    )


def _quote_shop(shop: Shop, lines: list[QuotedLine], freight: Freight) -> ShopQuote:
    lines = [
        replace(line, problem="undeliverable") if line.line.variant_id in freight.undeliverable else line
        for line in lines
    ]
    return ShopQuote(
        shop=shop,
        lines=lines,
        goods_fen=sum(line.total_fen for line in lines if not line.problem),
        freight_fen=freight.freight_fen,
        needs_region=bool(freight.unknown),
    )


@dataclass(frozen=True)
class Sum:
    """What a purchase would cost now, before a coupon, in fen."""

    goods_fen: int
    freight_fen: int

    @property
    def total_fen(self) -> int:
        """Goods and their way."""
        return self.goods_fen + self.freight_fen


def quote_lines(
    *,
    user: User,
    lines: Sequence[WantedLine],
    address_id: int,
    source: str = "",
    note: str = "",
    notes: Mapping[int, str] | None = None,
) -> Sum:
    """Return what `place_order` would ask for these lines, writing nothing; it refuses what that refuses.

    Whether there is enough of it, and whether the buyer may have so many, is decided when it is placed.
    """
    address = get_address(user=user, address_id=address_id)
    priced = price_lines(spread_source(lines, source))
    check_collection(line.variant.product.shop for line in priced)
    words_to_shops(priced, note=note, notes={shop: words for shop, words in (notes or {}).items() if words})
    freight = settled_freight(
        [Sent(line.variant, line.quantity, line.total_fen) for line in priced],
        region_code=address.region_code,
        terms=terms_of(line.variant for line in priced),
    )
    return Sum(sum(line.total_fen for line in priced), sum(freight.values()))
