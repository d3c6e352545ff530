"""A gift goes back to its giver, by an operator's decision."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, Purpose
from livestreams.services.gifting import take_gift_back
from payments.models import Refund
from payments.selectors import kept_payments
from payments.services.fulfilling import shares_of
from payments.services.settling import new_reference

REASON = "gift_returned"


@transaction.atomic
def return_gift(*, actor: User, gift_id: int, reason: str, now: datetime) -> Refund:
    """Take a gift from its host and the market in the book and send its money back, once, audited.

    What the host was told of already is taken off the next tally. NotAllowed, NotFound, Invalid without a
    reason, MoveRefused unless the gift is given.
    """
    gift = take_gift_back(actor=actor, gift_id=gift_id, reason=reason, now=now)
    source = f"gift:{gift.pk}"
    taken = [
        Posting(share.purpose, -share.amount_fen, share.source, share.owner_kind, share.owner_id)
        for share in shares_of(gift)
    ]
    post(
        kind=Kind.GIFT_RETURNED,
        key=f"gift_returned:{gift.pk}",
        source=source,
        postings=[*taken, Posting(Purpose.BUYER_HELD, -gift.amount_fen, source)],
        now=now,
        memo=reason.strip()[:200],
    )
    refund = Refund.objects.create(
        payment=kept_payments(None, gift_id=gift.pk).get(),
        gift=gift,
        reference=new_reference("R", now),
        amount_fen=gift.amount_fen,
        reason=REASON,
        created_at=now,
    )
    outbox.enqueue("payments.send_refund", refund_id=refund.pk)
    outbox.enqueue("payments.after_gift_returned", gift_id=gift.pk)
    return refund
