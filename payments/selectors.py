"""Reads of payments, each from a person's scope."""

from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from common.errors import NotFound
from ledger.selectors import balance_of
from ledger.statuses import OwnerKind, Purpose
from orders.models import RefundRequest
from orders.statuses import RefundRequestStatus
from payments.models import CashHandover, HandRefund, Payment, ProviderBill, ProviderBillLine, Refund
from payments.offers import CASH
from payments.statuses import Giver, HandRefundStatus, PaymentStatus, RefundStatus
from shops.models import Shop

OPEN = (PaymentStatus.CREATED, PaymentStatus.PENDING)
UNFINISHED = (RefundStatus.REQUESTED, RefundStatus.IN_TRANSIT)


def get_payment(*, user: User, payment_id: int) -> Payment:
    """Return a payment of the person's own purchase or gift; NotFound for a stranger."""
    own = Q(group__buyer=user) | Q(gift__giver=user)
    found = Payment.objects.select_related("group", "gift__session").filter(own, pk=payment_id).first()
    if found is None:
        raise NotFound()
    return found


def kept_payments(group_id: int | None, *, gift_id: int | None = None) -> QuerySet[Payment]:
    """Return the payments whose money stays for a purchase (or gift): not those given back, late or twice."""
    given_back = Refund.objects.filter(payment=OuterRef("pk"), request=None, unmatched=None, gift=None)
    bought = Payment.objects.filter(group_id=group_id, gift_id=gift_id, status=PaymentStatus.SUCCEEDED)
    return bought.exclude(Exists(given_back))


def list_paid_elsewhere(*, limit: int = 200) -> tuple[list[int], list[int]]:
    """Return purchases and gifts that were paid while other payments of theirs are still open."""
    paid = Payment.objects.filter(status=PaymentStatus.SUCCEEDED)
    is_paid = Q(Exists(paid.filter(group=OuterRef("group")))) | Q(Exists(paid.filter(gift=OuterRef("gift"))))
    rows = (
        Payment.objects.filter(is_paid, status__in=OPEN).order_by("pk").values_list("group", "gift")[:limit]
    )
    return [group for group, _ in rows if group], [gift for _, gift in rows if gift]


def list_unsent_requests(*, now: datetime, since: timedelta, limit: int = 100) -> list[int]:
    """Return refund requests that were made a while ago and that nobody has begun to carry out."""
    waiting = RefundRequest.objects.filter(
        status=RefundRequestStatus.REQUESTED, refund=None, created_at__lte=now - since
    )
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])


def list_unfinished_refunds(*, now: datetime, since: timedelta, limit: int = 100) -> list[int]:
    """Return refunds that were promised a while ago and have not gone through."""
    waiting = Refund.objects.filter(status__in=UNFINISHED, created_at__lte=now - since)
    # The least tried first: a hundred hopeless ones must not starve the rest.
    return list(waiting.order_by("attempts", "pk").values_list("pk", flat=True)[:limit])


def get_own_shop(*, user: User, shop_id: int) -> Shop:
    """Return a shop that the person works in; NotFound for a stranger."""
    shop = Shop.objects.filter(memberships__user=user, pk=shop_id).first()
    if shop is None:
        raise NotFound()
    return shop


def cash_held_by(shop: Shop) -> int:
    """Return how much of the market's cash a shop holds, in fen."""
    return balance_of(purpose=Purpose.SHOP_CASH, owner_kind=OwnerKind.SHOP, owner_id=shop.pk)


def list_handovers(shop: Shop) -> QuerySet[CashHandover]:
    """Return what a shop has handed over, the newest first."""
    return CashHandover.objects.filter(shop=shop).order_by("-pk")


def list_hand_refunds_due(shop: Shop) -> QuerySet[Refund]:
    """Return refunds of a shop's cash orders that nobody has noted as given back, the oldest first."""
    due = Refund.objects.filter(
        payment__gateway=CASH, status=RefundStatus.FAILED, request__order__shop=shop
    ).exclude(by_hand__status__in=[HandRefundStatus.NOTED, HandRefundStatus.DONE])
    return due.select_related("request__order__group__buyer").order_by("pk")


def list_hand_refunds_to_confirm(*, buyer: User, number: str = "") -> QuerySet[HandRefund]:
    """Return what shops say that they gave the person back; of one order, or of all."""
    notes = HandRefund.objects.filter(
        status=HandRefundStatus.NOTED, giver=Giver.SHOP, refund__payment__group__buyer=buyer
    )
    if number:
        notes = notes.filter(refund__request__order__number=number)
    return notes.select_related("refund__request__order__shop").order_by("pk")


def has_cash(user: User) -> bool:
    """Say whether cash was ever paid at the door to a shop of the person."""
    return Payment.objects.filter(gateway=CASH, order__shop__memberships__user=user).exists()


def current_bill(*, gateway: str, kind: str, day: date) -> ProviderBill | None:
    """Return the bill that counts for a day of a provider."""
    return ProviderBill.objects.filter(gateway=gateway, kind=kind, bill_on=day, is_current=True).first()


def same_lines(line: ProviderBillLine) -> list[int]:
    """Return the lines that say the same in any version of the bill, this one among them."""
    bill = line.bill
    return list(
        ProviderBillLine.objects.filter(
            bill__gateway=bill.gateway,
            bill__kind=bill.kind,
            bill__bill_on=bill.bill_on,
            kind=line.kind,
            reference=line.reference,
            provider_reference=line.provider_reference,
            amount_fen=line.amount_fen,
        ).values_list("pk", flat=True)
    )
