"""Wishes to give money back; the payments app carries them out (decisions.md 8)."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from common import outbox
from common.errors import MoveRefused
from orders.models import Order, RefundRequest
from orders.services.case_moves import mark_case_refunded
from orders.services.invoicing import follow_refund
from orders.statuses import RefundRequestStatus


@transaction.atomic
def request_refund(
    *, order: Order, amount_fen: int, reason: str, requested_by: str, now: datetime
) -> RefundRequest:
    """Promise money of a locked order back; MoveRefused when more would be promised than was captured."""
    within = Order.objects.filter(
        pk=order.pk, captured_fen__gte=F("refund_requested_fen") + amount_fen
    ).update(refund_requested_fen=F("refund_requested_fen") + amount_fen)
    if not within:
        raise MoveRefused()
    order.refresh_from_db(fields=["refund_requested_fen"])
    request = RefundRequest.objects.create(
        order=order, amount_fen=amount_fen, reason=reason, requested_by=requested_by, created_at=now
    )
    follow_refund(order, now=now)
    outbox.enqueue("payments.execute_refund", request_id=request.pk)
    return request


@transaction.atomic
def mark_refunded(*, request_id: int, now: datetime) -> None:
    """Note that the money of a request has gone back; repeating it changes nothing."""
    moved = RefundRequest.objects.filter(pk=request_id).exclude(status=RefundRequestStatus.REFUNDED)
    if moved.update(status=RefundRequestStatus.REFUNDED, settled_at=now):
        mark_case_refunded(request_id=request_id, now=now)
        outbox.enqueue("orders.after_refunded", request_id=request_id)


@transaction.atomic
def mark_refund_failed(*, request_id: int, now: datetime) -> None:
    """Note that the provider refused for good; an operator sees it in the admin."""
    RefundRequest.objects.filter(pk=request_id, status=RefundRequestStatus.REQUESTED).update(
        status=RefundRequestStatus.FAILED, settled_at=now
    )
