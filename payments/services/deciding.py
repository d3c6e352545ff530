"""Money that came with facts that do not match (rules.md B4): two operators decide what becomes of it."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from common.moves import check_move
from ledger.services.posting import Posting, post
from ledger.statuses import Purpose
from livestreams.services.gifting import note_returned
from payments.errors import OtherPersonNeeded
from payments.models import Payment, Refund, UnmatchedMoney
from payments.services.fulfilling import credited, fulfil, is_bought_before, kind_of, lock_bought
from payments.services.settling import new_reference
from payments.statuses import UNMATCHED_MOVES, PaymentStatus, UnmatchedDecision, UnmatchedStatus

REASON = "unmatched"


@transaction.atomic
def propose_decision(
    *, actor: User, unmatched_id: int, decision: str, reason: str, now: datetime
) -> UnmatchedMoney:
    """Say as an operator what is to become of the money; another one decides, and nothing moves yet.

    NotAllowed, NotFound, Invalid without a reason, MoveRefused when it is proposed already, or when it is
    to pay a purchase that it cannot pay.
    """
    money = _locked(actor, unmatched_id)
    reason = reason.strip()[:500]
    if not reason or decision not in UnmatchedDecision.values:
        raise Invalid(fields={"decision" if reason else "reason": Invalid.message})
    check_move(UNMATCHED_MOVES, money.status, UnmatchedStatus.PROPOSED)
    if decision == UnmatchedDecision.ASSIGN:
        _check_pays(money)
    money.status, money.decision, money.reason = UnmatchedStatus.PROPOSED, decision, reason
    money.proposed_by, money.proposed_at = actor, now
    money.save(update_fields=["status", "decision", "reason", "proposed_by", "proposed_at"])
    _audit(actor, "proposed", money, reason, now)
    return money


@transaction.atomic
def approve_decision(*, actor: User, unmatched_id: int, now: datetime) -> UnmatchedMoney:
    """Do, once, what another operator proposed: exactly what came goes back, or it pays its purchase.

    NotAllowed, NotFound, OtherPersonNeeded for who proposed it, MoveRefused when it is decided already or
    can pay its purchase no more.
    """
    money = _locked(actor, unmatched_id)
    is_return = money.decision == UnmatchedDecision.RETURN
    target = UnmatchedStatus.RETURNING if is_return else UnmatchedStatus.ASSIGNED
    check_move(UNMATCHED_MOVES, money.status, target)
    if money.proposed_by_id == actor.pk:
        raise OtherPersonNeeded()
    money.status, money.decided_by, money.decided_at = target, actor, now
    if is_return:
        _send_back(money, now)
    else:
        _pay_purchase(money, now)
    money.save(update_fields=["status", "decided_by", "decided_at", "settled_at"])
    _audit(actor, money.status, money, money.reason, now)
    return money


@transaction.atomic
def turn_down_decision(*, actor: User, unmatched_id: int, reason: str, now: datetime) -> UnmatchedMoney:
    """Refuse as an operator what was proposed; it can be proposed anew. NotAllowed, NotFound, MoveRefused."""
    money = _locked(actor, unmatched_id)
    check_move(UNMATCHED_MOVES, money.status, UnmatchedStatus.WAITING)
    money.status, money.decision, money.reason = UnmatchedStatus.WAITING, "", ""
    money.proposed_by = money.proposed_at = None
    money.save(update_fields=["status", "decision", "reason", "proposed_by", "proposed_at"])
    _audit(actor, "turned_down", money, reason.strip(), now)
    return money


def held_in(refund: Refund) -> str:
    """Return the account in which the money of a refund waits."""
    is_of_nothing = refund.request_id is None and refund.gift_id is None
    return Purpose.UNMATCHED if is_of_nothing else Purpose.BUYER_HELD


def note_sent_back(refund: Refund, now: datetime) -> None:
    """Note that a refund of such money, or of a gift, has gone through, by the provider or by hand."""
    if refund.gift_id is not None:
        note_returned(gift_id=refund.gift_id, now=now)
    if refund.unmatched_id is not None:
        UnmatchedMoney.objects.filter(pk=refund.unmatched_id, status=UnmatchedStatus.RETURNING).update(
            status=UnmatchedStatus.RETURNED, settled_at=now
        )


def _locked(actor: User, unmatched_id: int) -> UnmatchedMoney:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    money = UnmatchedMoney.objects.select_related("payment").filter(pk=unmatched_id).first()
    if money is None:
        raise NotFound()
    lock_bought(money.payment)
    payment = Payment.objects.select_for_update().get(pk=money.payment_id)
    money = UnmatchedMoney.objects.select_for_update().get(pk=unmatched_id)
    money.payment = payment
    return money


def _check_pays(money: UnmatchedMoney) -> None:
    payment = money.payment
    is_whole = (money.amount_fen, money.reference) == (payment.amount_fen, payment.reference)
    taken = Payment.objects.filter(gateway=payment.gateway, provider_reference=money.provider_reference)
    if (
        not is_whole
        or payment.status == PaymentStatus.SUCCEEDED
        or is_bought_before(payment)
        or taken.exclude(pk=payment.pk).exists()
    ):
        raise MoveRefused()


def _pay_purchase(money: UnmatchedMoney, now: datetime) -> None:
    _check_pays(money)
    payment = money.payment
    if not fulfil(payment, now=now):
        raise MoveRefused()
    payment.status, payment.succeeded_at = PaymentStatus.SUCCEEDED, now
    payment.provider_reference = money.provider_reference
    payment.save(update_fields=["status", "succeeded_at", "provider_reference"])
    source = f"payment:{payment.pk}"
    post(
        kind=kind_of(payment),
        key=source,
        source=source,
        postings=[Posting(Purpose.UNMATCHED, money.amount_fen, source), *credited(payment)],
        now=now,
        memo=money.reason,
    )
    money.settled_at = now


def _send_back(money: UnmatchedMoney, now: datetime) -> None:
    refund = Refund.objects.create(
        payment=money.payment,
        unmatched=money,
        reference=new_reference("R", now),
        amount_fen=money.amount_fen,
        reason=REASON,
        created_at=now,
    )
    outbox.enqueue("payments.send_refund", refund_id=refund.pk)
    outbox.enqueue("payments.after_given_back", refund_id=refund.pk)


def _audit(actor: User, action: str, money: UnmatchedMoney, reason: str, now: datetime) -> None:
    record(
        actor=actor_of(actor),
        action=f"payments.unmatched_{action}",
        target=f"unmatchedmoney:{money.pk}",
        after={"status": money.status, "decision": money.decision, "amount_fen": money.amount_fen},
        reason=reason,
        now=now,
    )
