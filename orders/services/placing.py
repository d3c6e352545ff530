"""Placing an order: the one way from a wish to held goods, for the cart, the pin and the API."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Address, User
from accounts.selectors import get_address
from common import outbox
from common.audit import actor_of
from common.errors import Invalid
from common.idempotency import run_once
from common.models import IdempotencyKey
from livestreams.selectors import units_promised
from livestreams.services.dealing import lock_quota
from livestreams.services.taking import take_units
from livestreams.services.timing_deals import settle_deal
from orders.errors import BuyerLimitReached, EmptyOrder, TooManyUnpaid
from orders.models import CartLine, CommissionLine, Order, OrderGroup, OrderLine
from orders.selectors.collection import check_collection
from orders.services.freighting import Sent, settled_freight, terms_of
from orders.services.numbering import number_purchase
from orders.services.paying import PAYABLE
from orders.services.pricing import PricedLine, WantedLine, price_lines, spread_source, words_to_shops
from orders.services.using import discounts_for, hold_coupon, lock_coupon
from orders.statuses import CommissionKind, OrderStatus
from shops.errors import SoldOut
from shops.models import StockReservation
from shops.services import stock

MAX_LINES = 50
NOTE_MAX = 200
OPERATION = "orders.place"
UNPAID = """
SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s, 0));
SELECT count(DISTINCT g.id) FROM orders_ordergroup AS g JOIN orders_order AS o ON o.group_id = g.id
WHERE g.buyer_id = %(buyer)s AND o.status = ANY(%(payable)s)
"""


def place_order(
    *,
    buyer: User,
    lines: Sequence[WantedLine],
    address_id: int,
    idempotency_key: uuid.UUID,
    now: datetime,
    source: str = "",
    note: str = "",
    notes: Mapping[int, str] | None = None,
    clear_cart: bool = False,
    coupon_id: int | None = None,
) -> tuple[dict[str, Any], bool]:
    """Hold the goods and freeze the price of one purchase, once per key; return (answer, replayed).

    `notes` are words to single shops, by their ids; `note` is for the only shop of a purchase. The answer is
    {group, orders: [{number, shop, total_fen}], total_fen, expires_at}. Refuses with Invalid,
    NotFound (address, deal, coupon), NotOnSale, NotAuthorized, BadSource, TooManyUnpaid, BuyerLimitReached,
    RegionNeeded, Undeliverable, DealClosed, SoldOut, CouponUsed, CouponExpired, CouponNotUsable, ShopByShop,
    ShopNotChecked; then nothing is kept.
    """
    check_lines(lines)
    said = words_said(notes)
    body = body_of(
        lines=lines, address_id=address_id, source=source, note=note, notes=notes, coupon_id=coupon_id
    )

    def run() -> dict[str, Any]:
        address = get_address(user=buyer, address_id=address_id)
        priced = price_lines(spread_source(lines, source))
        check_collection(line.variant.product.shop for line in priced)
        words = words_to_shops(priced, note=note, notes=said)
        orders = _place(buyer=buyer, lines=priced, address=address, words=words, coupon_id=coupon_id, now=now)
        if clear_cart:
            variants = [line.variant_id for line in lines]
            CartLine.objects.filter(cart__user=buyer, variant_id__in=variants).delete()
        return _answer(orders)

    return run_once(
        actor=actor_of(buyer), operation=OPERATION, key=idempotency_key, body=body, now=now, run=run
    )


def body_of(
    *,
    lines: Sequence[WantedLine],
    address_id: int,
    source: str,
    note: str,
    notes: Mapping[int, str] | None = None,
    coupon_id: int | None = None,
) -> dict[str, Any]:
    """Return what the key of a purchase is bound to, whichever door it comes through."""
    body = {
        "lines": [
            [line.variant_id, line.quantity, line.source, *([line.deal_id] if line.deal_id else [])]
            for line in lines
        ],
        "address": address_id,
        "source": source,
        "note": note,
    }
    if coupon_id:
        body["coupon"] = coupon_id
    if said := words_said(notes):
        body["notes"] = sorted(said.items())
    return body


def words_said(notes: Mapping[int, str] | None) -> dict[int, str]:
    """Return the words to single shops without the empty ones."""
    return {shop_id: words for shop_id, words in (notes or {}).items() if words}


def find_placed(*, buyer: User, idempotency_key: uuid.UUID) -> dict[str, Any] | None:
    """Return the answer of a purchase that this key has already placed, or None."""
    stored = IdempotencyKey.objects.filter(
        actor=actor_of(buyer), operation=OPERATION, key=idempotency_key
    ).first()
    return stored.answer if stored else None


def check_lines(lines: Sequence[WantedLine]) -> None:
    """Refuse no lines (EmptyOrder), too many of them or of one, and goods named twice (Invalid)."""
    if not lines:
        raise EmptyOrder()
    most = settings.ORDER_LINE_MAX_QUANTITY
    for line in lines:
        if type(line.quantity) is not int or not 1 <= line.quantity <= most:
            raise Invalid(fields={"quantity": _("Please order between 1 and %(most)d.") % {"most": most}})
    if len({line.variant_id for line in lines}) < len(lines) or len(lines) > MAX_LINES:
        raise Invalid(fields={"lines": _("Name each product once, and at most 50 of them.")})


def _place(
    *,
    buyer: User,
    lines: Sequence[PricedLine],
    address: Address,
    words: Mapping[int, str],
    coupon_id: int | None,
    now: datetime,
) -> list[Order]:
    coupon = lock_coupon(buyer=buyer, coupon_id=coupon_id)
    off = discounts_for(coupon, lines)
    _check_unpaid(buyer)
    _check_limits(buyer, lines)
    _check_quotas(lines)
    by_shop: dict[int, list[PricedLine]] = defaultdict(list)
    for line in lines:
        by_shop[line.variant.product.shop_id].append(line)
    sent = [Sent(line.variant, line.quantity, line.total_fen) for line in lines]
    terms = terms_of(line.variant for line in lines)
    freight = settled_freight(sent, region_code=address.region_code, terms=terms)
    group = OrderGroup.objects.create(
        buyer=buyer,
        total_fen=sum(line.total_fen for line in lines) + sum(freight.values()) - sum(off.values()),
        created_at=now,
        expires_at=now + timedelta(minutes=settings.RESERVATION_MINUTES),
    )
    hold_coupon(coupon=coupon, group=group)
    numbers = number_purchase(now=now, orders=len(by_shop), lines=len(lines))
    orders = []
    for number, (shop_id, shop_lines) in zip(numbers.orders, sorted(by_shop.items()), strict=True):
        goods_fen = sum(line.total_fen for line in shop_lines)
        off_fen = sum(off.get(line.variant.pk, 0) for line in shop_lines)
        orders.append(
            Order(
                number=number,
                group=group,
                shop_id=shop_id,
                goods_fen=goods_fen,
                freight_fen=freight[shop_id],
                total_fen=goods_fen + freight[shop_id] - off_fen,
                discount_fen=off_fen,
                coupon=coupon if off_fen else None,
                recipient=address.recipient,
                phone=address.phone,
                region_code=address.region_code,
                region=address.region,
                address=address.detail,
                note=words.get(shop_id, ""),
                placed_at=now,
            )
        )
    Order.objects.bulk_create(orders)
    ids = iter(zip(numbers.lines, numbers.reservations, strict=True))
    made = [
        (_line(order, line, off.get(line.variant.pk, 0), *next(ids)), line)
        for order in orders
        for line in by_shop[order.shop_id]
    ]
    OrderLine.objects.bulk_create(line for line, _ in made)
    CommissionLine.objects.bulk_create(share for line, priced in made for share in _shares(line, priced))
    outbox.enqueue_many("orders.after_placed", [{"order_id": order.pk} for order in orders])
    _hold_stock(made, group, now)
    return orders


def _check_unpaid(buyer: User) -> None:
    """Bound what one person can keep from everybody else without paying (rules.md 13)."""
    # Two purchases of one person at once must see each other: the second statement looks when the first has
    # got the lock.
    with connection.cursor() as cursor:
        cursor.execute(UNPAID, {"lock": f"unpaid|{buyer.pk}", "buyer": buyer.pk, "payable": sorted(PAYABLE)})
        cursor.nextset()
        (unpaid,) = cursor.fetchone()
    if unpaid >= settings.UNPAID_PURCHASES_MAX:
        raise TooManyUnpaid()


def _check_limits(buyer: User, lines: Sequence[PricedLine]) -> None:
    # Two purchases of one person at once see each other: _check_unpaid has taken the person's lock.
    for line in lines:
        if not line.limit_per_buyer:
            continue
        own = OrderLine.objects.filter(order__group__buyer=buyer)
        if line.deal is None:
            own = own.filter(
                flash_deal=None, variant=line.variant, live_session_id=line.rundown_item.session_id
            )
        else:
            # "+ 0": from the buyer's few orders, never from the deal's many lines, whatever the database
            # believes of a deal that began a minute ago.
            own = own.annotate(sold_by=F("flash_deal_id") + 0).filter(sold_by=line.deal.pk)
        bought = own.exclude(order__status=OrderStatus.CANCELLED).aggregate(units=Sum("quantity"))["units"]
        if (bought or 0) + line.quantity > line.limit_per_buyer:
            raise BuyerLimitReached()


def _check_quotas(lines: Sequence[PricedLine]) -> None:
    """Keep ordinary sales on air within what the rundown leaves besides its deals (decisions.md 10)."""
    capped = {line.on_air_item.pk: line for line in lines if line.on_air_item and line.on_air_item.quota}
    for item_id, line in sorted(capped.items()):
        lock_quota(item_id)
        if units_promised(line.on_air_item) + line.quantity > line.on_air_item.quota:
            raise SoldOut()


def _line(order: Order, line: PricedLine, off_fen: int, pk: int, reservation_id: int) -> OrderLine:
    return OrderLine(
        pk=pk,
        reservation_id=reservation_id,
        order=order,
        variant=line.variant,
        farmer_id=line.variant.product.farmer_id,
        title=line.variant.product.title,
        variant_name=line.variant.name,
        price_fen=line.price_fen,
        quantity=line.quantity,
        total_fen=line.total_fen,
        discount_fen=off_fen,
        live_session=line.source.session if line.source else None,
        pin_event=line.source.pin_event if line.source else None,
        flash_deal=line.deal,
        term_sheet=line.term_sheet,
    )


def _shares(made: OrderLine, line: PricedLine) -> Iterator[CommissionLine]:
    yield CommissionLine(
        order_line=made,
        kind=CommissionKind.PLATFORM,
        rate_bp=settings.PLATFORM_FEE_BP,
        amount_fen=line.platform_fen,
    )
    if line.source is not None and line.host_commission_bp:
        yield CommissionLine(
            order_line=made,
            kind=CommissionKind.HOST,
            host=line.source.host,
            rate_bp=line.host_commission_bp,
            amount_fen=line.host_fen,
        )


def _hold_stock(made: Sequence[tuple[OrderLine, PricedLine]], group: OrderGroup, now: datetime) -> None:
    # First the rows of deals, then those of variants, each ascending: baskets in opposite order cannot wait
    # for each other (A2). Last of all, so that whoever wants the same goods waits shortly.
    StockReservation.objects.bulk_create(
        StockReservation(
            pk=line.reservation_id,
            variant_id=line.variant_id,
            deal_stock_id=priced.deal.stock_id if priced.deal else None,
            quantity=line.quantity,
            reference=f"order_line:{line.pk}",
            expires_at=group.expires_at,
            created_at=now,
        )
        for line, priced in made
    )
    for line, priced in sorted(made, key=_stock_order):
        if priced.deal is not None:
            take_units(deal_id=priced.deal.pk, quantity=line.quantity)
            _settle_later(priced.deal.pk)
        else:
            stock.take_units(variant_id=line.variant_id, quantity=line.quantity)


def _stock_order(pair: tuple[OrderLine, PricedLine]) -> tuple[int, int]:
    line, priced = pair
    return (0, priced.deal.stock_id) if priced.deal else (1, line.variant_id)


def _settle_later(deal_id: int) -> None:
    # In this process, not through a worker: everybody sees within a second that the last one is gone. What
    # fails here is made good by the clock (timing_deals.watch_deals).
    transaction.on_commit(lambda: settle_deal(deal_id=deal_id), robust=True)


def _answer(orders: Sequence[Order]) -> dict[str, Any]:
    group = orders[0].group
    return {
        "group": group.pk,
        "orders": [
            {"number": order.number, "shop": order.shop_id, "total_fen": order.total_fen} for order in orders
        ],
        "total_fen": group.total_fen,
        "expires_at": group.expires_at.isoformat().replace("+00:00", "Z"),
    }
