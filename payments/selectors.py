"""Reads of payments, each from a person's scope."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from common.errors import NotFound
from payments.models import Payment, Refund
from payments.statuses import PaymentStatus, RefundStatus

OPEN = (PaymentStatus.CREATED, PaymentStatus.PENDING)
UNFINISHED = (RefundStatus.REQUESTED, RefundStatus.IN_TRANSIT)


def get_payment(*, user: User, payment_id: int) -> Payment:
    """Return a payment of the person's own purchase; NotFound for a stranger."""
    found = Payment.objects.select_related("group").filter(group__buyer=user, pk=payment_id).first()
    if found is None:
        raise NotFound()
    return found


def kept_payments(group_id: int) -> QuerySet[Payment]:
    """Return the payments whose money stays for the purchase: not those given back as late or twice."""
    given_back = Refund.objects.filter(payment=OuterRef("pk"), request=None)
    return Payment.objects.filter(group_id=group_id, status=PaymentStatus.SUCCEEDED).exclude(
        Exists(given_back)
    )


def list_unfinished_refunds(*, now: datetime, since: timedelta, limit: int = 100) -> list[int]:
    """Return refunds that were promised a while ago and have not gone through."""
    waiting = Refund.objects.filter(status__in=UNFINISHED, created_at__lte=now - since)
    # The least tried first: a hundred hopeless ones must not starve the rest.
    return list(waiting.order_by("attempts", "pk").values_list("pk", flat=True)[:limit])
