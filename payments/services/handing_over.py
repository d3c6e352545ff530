"""Cash of parcels comes to the market: said by who brings it, confirmed by who has it (decisions.md 15)."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from common.idempotency import run_once
from common.moves import check_move
from ledger.services.locking import lock_balance
from ledger.services.posting import Posting, post
from ledger.statuses import Kind, OwnerKind, Purpose
from orders.statuses import Carrier
from payments.errors import MoreThanHeld, OtherPersonNeeded
from payments.models import CashHandover
from payments.statuses import HANDOVER_MOVES, HandMethod, HandoverStatus
from shops.models import Shop


def note_handover(
    *,
    actor: User,
    amount_fen: int,
    method: str,
    reference: str,
    idempotency_key: uuid.UUID,
    now: datetime,
    shop_id: int | None = None,
    carrier: str = "",
) -> tuple[CashHandover, bool]:
    """Note that a shop (by its member or an operator) or a carrier (by an operator) hands cash over.

    What an operator notes below CASH_SECOND_PERSON_FEN is received at once; the rest waits for
    confirm_handover. Returns (handover, replayed). NotFound, NotAllowed, Invalid, MoreThanHeld.
    """
    reference = check_facts(method, reference)
    is_operator = actor.is_active and actor.is_staff
    shop = _shop(actor, shop_id, is_operator) if shop_id is not None else None
    if shop is None and (not is_operator or carrier not in Carrier.values):
        raise Invalid(fields={"carrier": Invalid.message}) if is_operator else NotAllowed()
    if type(amount_fen) is not int or amount_fen < 1:
        raise Invalid(fields={"amount_fen": Invalid.message})

    def run() -> dict[str, Any]:
        if amount_fen > _held(shop) - _on_its_way(shop):
            raise MoreThanHeld()
        handover = CashHandover.objects.create(
            shop=shop, carrier="" if shop else carrier, amount_fen=amount_fen, method=method,
            reference=reference, noted_by=actor, noted_at=now,
        )  # fmt: skip
        _audit(actor, "noted", handover, now)
        if is_operator and amount_fen < settings.CASH_SECOND_PERSON_FEN:
            _receive(handover, actor, now)
        return {"id": handover.pk}

    answer, replayed = run_once(
        actor=actor_of(actor),
        operation="payments.note_handover",
        key=idempotency_key,
        body=[shop_id, carrier, amount_fen, method, reference],
        now=now,
        run=run,
    )
    return CashHandover.objects.get(pk=answer["id"]), replayed


@transaction.atomic
def confirm_handover(*, actor: User, handover_id: int, now: datetime) -> CashHandover:
    """Confirm as an operator that the money has come: its holder owes that much less. Repeating is harmless.

    NotAllowed, NotFound, MoveRefused, MoreThanHeld; OtherPersonNeeded for who noted it.
    """
    handover = _locked(actor, handover_id)
    if handover.status == HandoverStatus.RECEIVED:
        return handover
    check_move(HANDOVER_MOVES, handover.status, HandoverStatus.RECEIVED)
    if handover.noted_by_id == actor.pk:
        raise OtherPersonNeeded()
    if handover.amount_fen > _held(handover.shop):
        raise MoreThanHeld()
    _receive(handover, actor, now)
    return handover


@transaction.atomic
def decline_handover(*, actor: User, handover_id: int, reason: str, now: datetime) -> CashHandover:
    """Say as an operator that the money has not come. NotAllowed, NotFound, Invalid, MoveRefused."""
    handover = _locked(actor, handover_id)
    words = reason.strip()[:200]
    if not words:
        raise Invalid(fields={"reason": Invalid.message})
    check_move(HANDOVER_MOVES, handover.status, HandoverStatus.DECLINED)
    _answer(handover, HandoverStatus.DECLINED, actor, now, words)
    return handover


def check_facts(method: str, reference: str) -> str:
    """Return the reference as it is kept; Invalid when nobody could find the money by it."""
    if method not in HandMethod.values:
        raise Invalid(fields={"method": Invalid.message})
    reference = reference.strip()
    if not reference or len(reference) > 80:
        raise Invalid(fields={"reference": Invalid.message})
    return reference


def _shop(actor: User, shop_id: int, is_operator: bool) -> Shop:
    shops = Shop.objects.all() if is_operator else Shop.objects.filter(memberships__user=actor)
    shop = shops.filter(pk=shop_id).first()
    if shop is None:
        raise NotFound()
    return shop


def _held(shop: Shop | None) -> int:
    if shop is None:
        return lock_balance(purpose=Purpose.CARRIER_CASH)
    return lock_balance(purpose=Purpose.SHOP_CASH, owner_kind=OwnerKind.SHOP, owner_id=shop.pk)


def _on_its_way(shop: Shop | None) -> int:
    noted = CashHandover.objects.filter(status=HandoverStatus.NOTED, shop=shop)
    return noted.aggregate(total=Sum("amount_fen"))["total"] or 0


def _locked(actor: User, handover_id: int) -> CashHandover:
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    found = CashHandover.objects.select_for_update(of=["self"]).select_related("shop")
    handover = found.filter(pk=handover_id).first()
    if handover is None:
        raise NotFound()
    return handover


def _receive(handover: CashHandover, actor: User, now: datetime) -> None:
    _answer(handover, HandoverStatus.RECEIVED, actor, now, "")
    source = f"cashhandover:{handover.pk}"
    owed = Posting(Purpose.CARRIER_CASH, -handover.amount_fen, source)
    if handover.shop_id:
        owed = Posting(Purpose.SHOP_CASH, -handover.amount_fen, source, OwnerKind.SHOP, handover.shop_id)
    post(
        kind=Kind.CASH_HANDED_OVER,
        key=f"cash_handover:{handover.pk}",
        source=source,
        postings=[Posting(Purpose.BANK, handover.amount_fen, source), owed],
        now=now,
    )


def _answer(handover: CashHandover, status: str, actor: User, now: datetime, words: str) -> None:
    handover.status, handover.answered_by, handover.answered_at = status, actor, now
    handover.words = words
    handover.save(update_fields=["status", "answered_by", "answered_at", "words"])
    _audit(actor, status, handover, now)


def _audit(actor: User, action: str, handover: CashHandover, now: datetime) -> None:
    record(
        actor=actor_of(actor),
        action=f"payments.handover_{action}",
        target=f"cashhandover:{handover.pk}",
        after={"status": handover.status, "amount_fen": handover.amount_fen, "shop": handover.shop_id},
        reason=handover.words,
        now=now,
    )
