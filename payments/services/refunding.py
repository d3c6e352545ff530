"""Sending money back: one effect at the provider, wherever we are killed (PR3)."""

from datetime import datetime, timedelta

from django.db import transaction

from common import outbox
from common.sweeping import sweep_each
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, Purpose
from orders.models import RefundRequest
from orders.services.locking import lock_group
from orders.services.refunding import mark_refund_failed, mark_refunded
from payments.errors import GatewayRefused, GatewayUnavailable
from payments.gateways import get_gateway
from payments.gateways.base import RefundFacts
from payments.models import Refund
from payments.offers import CASH
from payments.selectors import UNFINISHED, kept_payments, list_unfinished_refunds, list_unsent_requests
from payments.services.deciding import held_in, note_sent_back
from payments.services.fulfilling import lock_bought
from payments.services.settling import new_reference
from payments.statuses import HandRefundStatus, RefundStatus

TRY_AGAIN = timedelta(seconds=60)
MOST_ATTEMPTS = 32_767  # what the column holds; a provider away for a month must not stop the retries


def execute_refund(*, request_id: int, now: datetime) -> Refund:
    """Carry out one refund request of an order; repeating it has no second effect."""
    return send_refund(refund_id=_refund_of(request_id, now).pk, now=now)


def send_refund(*, refund_id: int, now: datetime) -> Refund:
    """Send one refund to the provider under its own reference and post it when it went through.

    GatewayUnavailable leaves it in transit, to be repeated. A refusal marks it failed for an operator.
    """
    refund = _mark_in_transit(refund_id)
    if refund.status not in UNFINISHED:
        return refund
    if refund.payment.gateway == CASH:
        outbox.enqueue("payments.after_hand_refund_due", refund_id=refund_id)
        return _fail(refund_id, "paid in cash: give it back by hand", now)
    came = refund.unmatched or refund.payment
    try:
        facts = get_gateway(refund.payment.gateway).refund(
            reference=came.reference,
            refund_reference=refund.reference,
            amount_fen=refund.amount_fen,
            total_fen=came.amount_fen,
            reason=refund.reason,
        )
    except GatewayRefused as refusal:
        return _fail(refund_id, refusal.detail, now)
    except GatewayUnavailable as silence:
        Refund.objects.filter(pk=refund_id, status__in=UNFINISHED).update(last_error=silence.detail[:300])
        raise
    return settle_refund(refund_id=refund_id, facts=facts, now=now)


@transaction.atomic
def settle_refund(*, refund_id: int, facts: RefundFacts, now: datetime) -> Refund:
    """Make the books agree with what a provider says about a refund, once, whoever brings the news.

    What is not final, or over another reference or amount, moves nothing. Money that went back after all,
    of a refund we had given up, is booked.
    """
    refund = _lock(refund_id)
    if refund.status == RefundStatus.SUCCEEDED or facts.state == "in_transit":
        if facts.state == "refunded" and refund.by_hand.filter(status=HandRefundStatus.DONE).exists():
            # Too late to undo; the comparison of refunds tells operators.
            refund.last_error = "given by hand, and the provider sent it as well"
            refund.save(update_fields=["last_error"])
        return refund
    if (facts.reference, facts.amount_fen) != (refund.reference, refund.amount_fen):
        refund.last_error = f"the provider answered {facts.reference} over {facts.amount_fen}"[:300]
        refund.save(update_fields=["last_error"])
        return refund
    if facts.state == "failed":
        return _fail(refund_id, "the provider could not send it back", now)
    refund.status = RefundStatus.SUCCEEDED
    refund.provider_reference = facts.provider_reference
    refund.last_error = ""
    refund.settled_at = now
    refund.save(update_fields=["status", "provider_reference", "last_error", "settled_at"])
    if refund.request_id is not None:
        mark_refunded(request_id=refund.request_id, now=now)
    source = f"refund:{refund.pk}"
    note_sent_back(refund, now)
    post(
        kind=Kind.REFUND,
        key=source,
        source=source,
        postings=[
            Posting(held_in(refund), refund.amount_fen, source),
            Posting(Purpose.CASH, -refund.amount_fen, source),
        ],
        now=now,
    )
    return refund


def retry_refunds(*, now: datetime) -> int:
    """Take up refunds that were interrupted, were never begun or met a silent provider.

    Return how many are now done.
    """
    done = sweep_each(
        list_unsent_requests(now=now, since=TRY_AGAIN),
        lambda pk: execute_refund(request_id=pk, now=now).status == RefundStatus.SUCCEEDED,
        what="refund request",
    )
    return done + sweep_each(
        list_unfinished_refunds(now=now, since=TRY_AGAIN),
        lambda pk: send_refund(refund_id=pk, now=now).status == RefundStatus.SUCCEEDED,
        what="refund",
    )


@transaction.atomic
def _refund_of(request_id: int, now: datetime) -> Refund:
    request = RefundRequest.objects.select_related("order").get(pk=request_id)
    lock_group(request.order.group_id)
    refund = Refund.objects.filter(request=request).first()
    if refund is not None:
        return refund
    # The payment that paid the purchase: not one that was itself sent back (late, twice).
    # Cash came parcel by parcel, so it goes back to the parcel that it came for.
    kept = kept_payments(request.order.group_id)
    payment = kept.filter(order=request.order_id).first() or kept.filter(order=None).earliest("pk")
    return Refund.objects.create(
        payment=payment,
        request=request,
        reference=new_reference("R", now),
        amount_fen=request.amount_fen,
        reason=request.reason,
        created_at=now,
    )


@transaction.atomic
def _mark_in_transit(refund_id: int) -> Refund:
    refund = (
        Refund.objects.select_for_update(of=["self"]).select_related("payment", "unmatched").get(pk=refund_id)
    )
    if refund.status in UNFINISHED:
        refund.status = RefundStatus.IN_TRANSIT
        refund.attempts = min(refund.attempts + 1, MOST_ATTEMPTS)
        refund.save(update_fields=["status", "attempts"])
    return refund


@transaction.atomic
def _fail(refund_id: int, detail: str, now: datetime) -> Refund:
    refund = _lock(refund_id)
    if refund.status not in UNFINISHED:
        return refund
    refund.status = RefundStatus.FAILED
    refund.last_error = detail[:300]
    refund.settled_at = now
    refund.save(update_fields=["status", "last_error", "settled_at"])
    if refund.request_id is not None:
        mark_refund_failed(request_id=refund.request_id, now=now)
    return refund


def _lock(refund_id: int) -> Refund:
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    lock_bought(refund.payment)
    return Refund.objects.select_for_update(of=["self"]).select_related("payment").get(pk=refund_id)
