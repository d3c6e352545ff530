"""Payouts go out through providers: one effect at the provider, wherever we are killed (PR3)."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, MarketError, MoveRefused, NotAllowed, NotFound
from common.moves import check_move
from ledger.models import LedgerTransaction
from ledger.services.posting import post
from ledger.statuses import Kind
from payments.errors import GatewayRefused, GatewayUnavailable
from payouts.errors import StatementMismatchError
from payouts.models import Payout, PayoutRun, PayoutTransfer
from payouts.sealing import unseal
from payouts.services.paying import postings_of, take_back_payout
from payouts.services.reviewing import end_when_done, take_back
from payouts.services.running import locked_transfer
from payouts.services.telling import tell_not_taken, tell_paid, tell_returned, tell_to_take
from payouts.statuses import (
    PAYOUT_MOVES,
    TRANSFER_MOVES,
    PayoutAccountStatus,
    PayoutStatus,
    Problem,
    RunStatus,
    StatementStatus,
    TransferStatus,
)
from payouts.transfers import ONLINE, PAID_FROM, get_online_way
from payouts.transfers.base import Facts, OnlineWay, Wish
from shops.models import Photo

logger = logging.getLogger(__name__)

TRY_AGAIN = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=30)
MOST_ATTEMPTS = 32_767  # what the column holds


def send_transfer(*, transfer_id: int, now: datetime) -> PayoutTransfer:
    """Send one transfer under its own number, or find out what became of it; repeating has no second effect.

    Before any retry the provider is asked by that number. A silent provider leaves it on its way, to be taken
    up again; a refusal fails it once the provider confirms that it has never carried it out.
    """
    transfer = _take(transfer_id, now)
    if transfer is None:
        return PayoutTransfer.objects.get(pk=transfer_id)
    way = get_online_way(transfer.way)
    try:
        facts = _carry_out(transfer, way, now)
    except GatewayUnavailable as silence:
        PayoutTransfer.objects.filter(pk=transfer_id, status=TransferStatus.SENDING).update(
            last_error=silence.detail[:200]
        )
        raise
    if facts is None:
        return PayoutTransfer.objects.get(pk=transfer_id)
    return settle_transfer(transfer_id=transfer_id, facts=facts, now=now)


@transaction.atomic
def settle_transfer(
    *, transfer_id: int, facts: Facts, now: datetime, actor: User | None = None, receipt: Photo | None = None
) -> PayoutTransfer:
    """Make the book agree with what is known about a transfer, once, whoever brings the news.

    What is not final, or over another number or amount, moves nothing. Money that came back is owed again.
    """
    run, transfer = locked_transfer(transfer_id)
    if facts.state == "unknown" or not _is_about(transfer, facts):
        return transfer
    if facts.state == "in_transit":
        _let_payee_take_it(transfer, facts, now)
        return transfer
    if facts.state == "returned" and transfer.status == TransferStatus.SENDING:
        _pay(run, transfer, facts, actor, now, receipt)  # it was paid first: both are written down
    if facts.state == "returned":
        if transfer.status == TransferStatus.PAID:
            _return(transfer, actor, facts.detail, now)
    elif transfer.status == TransferStatus.SENDING:
        if facts.state == "paid":
            _pay(run, transfer, facts, actor, now, receipt)
        else:
            _fail(transfer, facts.detail, actor, now)
    end_when_done(run, now=now)
    return transfer


def ask_about(*, actor: User, transfer_id: int, now: datetime) -> PayoutTransfer:
    """Ask the provider how a transfer stands that is on its way or paid: money may have come back since.

    NotAllowed; MoveRefused for what no provider knows; GatewayUnavailable.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    transfer = PayoutTransfer.objects.filter(pk=transfer_id).first()
    if transfer is None:
        raise NotFound()
    if transfer.way not in ONLINE or transfer.status not in (TransferStatus.SENDING, TransferStatus.PAID):
        raise MoveRefused()
    facts = get_online_way(transfer.way).query(transfer.reference)
    return settle_transfer(transfer_id=transfer.pk, facts=facts, now=now, actor=actor)


