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
from ledger.statuses import Kind, OwnerKind, Purpose
from orders.models import OrderLine
from orders.statuses import CommissionKind
from payouts.errors import StatementMismatchError
from payouts.models import Payout, PayoutAccount, PayoutStatement, SettlementPeriod, StatementLine
from payouts.selectors.claims import Claim, Payee, claimable_entries, claimable_payees
from payouts.services.opening import open_missing_periods, open_period_for
from payouts.services.telling import tell_issued
from payouts.statuses import (
    PERIOD_MOVES,
    LineKind,
    PayoutAccountStatus,
    PayoutMethod,
    PeriodStatus,
    StatementStatus,
)

logger = logging.getLogger(__name__)

__all__ = ["begin_early_close", "close_due_periods", "close_period", "open_period_for"]

PAYEE_FIELDS = {OwnerKind.FARMER: "farmer", OwnerKind.HOST: "host", OwnerKind.SHOP: "payee_shop"}
# No letters or digits that look or sound alike: the code is read from paper over the telephone.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRTUVWXYZ"
LINE_KINDS = {
    Purpose.FARMER_PAYABLE: LineKind.SALE,
    Purpose.SHOP_PAYABLE: LineKind.SALE,
    Purpose.HOST_PAYABLE: LineKind.HOST_COMMISSION,
    Purpose.FREIGHT_PAYABLE: LineKind.FREIGHT,
    Purpose.COUPON_COST: LineKind.COUPON,
}


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
    return closed


def close_period(*, period: SettlementPeriod, now: datetime) -> SettlementPeriod:
    """Close a period that is due, or go on where a killed run stopped; closed stays closed.

    The next period opens first, so that what is earned meanwhile has a home. Then each payee in a
    transaction of their own. What commits late falls into the next period. MoveRefused before the end.
    """
    period = _begin(period.pk, now)
    if period.status == PeriodStatus.CLOSED:
        return period
    for payee in claimable_payees(shop_id=period.shop_id, before=period.ends_at):
        _settle(period.pk, payee, now)
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
    return period


def _start_closing(period: SettlementPeriod, now: datetime) -> None:
    period.status = PeriodStatus.CLOSING
    period.save(update_fields=["status"])
    open_period_for(shop=period.shop, now=now)


@transaction.atomic
def _settle(period_id: int, payee: Payee, now: datetime) -> PayoutStatement | None:
    """Write one payee's statement with its lines and its payout; nothing when another run has done it."""
    # The lock makes two closers take turns; each then sees what the other has written.
    period = SettlementPeriod.objects.select_for_update().get(pk=period_id)
    named = {f"{PAYEE_FIELDS[OwnerKind(payee.owner_kind)]}_id": payee.owner_id}
    if period.status != PeriodStatus.CLOSING or period.statements.filter(**named).exists():
        return None
    claims = claimable_entries(shop_id=period.shop_id, before=period.ends_at, payee=payee)
    if not claims:
        return None
    lines = _lines_of(claims)
    debt = _debt_of(period, named)
    sums = _sums_of(lines)
    carried_fen = debt.net_fen if debt else 0
    statement = PayoutStatement.objects.create(
        period=period,
        code=_new_code(),
        status=StatementStatus.ISSUED,
        carried_fen=carried_fen,
        carried_from=debt,
        net_fen=sum(line.amount_fen for line in lines) + carried_fen,
        issued_at=now,
        **named,
        **sums,
    )
    for line in lines:
        line.statement = statement
    StatementLine.objects.bulk_create(lines)
    if statement.net_fen > 0:
        Payout.objects.create(statement=statement, amount_fen=statement.net_fen, method=_method_for(named))
    tell_issued(statement=statement, now=now)
    return statement


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


def _lines_of(claims: list[Claim]) -> list[StatementLine]:
    ids = {claim.order_line_id for claim in claims if claim.order_line_id}
    sold = OrderLine.objects.prefetch_related("commissions").in_bulk(ids)
    return [_line_of(claim, sold.get(claim.order_line_id)) for claim in claims]


def _line_of(claim: Claim, sold: OrderLine | None) -> StatementLine:
    kind = LINE_KINDS[Purpose(claim.purpose)]
    if claim.transaction_kind != Kind.COMPLETION:
        kind = LineKind.CORRECTION
    line = StatementLine(
        entry_id=claim.entry_id,
        kind=kind,
        order_line=sold,
        order_number=claim.order_number,
        amount_fen=claim.amount_fen,
        posted_at=claim.posted_at,
    )
    if kind == LineKind.HOST_COMMISSION:
        line.gross_fen = claim.amount_fen
    elif kind == LineKind.SALE:
        line.gross_fen = sold.total_fen
        for commission in sold.commissions.all():
            if commission.kind == CommissionKind.HOST:
                line.commission_fen = commission.amount_fen
            else:
                line.platform_fee_fen = commission.amount_fen
        if line.gross_fen - line.commission_fen - line.platform_fee_fen != claim.amount_fen:
            raise StatementMismatchError(f"entry {claim.entry_id} is not what order line {sold.pk} froze")
    return line


def _sums_of(lines: list[StatementLine]) -> dict[str, int]:
    shared = [line for line in lines if line.kind in (LineKind.SALE, LineKind.HOST_COMMISSION)]
    return {
        "gross_fen": sum(line.gross_fen for line in shared),
        "commission_fen": sum(line.commission_fen for line in shared),
        "platform_fee_fen": sum(line.platform_fee_fen for line in shared),
        "freight_fen": sum(line.amount_fen for line in lines if line.kind == LineKind.FREIGHT),
        "coupon_fen": sum(line.amount_fen for line in lines if line.kind == LineKind.COUPON),
        "correction_fen": sum(line.amount_fen for line in lines if line.kind == LineKind.CORRECTION),
    }


def _debt_of(period: SettlementPeriod, named: dict[str, int]) -> PayoutStatement | None:
    """Return the payee's earlier statement in this shop that ended below zero and was not carried on yet."""
    return (
        PayoutStatement.objects.filter(
            period__shop_id=period.shop_id, net_fen__lt=0, carried_into=None, **named
        )
        .order_by("-period__ends_at")
        .first()
    )


def _method_for(named: dict[str, int]) -> str:
    account = PayoutAccount.objects.filter(status=PayoutAccountStatus.ACTIVE, **named).first()
    return account.method if account else PayoutMethod.CASH


def _new_code() -> str:
    letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(12))
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
