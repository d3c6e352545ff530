"""What a member of a shop, or the market, does with a delivery: one door for page and API."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from common.errors import Invalid
from orders.services.recalling import own_lot, recall_lot, report_short
from shops.models import Lot
from shops.services.pooling import grade_lot, hold_lot, offer_lot


@dataclass(frozen=True)
class LotMove:
    """One of grade, offer, hold, recall and short, with what it needs."""

    move: str
    grade: str = ""
    weight_g: int | None = None
    reason: str = ""
    units: int | None = None


def move_lot(*, actor: User, lot_id: int, wanted: LotMove, now: datetime) -> Lot:
    """Do it; refuses as the move itself does, with NotFound for a lot of another shop."""
    lot = own_lot(actor, lot_id)
    if wanted.move == "grade":
        return grade_lot(actor=actor, lot=lot, grade=wanted.grade, weight_g=wanted.weight_g, now=now)
    if wanted.move == "offer":
        return offer_lot(actor=actor, lot=lot, now=now)
    if wanted.move == "hold":
        return hold_lot(actor=actor, lot=lot, reason=wanted.reason, now=now)
    if wanted.move == "recall":
        return recall_lot(actor=actor, lot_id=lot_id, reason=wanted.reason, now=now)
    if wanted.move == "short":
        return report_short(
            actor=actor, lot_id=lot_id, units=wanted.units or 0, reason=wanted.reason, now=now
        )
    raise Invalid(fields={"move": Invalid.message})
