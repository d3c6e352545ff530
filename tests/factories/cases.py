"""After-sales cases, through the real services."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from accounts.models import User
from common.clock import utc_now
from orders.models import AfterSaleCase, Order
from orders.services.asking_back import WantedBack, open_case, send_back


def ask(
    order: Order,
    buyer: User,
    *,
    quantity: int = 1,
    amount_fen: int | None = None,
    lines: Sequence[WantedBack] | None = None,
    kind: str = "refund_only",
    reason: str = "spoiled",
    now: datetime | None = None,
    idempotency_key: uuid.UUID | None = None,
    **options,
) -> AfterSaleCase:
    """Ask for money back on the first line of an order, or on `lines`."""
    case, _ = open_case(
        buyer=buyer,
        number=order.number,
        kind=kind,
        reason=reason,
        lines=lines or [WantedBack(order.lines.first().pk, quantity, amount_fen)],
        idempotency_key=idempotency_key or uuid.uuid4(),
        now=now or utc_now(),
        **options,
    )
    return case


def back_on_the_way(case: AfterSaleCase, buyer: User, now: datetime | None = None) -> AfterSaleCase:
    """Send the goods of a case back."""
    return send_back(
        buyer=buyer,
        case_id=case.pk,
        carrier="sf",
        tracking_number="SF 8765-4321",
        idempotency_key=uuid.uuid4(),
        now=now or utc_now(),
    )
