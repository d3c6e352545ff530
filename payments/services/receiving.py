"""A callback comes in: verified, kept, settled, and only then answered (rules.md 1)."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from payments.errors import CallbackTooLarge
from payments.gateways import get_gateway
from payments.gateways.base import RefundFacts
from payments.models import Payment, PaymentCallback, Refund
from payments.services.refunding import settle_refund
from payments.services.settling import settle_payment
from payments.statuses import CallbackOutcome


def receive_callback(
    *, gateway: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> PaymentCallback:
    """Keep a verified callback and settle its payment, in effect once per event id.

    CallbackTooLarge, BadSignature and BadCallback keep nothing. Contents that do not match a payment of
    ours are quarantined. Any other exception must reach the provider as a 5xx, so that it repeats.
    """
    if len(body) > settings.CALLBACK_MAX_BYTES:
        raise CallbackTooLarge()
    notice = get_gateway(gateway).parse_callback(headers=headers, body=body, now=now)
    callback = keep_callback(gateway=gateway, event_id=notice.event_id, body=body, now=now)
    if callback.processed_at is not None:
        return callback
    if notice.refund is not None:
        return _take_refund(callback, notice.refund, now)
    payment = Payment.objects.filter(gateway=gateway, reference=notice.facts.reference).first()
    if payment is None:
        return conclude_callback(callback, "no payment of this reference", now=now)
    settle_payment(payment_id=payment.pk, facts=notice.facts, now=now, callback=callback)
    callback.refresh_from_db()
    return callback


def keep_callback(*, gateway: str, event_id: str, body: bytes, now: datetime) -> PaymentCallback:
    """Keep a verified message as it came, once per event id, before anything is done about it."""
    PaymentCallback.objects.bulk_create(
        [PaymentCallback(gateway=gateway, event_id=event_id, body=body, received_at=now)],
        ignore_conflicts=True,
    )
    return PaymentCallback.objects.get(gateway=gateway, event_id=event_id)


def _take_refund(callback: PaymentCallback, facts: RefundFacts, now: datetime) -> PaymentCallback:
    refund = (
        Refund.objects.select_related("payment")
        .filter(payment__gateway=callback.gateway, reference=facts.reference)
        .first()
    )
    if refund is None:
        return conclude_callback(callback, "no refund of this reference", now=now)
    callback.payment = refund.payment
    if facts.amount_fen != refund.amount_fen:
        problem = f"refund of {facts.amount_fen} instead of {refund.amount_fen}"
        return conclude_callback(callback, problem, now=now)
    settle_refund(refund_id=refund.pk, facts=facts, now=now)
    return conclude_callback(callback, "", now=now)


def conclude_callback(callback: PaymentCallback, problem: str, *, now: datetime) -> PaymentCallback:
    """Note that a message was dealt with, or put it into quarantine with what is wrong with it."""
    callback.outcome = CallbackOutcome.QUARANTINED if problem else CallbackOutcome.PROCESSED
    callback.problem, callback.processed_at = problem[:200], now
    callback.save(update_fields=["payment", "outcome", "problem", "processed_at"])
    return callback
