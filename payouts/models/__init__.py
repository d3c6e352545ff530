"""Who earned what in which period, and how it was paid (decisions.md 14)."""

from payouts.models.accounts import PayoutAccount, PayoutAccountVersion
from payouts.models.payouts import Payout
from payouts.models.periods import SettlementPeriod, SettlementRhythm
from payouts.models.runs import PayoutRun, PayoutTransfer
from payouts.models.statements import PayoutStatement, StatementLine, StatementQuestion

__all__ = [
    "Payout",
    "PayoutAccount",
    "PayoutAccountVersion",
    "PayoutRun",
    "PayoutStatement",
    "PayoutTransfer",
    "SettlementPeriod",
    "SettlementRhythm",
    "StatementLine",
    "StatementQuestion",
]
