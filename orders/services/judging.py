"""What a shop, an operator or the clock decides about a case."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import User
from common.errors import Invalid, MoveRefused, NotAllowed
from common.sweeping import sweep_each
from orders.models import AfterSaleCase
from orders.services.case_moves import close_case, lock_case, move_case, once_per_key
from orders.services.offering_less import lapse_offer
from orders.services.paying_back import grant_case
from orders.statuses import CaseActor, CaseKind, CaseStatus, CostBearer


def approve_case(
    *, actor: User, case_id: int, idempotency_key: uuid.UUID, now: datetime, reply: str = ""
) -> AfterSaleCase:
    """Say yes as a member of the shop: the money goes back, or first the goods (`reply` says where to).

    NotFound for others, MoveRefused unless the case waits for the shop.
    """

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_member(actor), case_id)
        if case.status != CaseStatus.REQUESTED:
            raise MoveRefused()
        _say_yes(case, by=CaseActor.SHOP, user=actor, reply=_words(reply, "reply", required=False), now=now)

    return once_per_key(
        actor=actor, move="approve", case_id=case_id, key=idempotency_key, body={"reply": reply}, now=now,
        run=run,
    )  # fmt: skip


def reject_case(
    *, actor: User, case_id: int, reason: str, idempotency_key: uuid.UUID, now: datetime
) -> AfterSaleCase:
    """Say no as a member of the shop, with a reason: to the wish, or to goods that came back otherwise.

    The buyer may call the market in. NotFound for others, Invalid without a reason, MoveRefused.
    """
    words = _words(reason, "reason")

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_member(actor), case_id)
        case.reply = words
        due = now + timedelta(days=settings.CASE_APPEAL_DAYS)
        move_case(
            case, CaseStatus.REJECTED, by=CaseActor.SHOP, user=actor, now=now, text=words, deadline_at=due
        )

    return once_per_key(
        actor=actor, move="reject", case_id=case_id, key=idempotency_key, body={"reason": words}, now=now,
        run=run,
    )  # fmt: skip


def receive_return(
    *, actor: User, case_id: int, idempotency_key: uuid.UUID, now: datetime, restock: bool = True
) -> AfterSaleCase:
    """Confirm as a member of the shop that the goods are back; the money follows.

    `restock` puts them on the shelf again. NotFound for others, MoveRefused unless they are on their way.
    """

    def run() -> None:
        case = lock_case(AfterSaleCase.objects.for_member(actor), case_id)
        if case.status != CaseStatus.AWAITING_RECEIPT:
            raise MoveRefused()
        grant_case(case, by=CaseActor.SHOP, user=actor, now=now, restock=restock)

    return once_per_key(
        actor=actor, move="received", case_id=case_id, key=idempotency_key,
        body={"restock": restock}, now=now, run=run,
    )  # fmt: skip


@transaction.atomic
def arbitrate_case(
    *, actor: User, case_id: int, grant: bool, reason: str, now: datetime, cost_bearer: str = ""
) -> AfterSaleCase:
    """Decide as an operator, finally: the money goes back at once, or the case is closed; with a reason.

    `cost_bearer` says who carries the loss, else it stays with whom the reason of the case names.
    NotAllowed for others, NotFound, Invalid, MoveRefused when the money is promised or the case closed.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    words = _words(reason, "reason")
    if cost_bearer and cost_bearer not in CostBearer.values:
        raise Invalid(fields={"cost_bearer": Invalid.message})
    case = lock_case(AfterSaleCase.objects.all(), case_id)
    if not grant:
        close_case(case, by=CaseActor.OPERATOR, user=actor, now=now, text=words)
        return case
    if cost_bearer:
        case.lines.update(cost_bearer=cost_bearer)
    grant_case(case, by=CaseActor.OPERATOR, user=actor, now=now, text=words)
    return case


def settle_due_cases(*, now: datetime, limit: int = 200) -> int:
    """Do what silence means, each case in its own transaction; `now` is the database's. Return how many.

    The shop was silent: granted. The buyer did not answer an offer: it is off. The buyer did not send the
    goods, or did not call the market in: closed.
    """
    due = AfterSaleCase.objects.filter(deadline_at__lte=now).order_by("deadline_at")
    pks = list(due.values_list("pk", flat=True)[:limit])
    return sweep_each(pks, lambda pk: _settle(pk, now), what="due case")


@transaction.atomic
def _settle(case_id: int, now: datetime) -> bool:
    case = lock_case(AfterSaleCase.objects.all(), case_id)
    if case.deadline_at is None or case.deadline_at > now:
        return False
    if case.status == CaseStatus.REQUESTED:
        _say_yes(case, by=CaseActor.CLOCK, user=None, reply="", now=now)
    elif case.status == CaseStatus.OFFERED:
        lapse_offer(case, now=now)
    elif case.status == CaseStatus.AWAITING_RECEIPT:
        # Nobody has said that the goods are back, so they are not on the shelf.
        grant_case(case, by=CaseActor.CLOCK, user=None, now=now)
    else:
        close_case(case, by=CaseActor.CLOCK, user=None, now=now)
    return True


def _say_yes(case: AfterSaleCase, *, by: str, user: User | None, reply: str, now: datetime) -> None:
    case.reply = reply
    if case.kind == CaseKind.REFUND_ONLY:
        grant_case(case, by=by, user=user, now=now, text=reply)
        return
    due = now + timedelta(days=settings.CASE_RETURN_DAYS)
    move_case(case, CaseStatus.AWAITING_RETURN, by=by, user=user, now=now, text=reply, deadline_at=due)


def _words(text: str, field: str, *, required: bool = True) -> str:
    words = text.strip()
    if len(words) > 300 or (required and not words):
        raise Invalid(fields={field: Invalid.message})
    return words
