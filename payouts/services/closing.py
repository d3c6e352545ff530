"""A period closes: one statement a payee, every payable entry claimed once (decisions.md 14)."""

import logging
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.db import connection, transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed
from common.moves import check_move
from ledger.models import LedgerEntry
from ledger.statuses import OwnerKind
from payouts.errors import StatementMismatchError
from payouts.models import Payout, PayoutStatement, SettlementPeriod
from payouts.selectors.claims import PAYEES, is_large, oldest_running_transaction
from payouts.selectors.payees import BATCH, KnownPayee, known_payees
from payouts.selectors.periods import overdue_periods
from payouts.selectors.seals import ALPHABET, seal_of
from payouts.services.claiming import Sums, forget_claims, gather_claims, sums_of, write_statement
from payouts.services.opening import open_missing_periods, open_period_for
from payouts.statuses import (
    PERIOD_MOVES,
    PeriodStatus,
    StatementStatus,
)

logger = logging.getLogger(__name__)
# From so many transactions of the book on, a second session is worth its own look at them. Farmers have
# about as many entries as the shop, for its freight, and the hosts together.
LARGE = 50_000
SHARES = ((OwnerKind.FARMER,), (OwnerKind.HOST, OwnerKind.SHOP))

__all__ = ["begin_early_close", "close_due_periods", "close_period", "open_period_for"]


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
    failed = _settle_all(period, now)
    if failed is not None:
        outbox.enqueue("payouts.tell_issued", period_id=period.pk)
        raise failed
    return _finish(period.pk, now)


def _settle_all(period: SettlementPeriod, now: datetime) -> StatementMismatchError | None:
    """Settle every payee; of a large period the shares side by side, each in a database session of its own.

    Returns what is wrong with a payee who was left out.
    """
    # What is not committed yet is seen by its own session alone.
    if connection.in_atomic_block or not is_large(period=period, than=LARGE):
        return _settle_share(period, PAYEES, now)
    with ThreadPoolExecutor(len(SHARES), thread_name_prefix="closing") as pool:
        shares = [pool.submit(_settle_in_own_session, period, kinds, now) for kinds in SHARES]
    return next((failed for share in shares if (failed := share.result()) is not None), None)


def _settle_in_own_session(
    period: SettlementPeriod, kinds: Sequence[OwnerKind], now: datetime
) -> StatementMismatchError | None:
    try:
        return _settle_share(period, kinds, now)
    finally:
        connection.close()


def _settle_share(
    period: SettlementPeriod, kinds: Sequence[OwnerKind], now: datetime
) -> StatementMismatchError | None:
    failed: StatementMismatchError | None = None
    try:
        payees = gather_claims(period=period, kinds=kinds)
        for start in range(0, len(payees), BATCH):
            batch = payees[start : start + BATCH]
            sums = sums_of(batch)
            for known in known_payees(period=period, payees=batch):
                try:
                    _settle(period, known, sums[known.payee], now)
                except StatementMismatchError as mismatch:
                    logger.exception("period %s: %s waits", period.pk, known.payee)
                    failed = mismatch
    finally:
        forget_claims()
    return failed


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


def _settle(period: SettlementPeriod, known: KnownPayee, sums: Sums, now: datetime) -> bool:
    """Write one payee's statement with its lines and its payout; nothing when another run has done it.

    One statement of SQL, which is its own transaction: all of it is there or nothing, wherever it is killed.
    """
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
    return write_statement(
        statement=statement,
        payout=Payout(amount_fen=statement.net_fen, method=known.method),
        payee=known.payee,
        field=known.field,
    )


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
        outbox.enqueue("payouts.tell_issued", period_id=period_id)
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
