"""Cash has no way back through a provider: somebody gives it back by hand, and somebody else says it came.

A shop gives it out of the cash that it still owes us, and the buyer (or an operator) confirms. The market
gives it out of its own till; from CASH_SECOND_PERSON_FEN on a second operator confirms. What a provider
refused for good goes the same way, from the market's own bank account and always with a second operator.
"""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from common import outbox
from common.audit import actor_of, record
from common.errors import Invalid, MoveRefused, NotFound
from common.idempotency import run_once
from common.moves import check_move
from ledger.services.locking import lock_balance
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose
from orders.services.refunding import mark_refunded
from payments.errors import MoreThanHeld, OtherPersonNeeded
from payments.models import HandRefund, Refund
from payments.offers import CASH
from payments.services.deciding import held_in, note_sent_back
from payments.services.fulfilling import lock_bought
from payments.services.handing_over import check_facts
from payments.statuses import HAND_REFUND_MOVES, Giver, HandRefundStatus, RefundStatus
from shops.models import Photo


def note_hand_refund(
    *,
    actor: User,
    refund_id: int,
    amount_fen: int,
    method: str,
    reference: str,
    idempotency_key: uuid.UUID,
    now: datetime,
    receipt_id: int | None = None,
) -> tuple[HandRefund, bool]:
    """Note that money of a cash order was given back, as a member of its shop or as an operator.

    Operators do the same for what a provider refused. Returns (note, replayed). NotFound, Invalid for
    another sum or no reference, MoreThanHeld when the shop has handed its cash over already, MoveRefused
    when it is given back or noted.
    """
    reference = check_facts(method, reference)

    def run() -> dict[str, Any]:
        refund, giver = _locked_refund(actor, refund_id)
        if amount_fen != refund.amount_fen:
            raise Invalid(fields={"amount_fen": Invalid.message})
        if refund.status != RefundStatus.FAILED or _open(refund) is not None:
            raise MoveRefused()
        note = HandRefund.objects.create(
            refund=refund, giver=giver, method=method, reference=reference,
            receipt=_receipt(actor, receipt_id), noted_by=actor, noted_at=now,
        )  # fmt: skip
        if giver == Giver.SHOP:
            _check_shop_has(refund)
        _audit(actor, note, now)
        if giver == Giver.MARKET and not _needs_second_person(refund):
            _settle(note, actor, now)
        else:
            outbox.enqueue("payments.after_hand_refund_noted", note_id=note.pk)
        return {"id": note.pk}

    answer, replayed = run_once(
        actor=actor_of(actor),
        operation="payments.hand_refund",
        key=idempotency_key,
        body=[refund_id, amount_fen, method, reference, receipt_id],
        now=now,
        run=run,
    )
    return HandRefund.objects.get(pk=answer["id"]), replayed


@transaction.atomic
def confirm_hand_refund(*, actor: User, note_id: int, now: datetime) -> HandRefund:
    """Confirm that the buyer has the money: the buyer of what the shop gave, or an operator. Repeatable.

    NotFound for others, OtherPersonNeeded for who noted it, MoreThanHeld, MoveRefused.
    """
    note = _locked_note(actor, note_id)
    if note.status == HandRefundStatus.DONE:
        return note
    check_move(HAND_REFUND_MOVES, note.status, HandRefundStatus.DONE)
    if note.noted_by_id == actor.pk:
        raise OtherPersonNeeded()
    if note.refund.status != RefundStatus.FAILED:
        raise MoveRefused()  # the provider sent it after all
    if note.giver == Giver.SHOP:
        _check_shop_has(note.refund)
    _settle(note, actor, now)
    return note


@transaction.atomic
def decline_hand_refund(*, actor: User, note_id: int, now: datetime, words: str = "") -> HandRefund:
    """Say that the money did not come, as its buyer or as an operator; it can then be noted anew.

    NotFound for others, MoveRefused once it is confirmed.
    """
    note = _locked_note(actor, note_id)
    check_move(HAND_REFUND_MOVES, note.status, HandRefundStatus.DECLINED)
    _answer(note, HandRefundStatus.DECLINED, actor, now, words.strip()[:200])
    outbox.enqueue("payments.after_hand_refund_declined", note_id=note.pk)
    return note


