"""What a payment is for: a purchase or a gift. Locked first, fulfilled when the money is there."""

from datetime import datetime

from ledger.services.posting import Posting
from ledger.statuses import Kind, OwnerKind, Purpose
from livestreams.models import Gift
from livestreams.services.gifting import lock_gift, mark_gift_paid
from orders.services.locking import lock_group
from orders.services.paying import mark_group_paid
from payments.models import Payment
from payments.selectors import kept_payments


def lock_bought(payment: Payment) -> None:
    """Lock the purchase or the gift of a payment: always before the payment itself (rules.md 2)."""
    if payment.gift_id is not None:
        lock_gift(payment.gift_id)
    else:
        lock_group(payment.group_id)


def is_bought_before(payment: Payment) -> bool:
    """Say whether another payment's money stays for the same purchase or gift."""
    kept = kept_payments(payment.group_id, gift_id=payment.gift_id)
    return kept.exclude(pk=payment.pk).exists()


def fulfil(payment: Payment, *, now: datetime) -> bool:
    """Give the buyer what the money is for; False when it cannot be, so that the money must go back."""
    if payment.gift_id is not None:
        return mark_gift_paid(gift_id=payment.gift_id, now=now)
    return mark_group_paid(group_id=payment.group_id, now=now)


def kind_of(payment: Payment) -> str:
    """Return why the money of a payment that fulfils is posted."""
    return Kind.GIFT if payment.gift_id is not None else Kind.PAYMENT


def credited(payment: Payment) -> list[Posting]:
    """Return whose the money is: held until a purchase is complete; of a gift the host's and the market's."""
    if payment.gift_id is None:
        return [Posting(Purpose.BUYER_HELD, -payment.amount_fen, f"payment:{payment.pk}")]
    return shares_of(payment.gift)


def shares_of(gift: Gift) -> list[Posting]:
    """Return what a gift owes the host, and the market's part of it."""
    source = f"gift:{gift.pk}"
    return [
        Posting(Purpose.HOST_PAYABLE, -gift.host_fen, source, OwnerKind.HOST, gift.host_id),
        Posting(Purpose.PLATFORM_FEE, -gift.platform_fen, source),
    ]
