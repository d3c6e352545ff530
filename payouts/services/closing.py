"""A period closes: one statement a payee, every payable entry claimed once (decisions.md 14)."""

import logging
import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed
from common.moves import check_move
from ledger.models import LedgerEntry
from payouts.errors import StatementMismatchError
from payouts.models import Payout, PayoutStatement, SettlementPeriod
from payouts.selectors.claims import oldest_running_transaction
from payouts.selectors.payees import KnownPayee, batched_payees
from payouts.selectors.periods import overdue_periods
from payouts.selectors.seals import ALPHABET, seal_of
from payouts.services.claiming import forget_claims, gather_claims, sums_of, write_lines
from payouts.services.opening import open_missing_periods, open_period_for
from payouts.services.telling import tell_issued
from payouts.statuses import (
    PERIOD_MOVES,
    PeriodStatus,
    StatementStatus,
)

logger = logging.getLogger(__name__)

__all__ = ["begin_early_close", "close_due_periods", "close_period", "open_period_for"]

TOLD_AT_ONCE = 200


def close_due_periods(*, now: datetime) -> list[int]:
    """Close every period whose end has come and finish those left half-way; open missing ones.

    Returns the ids that are closed now. A period that fails is logged and left for the next run.
    """
    open_missing_periods(now=now)
    due = SettlementPeriod.objects.filter(status=PeriodStatus.OPEN, ends_at__lte=now)
    halfway = SettlementPeriod.objects.filter(status=PeriodStatus.CLOSING)
    closed = []
    for period in (due | halfway).order_by("ends_at", "pk"):
        try:
            if close_period(period=period, now=now).status == PeriodStatus.CLOSED:
                closed.append(period.pk)
        except Exception:
            logger.exception("settlement period %s could not be closed", period.pk)
    for late in overdue_periods(now=now):
        logger.error("settlement period %s is overdue since %s", late.pk, late.ends_at.isoformat())
    return closed


def close_period(*, period: SettlementPeriod, now: datetime) -> SettlementPeriod:
    """Close a period that is due, or go on where a killed run stopped; closed stays closed.

    The next period opens first, so that what is earned meanwhile has a home. Then each payee in a
    transaction of their own. What commits late falls into the next period. MoveRefused before the end, and
    while an earlier period of the shop is still being closed. A payee whose entries are not what the sale
    froze stops nobody else, but the period stays open to be finished: StatementMismatchError.
    """
    period = _begin(period.pk, now)
    if period.status == PeriodStatus.CLOSED:
        return period
    failed: Exception | None = None
    try:
        payees = gather_claims(period=period)
        for known in batched_payees(period=period, payees=payees):
            try:
                _settle(period.pk, known, now)
            except StatementMismatchError as mismatch:
                logger.exception("period %s: %s waits", period.pk, known.payee)
                failed = mismatch
    finally:
        forget_claims()
    _tell_all(period.pk, now)
    if failed is not None:
        raise failed
    return _finish(period.pk, now)


