"""What a show has brought: viewers, orders, yuan by the minute, by product and by farmer, and airtime.

Counted is what was ordered through the show and paid for (or will be paid at the door) and not called off.
The minute of a sale is the one in which the buyer ordered: that is what the host was showing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncMinute

from livestreams.models import LiveSession
from livestreams.selectors.airtime import airtime_by_item
from orders.models import CommissionLine, OrderLine
from orders.selectors import PAID_FOR
from orders.statuses import OrderStatus
from shops.models import Farmer, Variant

# A show that somebody forgot to end must not make an endless list.
MOST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Minute:
    """One minute: the most viewers at once, hearts so far, paid orders and their goods in fen."""

    at: datetime
    viewers: int
    likes: int
    orders: int
    goods_fen: int
    is_dark: bool


@dataclass(frozen=True)
class ProductRow:
    """One product of the show; `pinned_seconds` is its airtime."""

    variant: int
    title: str
    unit: str
    farmer: str
    pinned_seconds: int
    pins: int
    orders: int
    units: int
    goods_fen: int


@dataclass(frozen=True)
class FarmerRow:
    """One farmer; without one (`farmer` None) the shop itself.

    `earned_fen` is after the commissions frozen at the sale; None for who may not see it.
    """

    farmer: int | None
    name: str
    village: str
    pinned_seconds: int
    units: int
    goods_fen: int
    earned_fen: int | None


@dataclass(frozen=True)
class DropOut:
    """A time without picture; `ended_at` is None while it lasts."""

    began_at: datetime
    ended_at: datetime | None
    seconds: int


@dataclass(frozen=True)
class ShowReport:
    """A show in numbers, so far or in the end. Money in fen, lengths in seconds."""

    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int
    peak_viewers: int
    likes: int
    orders: int
    units: int
    goods_fen: int
    unpaid_orders: int
    replay_orders: int
    replay_fen: int
    minutes: list[Minute]
    products: list[ProductRow]
    farmers: list[FarmerRow]
    drop_outs: list[DropOut]
    dark_seconds: int


def show_report(*, session: LiveSession, now: datetime, with_earnings: bool) -> ShowReport:
    """Return the numbers of a show; before it has begun they are all zero."""
    started = session.started_at
    until = session.ended_at or now
    lines = OrderLine.objects.filter(live_session=session, order__status__in=PAID_FOR)
    during = Q(order__placed_at__lte=until)
    drop_outs = _drop_outs(session, until)
    sums = lines.aggregate(
        orders=Count("order", filter=during, distinct=True),
        units=Sum("quantity", filter=during, default=0),
        fen=Sum("total_fen", filter=during, default=0),
        later=Count("order", filter=~during, distinct=True),
        later_fen=Sum("total_fen", filter=~during, default=0),
    )
    unpaid = OrderLine.objects.filter(live_session=session, order__status=OrderStatus.PENDING_PAYMENT)
    shown = _shown(session, until)
    return ShowReport(
        started_at=started,
        ended_at=session.ended_at,
        duration_seconds=int((until - started).total_seconds()) if started else 0,
        peak_viewers=session.peak_viewers,
        likes=session.like_count,
        orders=sums["orders"],
        units=sums["units"],
        goods_fen=sums["fen"],
        unpaid_orders=unpaid.values("order").distinct().count(),
        replay_orders=sums["later"],
        replay_fen=sums["later_fen"],
        minutes=_minutes(session, lines.filter(during), until, drop_outs) if started else [],
        products=_products(session, lines, shown),
        farmers=_farmers(session, lines, shown, with_earnings=with_earnings),
        drop_outs=drop_outs,
        dark_seconds=sum(one.seconds for one in drop_outs),
    )


def _drop_outs(session: LiveSession, until: datetime) -> list[DropOut]:
    return [
        DropOut(
            began_at=one.began_at,
            ended_at=one.ended_at,
            seconds=max(round(((one.ended_at or until) - one.began_at).total_seconds()), 0),
        )
        for one in session.interruptions.all()
    ]


def _minutes(
    session: LiveSession, lines: QuerySet[OrderLine], until: datetime, drop_outs: list[DropOut]
) -> list[Minute]:
    first = session.started_at.replace(second=0, microsecond=0)
    count = min(int((until - first).total_seconds() // 60) + 1, MOST_MINUTES)
    samples = {one.minute_at: one for one in session.viewer_samples.all()}
    sales = {
        row["minute"]: row
        for row in lines.annotate(minute=TruncMinute("order__placed_at"))
        .values("minute")
        .annotate(orders=Count("order", distinct=True), fen=Sum("total_fen"))
        .order_by()
    }
    result = []
    likes = 0
    for back in range(count):
        at = first + timedelta(minutes=back)
        sample, sale = samples.get(at), sales.get(at)
        likes = sample.likes if sample else likes
        minute_ends = at + timedelta(minutes=1)
        result.append(
            Minute(
                at=at,
                viewers=sample.viewers if sample else 0,
                likes=likes,
                orders=sale["orders"] if sale else 0,
                goods_fen=sale["fen"] if sale else 0,
                is_dark=any(one.began_at < minute_ends and (one.ended_at or until) > at for one in drop_outs),
            )
        )
    return result


def _shown(session: LiveSession, until: datetime) -> dict[int, tuple[float, int]]:
    """Airtime by variant: (seconds, how often)."""
    by_item = airtime_by_item(session, now=until)
    variants = session.rundown.filter(pk__in=by_item).values_list("pk", "variant_id")
    return {variant: by_item[item] for item, variant in variants}


def _products(
    session: LiveSession, lines: QuerySet[OrderLine], shown: dict[int, tuple[float, int]]
) -> list[ProductRow]:
    sold = {
        row["variant"]: row
        for row in lines.values("variant")
        .annotate(orders=Count("order", distinct=True), units=Sum("quantity"), fen=Sum("total_fen"))
        .order_by()
    }
    wanted = set(sold) | set(session.rundown.values_list("variant_id", flat=True))
    rows = []
    for variant in Variant.objects.filter(pk__in=wanted).select_related("product__farmer"):
        sale = sold.get(variant.pk, {"orders": 0, "units": 0, "fen": 0})
        seconds, pins = shown.get(variant.pk, (0.0, 0))
        rows.append(
            ProductRow(
                variant=variant.pk,
                title=variant.product.title,
                unit=variant.name,
                farmer=variant.product.farmer.name if variant.product.farmer else "",
                pinned_seconds=round(seconds),
                pins=pins,
                orders=sale["orders"],
                units=sale["units"],
                goods_fen=sale["fen"],
            )
        )
    return sorted(rows, key=lambda row: (-row.goods_fen, -row.pinned_seconds, row.variant))


def _farmers(
    session: LiveSession,
    lines: QuerySet[OrderLine],
    shown: dict[int, tuple[float, int]],
    *,
    with_earnings: bool,
) -> list[FarmerRow]:
    # A line has at most one commission of each kind: summed apart, or the join would count lines twice.
    taken = CommissionLine.objects.filter(order_line=OuterRef("pk")).order_by()
    taken = taken.values("order_line").annotate(fen=Sum("amount_fen")).values("fen")
    sold = {
        row["farmer"]: row
        for row in lines.annotate(taken=Coalesce(Subquery(taken), 0))
        .values("farmer")
        .annotate(units=Sum("quantity"), fen=Sum("total_fen"), taken_fen=Sum("taken"))
        .order_by()
    }
    growers = dict(
        Variant.objects.filter(Q(rundown_items__session=session) | Q(pk__in=shown)).values_list(
            "pk", "product__farmer"
        )
    )
    seconds: dict[int | None, float] = dict.fromkeys([*growers.values(), *sold], 0.0)
    for variant, (length, _times) in shown.items():
        seconds[growers.get(variant)] += length
    people = Farmer.objects.filter(pk__in=[pk for pk in seconds if pk]).select_related("village").in_bulk()
    rows = []
    for pk, length in seconds.items():
        sale = sold.get(pk, {"units": 0, "fen": 0, "taken_fen": 0})
        farmer = people.get(pk)
        rows.append(
            FarmerRow(
                farmer=pk,
                name=farmer.name if farmer else session.shop.name,
                village=farmer.village.display_name if farmer else "",
                pinned_seconds=round(length),
                units=sale["units"],
                goods_fen=sale["fen"],
                earned_fen=sale["fen"] - sale["taken_fen"] if with_earnings else None,
            )
        )
    return sorted(rows, key=lambda row: (-row.goods_fen, -row.pinned_seconds, row.farmer or 0))
