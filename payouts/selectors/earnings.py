"""What a person has earned as farmer, host or shop owner, read from the book (fen, earned > 0)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.models import User
from ledger.models import LedgerEntry
from ledger.statuses import Kind, OwnerKind
from orders.models import CommissionLine, Order, OrderLine
from orders.selectors.lot_shares import shares_of
from orders.statuses import OrderStatus
from payouts.models import Payout, PayoutStatement, SettlementPeriod
from payouts.selectors.claims import PAYABLE
from payouts.statuses import PayoutStatus, PeriodStatus
from shops.models import Farmer, Host, Shop

PAID_OUT = (Kind.PAYOUT, Kind.PAYOUT_RETURNED)
UNDER_WAY = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED)


@dataclass(frozen=True)
class Earnings:
    """A person's money at one instant, in fen.

    `today_fen` was earned since midnight in the village; `period_fen` is earned and not on a statement yet;
    `coming_fen` is in orders that buyers have not received; `carried_fen` ≤ 0 is an old debt; `waiting_fen`
    is on statements and not paid yet. `expected_fen` is what the next statement would pay.
    """

    is_payee: bool
    today_fen: int
    period_fen: int
    coming_fen: int
    carried_fen: int
    waiting_fen: int
    closes_at: datetime | None

    @property
    def expected_fen(self) -> int:
        """Return what the next statement would pay if it were made now; never below zero."""
        return max(self.period_fen + self.carried_fen, 0)


@dataclass(frozen=True)
class MonthSum:
    """What was earned in one month of the village's calendar."""

    first_day: date
    amount_fen: int
    is_current: bool


@dataclass(frozen=True)
class _Roles:
    farmers: list[int]
    hosts: list[int]
    shops: list[int]

    def __bool__(self) -> bool:
        return bool(self.farmers or self.hosts or self.shops)


def expected_payout(*, user: User, now: datetime) -> Earnings:
    """Return what a person has earned and will be paid, over all roles."""
    roles = _roles_of(user)
    entries = _earned_entries(roles)
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone)
    unpaid = (PayoutStatus.PENDING, PayoutStatus.PROCESSING, PayoutStatus.FAILED)
    own = PayoutStatement.objects.filter(
        Q(farmer_id__in=roles.farmers) | Q(host_id__in=roles.hosts) | Q(payee_shop_id__in=roles.shops)
    )
    return Earnings(
        is_payee=bool(roles),
        today_fen=_earned(entries.filter(transaction__posted_at__gte=midnight)),
        period_fen=_earned(entries.filter(statement_line=None)),
        coming_fen=_coming(roles),
        carried_fen=_sum(own.filter(net_fen__lt=0, carried_into=None), "net_fen"),
        waiting_fen=_sum(Payout.objects.filter(statement__in=own, status__in=unpaid), "amount_fen"),
        closes_at=_closes_at(roles),
    )


def earnings_by_month(*, user: User, now: datetime, months: int = 6) -> list[MonthSum]:
    """Return the last months with what was earned in each, oldest first, empty ones included."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    count = today.year * 12 + today.month - 1
    firsts = [date(number // 12, number % 12 + 1, 1) for number in range(count - months + 1, count + 1)]
    begin = datetime.combine(firsts[0], time(), tzinfo=zone)
    rows = (
        _earned_entries(_roles_of(user))
        .filter(transaction__posted_at__gte=begin)
        .annotate(month=TruncMonth("transaction__posted_at", tzinfo=zone))
        .order_by()
        .values_list("month")
        .annotate(total=Sum("amount_fen"))
    )
    earned = {month.date(): -int(total) for month, total in rows}
    return [MonthSum(first, earned.get(first, 0), first == firsts[-1]) for first in firsts]


def _roles_of(user: User) -> _Roles:
    return _Roles(
        farmers=list(Farmer.objects.filter(user=user).values_list("pk", flat=True)),
        hosts=list(Host.objects.filter(user=user).values_list("pk", flat=True)),
        shops=list(Shop.objects.for_owner(user).values_list("pk", flat=True)),
    )


def _earned_entries(roles: _Roles) -> QuerySet:
    owned = (
        Q(account__owner_kind=OwnerKind.FARMER, account__owner_id__in=roles.farmers)
        | Q(account__owner_kind=OwnerKind.HOST, account__owner_id__in=roles.hosts)
        | Q(account__owner_kind=OwnerKind.SHOP, account__owner_id__in=roles.shops)
    )
    entries = LedgerEntry.objects.filter(owned, account__purpose__in=PAYABLE)
    return entries.exclude(transaction__kind__in=PAID_OUT)


def _coming(roles: _Roles) -> int:
    lines = OrderLine.objects.filter(order__status__in=UNDER_WAY)
    own = Q(farmer_id__in=roles.farmers) | Q(farmer=None, term_sheet=None, order__shop_id__in=roles.shops)
    grown = lines.filter(own)
    shared = lines.filter(allocations__farmer_id__in=roles.farmers).exclude(term_sheet=None).distinct()
    shared_fen = sum(
        share.farmer_fen
        for line in shared.prefetch_related("allocations", "commissions")
        for share in shares_of(line)
        if share.allocation.farmer_id in roles.farmers
    )
    shares = CommissionLine.objects.filter(order_line__in=grown)
    shown = CommissionLine.objects.filter(order_line__order__status__in=UNDER_WAY, host_id__in=roles.hosts)
    under_way = Order.objects.filter(status__in=UNDER_WAY)
    orders = under_way.filter(shop_id__in=roles.shops)
    given = under_way.filter(
        Q(coupon__campaign__cost_bearer="shop", shop_id__in=roles.shops)
        | Q(coupon__campaign__cost_bearer="host", coupon__campaign__host_id__in=roles.hosts)
    )
    return (
        shared_fen
        + _sum(grown, "total_fen")
        - _sum(shares, "amount_fen")
        + _sum(shown, "amount_fen")
        + _sum(orders, "freight_fen")
        - _sum(given, "discount_fen")
    )


def _closes_at(roles: _Roles) -> datetime | None:
    periods = SettlementPeriod.objects.filter(status=PeriodStatus.OPEN).filter(
        Q(shop_id__in=roles.shops)
        | Q(shop__authorizations__farmer_id__in=roles.farmers)
        | Q(shop__sessions__host_id__in=roles.hosts)
    )
    return periods.order_by("ends_at").values_list("ends_at", flat=True).first()


def _earned(entries: QuerySet) -> int:
    return -_sum(entries, "amount_fen")


def _sum(rows: QuerySet, field: str) -> int:
    return int(rows.aggregate(total=Sum(field))["total"] or 0)