@transaction.atomic
def begin_early_close(*, actor: User, period_id: int, now: datetime, reason: str) -> SettlementPeriod:
    """End an open period now instead of at its date and leave the closing to a worker; the reason is kept.

    NotAllowed for others than operators, MoveRefused when it is not open, Invalid without a reason.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    period = SettlementPeriod.objects.select_for_update().get(pk=period_id)
    check_move(PERIOD_MOVES, period.status, PeriodStatus.CLOSING)
    if period.starts_at >= now:
        raise MoveRefused()
    before = period.ends_at
    period.ends_at = min(now, before)
    period.save(update_fields=["ends_at"])
    _start_closing(period, now)
    record(
        actor=actor_of(actor),
        action="payouts.close_early",
        target=f"settlementperiod:{period.pk}",
        before={"status": PeriodStatus.OPEN, "ends_at": before.isoformat()},
        after={"status": period.status, "ends_at": period.ends_at.isoformat()},
        reason=reason.strip(),
        now=now,
    )
    outbox.enqueue("payouts.close_period", period_id=period.pk)
    return period


@transaction.atomic
def _begin(period_id: int, now: datetime) -> SettlementPeriod:
    period = SettlementPeriod.objects.select_for_update().get(pk=period_id)
    if period.status == PeriodStatus.OPEN:
        if period.ends_at > now:
            raise MoveRefused()
        _start_closing(period, now)
    earlier = SettlementPeriod.objects.filter(shop_id=period.shop_id, ends_at__lte=period.starts_at)
    if period.status == PeriodStatus.CLOSING and earlier.filter(status=PeriodStatus.CLOSING).exists():
        raise MoveRefused()
    return period


def _start_closing(period: SettlementPeriod, now: datetime) -> None:
    period.status = PeriodStatus.CLOSING
    period.seen_before = oldest_running_transaction()
    period.save(update_fields=["status", "seen_before"])
    open_period_for(shop=period.shop, now=now)


@transaction.atomic
def _settle(period_id: int, known: KnownPayee, now: datetime) -> PayoutStatement | None:
    """Write one payee's statement with its lines and its payout; nothing when another run has done it."""
    # The lock makes two closers take turns; each then sees what the other has written.
    period = SettlementPeriod.objects.select_for_update().get(pk=period_id)
    if period.status != PeriodStatus.CLOSING or period.statements.filter(**known.named).exists():
        return None
    sums = sums_of(known.payee)
    if sums.wrong_entry is not None:
        raise StatementMismatchError(f"entry {sums.wrong_entry} is not what its order line froze")
    carried_fen = known.debt.net_fen if known.debt else 0
    statement = PayoutStatement(
        period=period,
        payee_name=known.name,
        code=_new_code(),
        status=StatementStatus.ISSUED,
        carried_fen=carried_fen,
        carried_from=known.debt,
        net_fen=sums.amount_fen + carried_fen,
        issued_at=now,
        **known.named,
        **sums.columns,
    )
    statement.seal = seal_of(statement, lines=sums.lines_digest)
    statement.save(force_insert=True)
    write_lines(statement=statement, payee=known.payee)
    if statement.net_fen > 0:
        Payout.objects.create(statement=statement, amount_fen=statement.net_fen, method=known.method)
    return statement


def _tell_all(period_id: int, now: datetime) -> None:
    """Tell every payee of a period, some hundreds in a transaction; who was told is not told again."""
    statements = PayoutStatement.objects.filter(period_id=period_id).select_related(
        "farmer__contact", "host__contact", "payee_shop__contact"
    )
    last = 0
    while batch := list(statements.filter(pk__gt=last).order_by("pk")[:TOLD_AT_ONCE]):
        with transaction.atomic():
            # Two closers take turns here, too: the second finds what the first has told.
            SettlementPeriod.objects.select_for_update().get(pk=period_id)
            tell_issued(statements=batch, now=now)
        last = batch[-1].pk


@transaction.atomic
def _finish(period_id: int, now: datetime) -> SettlementPeriod:
    period = SettlementPeriod.objects.select_for_update().get(pk=period_id)
    if period.status == PeriodStatus.CLOSING:
        period.status = PeriodStatus.CLOSED
        period.closed_at = now
        period.save(update_fields=["status", "closed_at"])
        record(
            actor=actor_of(None),
            action="payouts.close_period",
            target=f"settlementperiod:{period.pk}",
            before={"status": PeriodStatus.CLOSING},
            after={"status": period.status, "statements": period.statements.count()},
            now=now,
        )
    return period


def _new_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def payable_by_account(statement: PayoutStatement) -> dict[tuple[str, str, int], int]:
    """Return what a statement and the debts carried into it earned on each account of the book, in fen."""
    ids = []
    current: PayoutStatement | None = statement
    while current is not None:
        ids.append(current.pk)
        current = current.carried_from
    entries = LedgerEntry.objects.filter(statement_line__statement_id__in=ids).select_related("account")
    sums: dict[tuple[str, str, int], int] = {}
    for entry in entries:
        account = (entry.account.purpose, entry.account.owner_kind, entry.account.owner_id)
        sums[account] = sums.get(account, 0) - entry.amount_fen
    return sums