def _locked_refund(actor: User, refund_id: int) -> tuple[Refund, str]:
    refund = Refund.objects.select_related("payment", "request__order").filter(pk=refund_id).first()
    if refund is None:
        raise NotFound()
    is_cash = refund.payment.gateway == CASH and refund.request is not None
    is_member = is_cash and refund.request.order.shop.memberships.filter(user=actor).exists()
    if not is_member and not (actor.is_active and actor.is_staff):
        raise NotFound()
    return _lock(refund), Giver.SHOP if is_member else Giver.MARKET


def _needs_second_person(refund: Refund) -> bool:
    return refund.payment.gateway != CASH or refund.amount_fen >= settings.CASH_SECOND_PERSON_FEN


def _lock(refund: Refund) -> Refund:
    lock_bought(refund.payment)
    return (
        Refund.objects.select_for_update(of=["self"])
        .select_related("payment", "request__order")
        .get(pk=refund.pk)
    )


def _locked_note(actor: User, note_id: int) -> HandRefund:
    note = HandRefund.objects.select_related("refund__payment__group").filter(pk=note_id).first()
    if note is None:
        raise NotFound()
    group = note.refund.payment.group
    is_buyers = note.giver == Giver.SHOP and group is not None and group.buyer_id == actor.pk
    if not is_buyers and not (actor.is_active and actor.is_staff):
        raise NotFound()
    refund = _lock(note.refund)
    note = HandRefund.objects.select_for_update().get(pk=note_id)
    note.refund = refund
    return note


def _open(refund: Refund) -> HandRefund | None:
    return refund.by_hand.exclude(status=HandRefundStatus.DECLINED).first()


def _receipt(actor: User, receipt_id: int | None) -> Photo | None:
    if receipt_id is None:
        return None
    photo = Photo.objects.filter(pk=receipt_id, uploaded_by=actor, product=None).first()
    if photo is None:
        raise NotFound()
    return photo


def _check_shop_has(refund: Refund) -> None:
    shop_id = refund.request.order.shop_id
    held = lock_balance(purpose=Purpose.SHOP_CASH, owner_kind=OwnerKind.SHOP, owner_id=shop_id)
    if held < refund.amount_fen:
        raise MoreThanHeld()


def _settle(note: HandRefund, actor: User, now: datetime) -> None:
    refund = note.refund
    _answer(note, HandRefundStatus.DONE, actor, now, "")
    refund.status, refund.provider_reference = RefundStatus.SUCCEEDED, note.reference[:64]
    refund.last_error, refund.settled_at = "", now
    refund.save(update_fields=["status", "provider_reference", "last_error", "settled_at"])
    if refund.request_id is not None:
        mark_refunded(request_id=refund.request_id, now=now)
    note_sent_back(refund, now)
    source = f"refund:{refund.pk}"
    given = Posting(Purpose.BANK, -refund.amount_fen, source)
    if note.giver == Giver.SHOP:
        shop_id = refund.request.order.shop_id
        given = Posting(Purpose.SHOP_CASH, -refund.amount_fen, source, OwnerKind.SHOP, shop_id)
    post(
        kind=Kind.REFUND,
        key=source,
        source=source,
        postings=[Posting(held_in(refund), refund.amount_fen, source), given],
        now=now,
    )


def _answer(note: HandRefund, status: str, actor: User, now: datetime, words: str) -> None:
    note.status, note.answered_by, note.answered_at, note.words = status, actor, now, words
    note.save(update_fields=["status", "answered_by", "answered_at", "words"])
    _audit(actor, note, now)


def _audit(actor: User, note: HandRefund, now: datetime) -> None:
    record(
        actor=actor_of(actor),
        action=f"payments.hand_refund_{note.status}",
        target=f"handrefund:{note.pk}",
        after={"refund": note.refund_id, "giver": note.giver, "amount_fen": note.refund.amount_fen},
        reason=note.words,
        now=now,
    )
