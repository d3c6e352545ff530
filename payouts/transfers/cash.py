"""Cash that an operator counts into a hand; the photo of the signed receipt is the proof."""

from dataclasses import dataclass

from ledger.statuses import Purpose
from payouts.statuses import PayoutMethod


@dataclass(frozen=True)
class CashInHand:
    """See payouts.transfers.base.Way; nothing to call."""

    name: str = PayoutMethod.CASH
    paid_from: str = Purpose.BANK
    is_online: bool = False
