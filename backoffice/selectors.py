"""What an operator should look at first."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate

from common.models import OutboxMessage
from ledger.selectors import TrialBalance, trial_balance
from ledger.selectors.comparisons import open_findings
from livestreams import storage
from livestreams.models import LiveSession
from livestreams.statuses import ON_AIR
from notifications.models import NotificationDelivery
from notifications.statuses import DeliveryStatus
from orders.models import AfterSaleCase, Order, RefundRequest, ReviewReport
from orders.statuses import CaseStatus, OrderStatus, RefundRequestStatus
from payments.models import CashHandover, HandRefund, PaymentCallback
from payments.statuses import CallbackOutcome, HandoverStatus, HandRefundStatus
from payouts.models import Payout, PayoutRun, SettlementPeriod, StatementQuestion
from payouts.selectors.periods import overdue_periods
from payouts.statuses import PayoutStatus, PeriodStatus, RunStatus
from shops.models import Host, Product, Shop
from shops.statuses import HostStatus, ProductStatus, ShopStatus


@dataclass(frozen=True)
class Duties:
    """How many things wait for an operator."""

    shops: int
    hosts: int
    products: int
    payouts_to_approve: int
    payouts_to_pay: int
    payouts_failed: int
    runs_to_check: int
    runs_to_finish: int
    callbacks: int
    cash: int
    hand_refunds: int
    outbox: int
    refunds: int
    cases: int
    reviews: int
    deliveries: int
    closing_periods: int
    questions: int
    full_disks: int
    differences: int


@dataclass(frozen=True)
class DaySales:
    """What buyers paid on one day in the village, in fen."""

    day: datetime
    amount_fen: int
    is_today: bool


@dataclass(frozen=True)
class Numbers:
    """The market at one instant."""

    duties: Duties
    week: list[DaySales]
    week_fen: int
    week_orders: int
    to_ship: int
    on_air: int
    overdue_periods: int
    book: TrialBalance


def duties() -> Duties:
    """Count what waits for an operator."""
    payouts = Payout.objects.aggregate(
        pending=Count("pk", filter=Q(status=PayoutStatus.PENDING)),
        processing=Count("pk", filter=Q(status=PayoutStatus.PROCESSING)),
        failed=Count("pk", filter=Q(status=PayoutStatus.FAILED)),
    )
    return Duties(
        shops=Shop.objects.filter(status=ShopStatus.PENDING).count(),
        hosts=Host.objects.filter(status=HostStatus.APPLIED).count(),
        products=Product.objects.filter(status=ProductStatus.IN_REVIEW).count(),
        payouts_to_approve=payouts["pending"],
        payouts_to_pay=payouts["processing"],
        payouts_failed=payouts["failed"],
        runs_to_check=PayoutRun.objects.filter(status=RunStatus.DRAFT).count(),
        runs_to_finish=PayoutRun.objects.filter(status__in=(RunStatus.APPROVED, RunStatus.SENDING)).count(),
        callbacks=PaymentCallback.objects.filter(outcome=CallbackOutcome.QUARANTINED).count(),
        cash=CashHandover.objects.filter(status=HandoverStatus.NOTED).count(),
        hand_refunds=HandRefund.objects.filter(status=HandRefundStatus.NOTED).count(),
        outbox=OutboxMessage.objects.exclude(quarantined_at=None).count(),
        cases=AfterSaleCase.objects.filter(status=CaseStatus.REJECTED, appealed_at__isnull=False).count(),
        reviews=ReviewReport.objects.filter(settled_at=None).values("review").distinct().count(),
        refunds=RefundRequest.objects.filter(status=RefundRequestStatus.FAILED).count(),
        deliveries=NotificationDelivery.objects.filter(status=DeliveryStatus.FAILED).count(),
        closing_periods=SettlementPeriod.objects.filter(status=PeriodStatus.CLOSING).count(),
        questions=StatementQuestion.objects.filter(answered_at=None).count(),
        differences=open_findings().filter(acknowledged_at=None).count(),
        full_disks=int(storage.free_bytes() < settings.LIVE_LEAST_FREE_BYTES),
    )


def market_numbers(*, now: datetime) -> Numbers:
    """Return the duties, seven days of sales (cancelled ones left out), and the state of the book."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(6, -1, -1)]
    begin = datetime.combine(days[0], time(), tzinfo=zone)
    sold = Order.objects.filter(paid_at__gte=begin).exclude(status=OrderStatus.CANCELLED)
    rows = (
        sold.annotate(day=TruncDate("paid_at", tzinfo=zone))
        .order_by()
        .values_list("day")
        .annotate(fen=Sum("total_fen"), orders=Count("pk"))
    )
    by_day = {day: (int(fen), orders) for day, fen, orders in rows}
    week = [DaySales(day, by_day.get(day, (0, 0))[0], day == today) for day in days]
    return Numbers(
        duties=duties(),
        overdue_periods=overdue_periods(now=now).count(),
        week=week,
        week_fen=sum(day.amount_fen for day in week),
        week_orders=sum(orders for _, orders in by_day.values()),
        to_ship=Order.objects.filter(status__in=(OrderStatus.PAID, OrderStatus.CONFIRMED)).count(),
        on_air=LiveSession.objects.filter(status__in=ON_AIR).count(),
        book=trial_balance(),
    )
