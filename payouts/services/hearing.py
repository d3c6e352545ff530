"""What a provider says of a transfer by itself: verified, kept, settled, only then answered (rules.md 1)."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from payments.errors import CallbackTooLarge
from payments.models import PaymentCallback
from payments.services.receiving import conclude_callback, keep_callback
from payouts.models import PayoutTransfer
from payouts.services.transferring import settle_transfer
from payouts.statuses import TransferStatus
from payouts.transfers import get_online_way
from payouts.transfers.base import Facts, Notice

# What a message may say of a transfer in each state, as itself or come late; all else contradicts the book.
FITS: dict[str, tuple[str, ...]] = {
    TransferStatus.SENDING: ("in_transit", "paid", "failed", "returned"),
    TransferStatus.PAID: ("in_transit", "paid", "returned"),
    TransferStatus.RETURNED: ("in_transit", "paid", "returned"),
    TransferStatus.FAILED: ("in_transit", "failed"),
}


def receive_transfer_callback(
    *, way: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> PaymentCallback:
    """Keep a signed message about a transfer and settle it, in effect once per event id.

    What it says goes through the same function as the answers that we ask for. CallbackTooLarge, BadSignature
    and BadCallback keep nothing; what does not fit a transfer of ours is quarantined. Any other exception
    must reach the provider as a 5xx, so that it repeats.
    """
    if len(body) > settings.CALLBACK_MAX_BYTES:
        raise CallbackTooLarge()
    provider = get_online_way(way)
    notice = provider.parse_callback(headers=headers, body=body, now=now)
    callback = keep_callback(gateway=provider.provider, event_id=notice.event_id, body=body, now=now)
    if callback.processed_at is not None:
        return callback
    found = PayoutTransfer.objects.filter(way=way, reference=notice.facts.reference).first()
    problem = _problem_of(notice, found)
    if not problem and found is not None:
        settled = settle_transfer(transfer_id=found.pk, facts=notice.facts, now=now)
        # It may have ended otherwise while this message waited for its lock.
        problem = _contradiction(settled, notice.facts)
    return conclude_callback(callback, problem, now=now)


def _problem_of(notice: Notice, transfer: PayoutTransfer | None) -> str:
    if notice.problem:
        return notice.problem
    if transfer is None:
        return "no transfer of this reference"
    if notice.facts.amount_fen != transfer.amount_fen:
        return f"transfer of {notice.facts.amount_fen} instead of {transfer.amount_fen}"
    return _contradiction(transfer, notice.facts)


def _contradiction(transfer: PayoutTransfer, facts: Facts) -> str:
    if facts.state in FITS.get(transfer.status, ()):
        return ""
    return f"says {facts.state} of transfer {transfer.pk}, which is {transfer.status}"