@transaction.atomic
def note_returned(*, actor: User, transfer_id: int, reason: str, now: datetime) -> PayoutTransfer:
    """Note that money which was paid has come back: it is owed again, and the payee is told.

    NotAllowed, NotFound, Invalid without a reason; MoveRefused for what is not paid; AlreadyReversed when the
    posting was taken back in the book.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    _run, transfer = locked_transfer(transfer_id)
    _return(transfer, actor, reason.strip(), now)
    return transfer


def follow_transfers(*, now: datetime) -> int:
    """Take up what was interrupted, met a silent provider or waits for the payee; return how many ended."""
    open_ones = PayoutTransfer.objects.filter(
        status__in=(TransferStatus.SENDING, TransferStatus.READY),
        way__in=ONLINE,
        run__status=RunStatus.SENDING,
    )
    done = 0
    for pk, attempts, tried_at, started_at in open_ones.order_by("tried_at", "pk").values_list(
        "pk", "attempts", "tried_at", "run__started_at"
    ):
        # Payees take hours to confirm; a provider is not asked every minute of them.
        wait = min(TRY_AGAIN * 2 ** min(max(attempts - 3, 0), 6), LONGEST_WAIT)
        if (tried_at or started_at) > now - wait:
            continue
        try:
            sent = send_transfer(transfer_id=pk, now=now)
            done += sent.status not in (TransferStatus.SENDING, TransferStatus.READY)
        except MarketError as error:
            logger.warning("payout transfer %s waits: %s", pk, error.code)
        except Exception:
            # One that cannot be settled must not keep the others from it.
            logger.exception("payout transfer %s could not be settled", pk)
    return done


def prepare(run: PayoutRun, transfer: PayoutTransfer, now: datetime) -> bool:
    """Let a ready transfer go on its way, or leave it out when it may not be paid any more; return which.

    The caller holds the locks. From here on the money may be gone: what follows asks before it sends again.
    """
    problem = problem_before_sending(transfer)
    if problem:
        take_back(transfer, run, problem=problem, actor=None, now=now)
        return False
    check_move(TRANSFER_MOVES, transfer.status, TransferStatus.SENDING)
    transfer.status, transfer.tried_at = TransferStatus.SENDING, now
    transfer.attempts = 1
    transfer.save(update_fields=["status", "tried_at", "attempts"])
    return True


def problem_before_sending(transfer: PayoutTransfer) -> str:
    """Return why a transfer may not leave: another account, no right to be paid, another sum than is owed."""
    account = transfer.account_version.account
    if transfer.payout.statement.status == StatementStatus.DISPUTED:
        return Problem.DISPUTED
    if account.current_id != transfer.account_version_id:
        return Problem.ACCOUNT_CHANGED
    if account.status != PayoutAccountStatus.ACTIVE or account.verified_at is None:
        return Problem.RESTRICTED if account.status == PayoutAccountStatus.RESTRICTED else Problem.NOT_CHECKED
    try:
        postings_of(transfer.payout, get_paid_from(transfer))
    except StatementMismatchError:
        return Problem.AMOUNT_DIFFERS
    if transfer.amount_fen != transfer.payout.amount_fen:
        return Problem.AMOUNT_DIFFERS
    return ""


def get_paid_from(transfer: PayoutTransfer) -> str:
    """Return the account of the book that the money leaves."""
    return PAID_FROM[transfer.way]


def wish_of(transfer: PayoutTransfer) -> Wish:
    """Return what is asked of a bank or provider; its remark names the tally."""
    version = transfer.account_version
    return Wish(
        reference=transfer.reference,
        amount_fen=transfer.amount_fen,
        holder=version.holder,
        detail=unseal(version.detail),
        remark=f"货款 {transfer.payout.statement.code}",
        bank_name=version.bank_name,
        bank_code=version.bank_code,
    )


@transaction.atomic
def _take(transfer_id: int, now: datetime) -> PayoutTransfer | None:
    run, transfer = locked_transfer(transfer_id)
    if run.status != RunStatus.SENDING or transfer.way not in ONLINE:
        return None
    if transfer.status == TransferStatus.READY:
        if prepare(run, transfer, now):
            return transfer
        end_when_done(run, now=now)
        return None
    if transfer.status != TransferStatus.SENDING:
        return None
    transfer.tried_at = now
    transfer.attempts = min(transfer.attempts + 1, MOST_ATTEMPTS)
    transfer.save(update_fields=["tried_at", "attempts"])
    return transfer


def _carry_out(transfer: PayoutTransfer, way: OnlineWay, now: datetime) -> Facts | None:
    if transfer.attempts > 1:
        facts = way.query(transfer.reference)
        if facts.waits_for_payee and not transfer.package:
            return _with_package(transfer, way, facts)
        if facts.state != "unknown":
            return facts
        if not _may_still_leave(transfer.pk, now):
            return None
    try:
        return way.send(wish_of(transfer))
    except GatewayRefused as refusal:
        facts = way.query(transfer.reference)
        if facts.state != "unknown":
            return facts
        return Facts(transfer.reference, "failed", transfer.amount_fen, detail=refusal.detail)


def _with_package(transfer: PayoutTransfer, way: OnlineWay, facts: Facts) -> Facts:
    """Ask once more under the same number, which has no second effect: only that answer names the package."""
    try:
        return way.send(wish_of(transfer))
    except (GatewayRefused, GatewayUnavailable):
        return facts


def _let_payee_take_it(transfer: PayoutTransfer, facts: Facts, now: datetime) -> None:
    if transfer.status != TransferStatus.SENDING or not facts.package or transfer.package:
        return
    transfer.package, transfer.to_confirm_at, transfer.last_error = facts.package, now, ""
    transfer.provider_reference = facts.provider_reference
    transfer.save(update_fields=["package", "to_confirm_at", "last_error", "provider_reference"])
    tell_to_take(transfer=transfer, now=now)


@transaction.atomic
def _may_still_leave(transfer_id: int, now: datetime) -> bool:
    """Tell whether what the provider has never heard of may still be sent, after the time that has passed."""
    run, transfer = locked_transfer(transfer_id)
    problem = problem_before_sending(transfer)
    if not problem or transfer.status != TransferStatus.SENDING:
        return transfer.status == TransferStatus.SENDING
    take_back(transfer, run, problem=problem, actor=None, now=now)
    end_when_done(run, now=now)
    return False


def _is_about(transfer: PayoutTransfer, facts: Facts) -> bool:
    if (facts.reference, facts.amount_fen) == (transfer.reference, transfer.amount_fen):
        return True
    transfer.last_error = f"the answer names {facts.reference} over {facts.amount_fen}"[:200]
    transfer.save(update_fields=["last_error"])
    logger.error("payout transfer %s: %s", transfer.pk, transfer.last_error)
    return False


def _pay(
    run: PayoutRun,
    transfer: PayoutTransfer,
    facts: Facts,
    actor: User | None,
    now: datetime,
    receipt: Photo | None,
) -> None:
    payout = (
        Payout.objects.select_for_update(of=["self"]).select_related("statement").get(pk=transfer.payout_id)
    )
    check_move(PAYOUT_MOVES, payout.status, PayoutStatus.PAID)
    check_move(TRANSFER_MOVES, transfer.status, TransferStatus.PAID)
    payout.status, payout.paid_at = PayoutStatus.PAID, now
    # Who made the run, or counted the cash, answers for it beside the checker.
    payout.paid_by = actor if actor is not None and actor.pk != payout.approved_by_id else run.made_by
    payout.reference = facts.provider_reference or transfer.reference
    payout.save(update_fields=["status", "paid_at", "paid_by", "reference"])
    transfer.status, transfer.settled_at, transfer.receipt = TransferStatus.PAID, now, receipt
    transfer.provider_reference, transfer.last_error = facts.provider_reference, ""
    transfer.save(update_fields=["status", "settled_at", "receipt", "provider_reference", "last_error"])
    post(
        kind=Kind.PAYOUT,
        key=_key(transfer),
        source=f"payout:{payout.pk}",
        postings=postings_of(payout, get_paid_from(transfer)),
        now=now,
    )
    _audit(actor, "payouts.transfer_paid", transfer, TransferStatus.SENDING, now, "")
    tell_paid(payout=payout, now=now, told_as=f"payout_paid:{payout.pk}:{transfer.pk}")


def _fail(transfer: PayoutTransfer, detail: str, actor: User | None, now: datetime) -> None:
    check_move(TRANSFER_MOVES, transfer.status, TransferStatus.FAILED)
    before, transfer.status = transfer.status, TransferStatus.FAILED
    transfer.settled_at, transfer.last_error = now, detail[:200]
    transfer.save(update_fields=["status", "settled_at", "last_error"])
    payout = Payout.objects.select_for_update().get(pk=transfer.payout_id)
    check_move(PAYOUT_MOVES, payout.status, PayoutStatus.FAILED)
    payout.status = PayoutStatus.FAILED
    payout.save(update_fields=["status"])
    _audit(actor, "payouts.transfer_failed", transfer, before, now, detail)
    if transfer.package:
        tell_not_taken(transfer=transfer, now=now)


def _return(transfer: PayoutTransfer, actor: User | None, reason: str, now: datetime) -> None:
    if transfer.status != TransferStatus.PAID:
        raise MoveRefused()
    payout = (
        Payout.objects.select_for_update(of=["self"]).select_related("statement").get(pk=transfer.payout_id)
    )
    check_move(PAYOUT_MOVES, payout.status, PayoutStatus.FAILED)
    paid = LedgerTransaction.objects.get(key=_key(transfer))
    take_back_payout(paid=paid, key=f"payout_returned:{transfer.pk}", reason=reason, now=now)
    transfer.status, transfer.last_error = TransferStatus.RETURNED, reason[:200]
    transfer.save(update_fields=["status", "last_error"])
    payout.status = PayoutStatus.FAILED
    payout.save(update_fields=["status"])
    _audit(actor, "payouts.transfer_returned", transfer, TransferStatus.PAID, now, reason)
    tell_returned(payout=payout, returned_as=f"payout_returned:{transfer.pk}", now=now)


def _key(transfer: PayoutTransfer) -> str:
    return f"payout:{transfer.payout_id}:{transfer.pk}"


def _audit(
    actor: User | None, action: str, transfer: PayoutTransfer, before: str, now: datetime, reason: str
) -> None:
    record(
        actor=actor_of(actor),
        action=action,
        target=f"payout:{transfer.payout_id}",
        before={"transfer": before},
        after={
            "transfer": transfer.status,
            "amount_fen": transfer.amount_fen,
            "run": transfer.run_id,
            "way": transfer.way,
        },
        reason=reason[:200],
        now=now,
    )
