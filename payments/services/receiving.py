"""A callback comes in: verified, kept, settled, and only then answered (rules.md 1)."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from payments.errors import CallbackTooLarge
from payments.gateways import get_gateway
from payments.models import Payment, PaymentCallback
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
    PaymentCallback.objects.bulk_create(
        [PaymentCallback(gateway=gateway, event_id=notice.event_id, body=body, received_at=now)],
        ignore_conflicts=True,
    )
    callback = PaymentCallback.objects.get(gateway=gateway, event_id=notice.event_id)
    if callback.processed_at is not None:
        return callback
    payment = Payment.objects.filter(gateway=gateway, reference=notice.facts.reference).first()
    if payment is None:
        callback.outcome = CallbackOutcome.QUARANTINED
        callback.problem = "no payment of this reference"
        callback.processed_at = now
        callback.save(update_fields=["outcome", "problem", "processed_at"])
        return callback
    settle_payment(payment_id=payment.pk, facts=notice.facts, now=now, callback=callback)
    callback.refresh_from_db()
    return callback
