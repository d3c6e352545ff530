"""Who earned what in which period, and how it was paid (decisions.md 14)."""

from payouts.models.accounts import PayoutAccount
from payouts.models.payouts import Payout
from payouts.models.periods import SettlementPeriod, SettlementRhythm
from payouts.models.statements import PayoutStatement, StatementLine, StatementQuestion

__all__ = [
    "Payout",
    "PayoutAccount",
    "PayoutStatement",
    "SettlementPeriod",
    "SettlementRhythm",
    "StatementLine",
    "StatementQuestion",
]
