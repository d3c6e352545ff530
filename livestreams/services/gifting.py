"""Gifts in a show: chosen, paid, shown, given back. The money itself is the business of payments."""

import uuid
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from common import limits
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from common.idempotency import run_once
from common.masking import mask_name
from common.moves import check_move
from livestreams.errors import GiftGone, GiftLimit, HostNotActive, NotOnAir, OwnGift
from livestreams.models import Gift, GiftKind, LiveSession
from livestreams.services.chatting import refuse_silenced, say_for_market
from livestreams.services.locking import lock
from livestreams.services.telling_room import tell
from livestreams.statuses import GIFT_MOVES, ON_AIR, GiftStatus, MessageKind, MessageStatus
from shops.statuses import HostStatus

A_MINUTE = 20


def send_gift(
    *, giver, session_id: int, kind_id: int, quantity: int, idempotency_key: uuid.UUID, now: datetime
) -> tuple[Gift, bool]:
    """Choose a gift for the host of a show that is on; return (gift to be paid, replayed).

    Nobody sees it before it is paid. NotFound, NotOnAir, Banned, Muted, OwnGift, HostNotActive, GiftGone,
    Invalid, GiftLimit, TooMany.
    """

    def run() -> dict[str, int]:
        return {"gift": _chosen(giver, session_id, kind_id, quantity, now).pk}

    answer, replayed = run_once(
        actor=actor_of(giver),
        operation="livestreams.send_gift",
        key=idempotency_key,
        body=[session_id, kind_id, quantity],
        now=now,
        run=run,
    )
    return Gift.objects.get(pk=answer["gift"]), replayed


def _chosen(giver, session_id: int, kind_id: int, quantity: int, now: datetime) -> Gift:
    session = LiveSession.objects.public().select_related("host").filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    if session.status not in ON_AIR:
        raise NotOnAir()
    refuse_silenced(person=giver, session=session, now=now)
    if session.host.user_id == giver.pk:
        raise OwnGift()
    if session.host.status != HostStatus.ACTIVE:
        raise HostNotActive()
    limits.spend(name="gifts", key=f"user:{giver.pk}", limit=A_MINUTE, seconds=60, now=now)
    if not 1 <= quantity <= settings.GIFT_MAX_QUANTITY:
        raise Invalid(fields={"quantity": Invalid.message})
    kind = GiftKind.objects.filter(pk=kind_id, is_active=True).first()
    if kind is None:
        raise GiftGone()
    amount_fen = kind.price_fen * quantity
    # Two gifts of one person at once must see each other.
    lock(f"gifts:{giver.pk}")
    if (
        amount_fen > settings.GIFT_MAX_FEN
        or _given_today(giver, now) + amount_fen > settings.GIFT_DAY_MAX_FEN
    ):
        raise GiftLimit()
    return Gift.objects.create(
        session=session,
        host=session.host,
        giver=giver,
        kind=kind,
        name=kind.name,
        quantity=quantity,
        amount_fen=amount_fen,
        # What does not divide is the host's.
        platform_fen=amount_fen * kind.platform_bp // 10_000,
        created_at=now,
        expires_at=now + timedelta(minutes=settings.GIFT_MINUTES),
    )


def _given_today(giver, now: datetime) -> int:
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone)
    given = Gift.objects.filter(giver=giver, created_at__gte=midnight).exclude(status=GiftStatus.EXPIRED)
    return given.aggregate(total=Sum("amount_fen"))["total"] or 0


def lock_gift(gift_id: int) -> Gift:
    """Lock a gift and return it: the first lock of all that concerns its money, as an order is of its own."""
    return Gift.objects.select_for_update().get(pk=gift_id)


@transaction.atomic
def mark_gift_paid(*, gift_id: int, now: datetime) -> bool:
    """Give a gift that was waited for and say so in the room; False when the money must go back."""
    gift = lock_gift(gift_id)
    if gift.status != GiftStatus.PENDING:
        return False
    giver = mask_name(gift.giver.display_name) or "***"
    gift.status, gift.paid_at = GiftStatus.PAID, now
    gift.message = say_for_market(
        session_id=gift.session_id,
        kind=MessageKind.GIFT,
        params={
            "event": "given", "giver": giver, "name": gift.name, "quantity": gift.quantity,
            "icon": gift.kind.icon,
        },
        now=now,
    )  # fmt: skip
    gift.save(update_fields=["status", "paid_at", "message"])
    return True


@transaction.atomic
def expire_gift(*, gift_id: int, now: datetime) -> bool:
    """Give up on a gift that was not paid in time, once no more money can come; False when it was."""
    gift = lock_gift(gift_id)
    if gift.status != GiftStatus.PENDING or gift.expires_at > now:
        return False
    gift.status = GiftStatus.EXPIRED
    gift.save(update_fields=["status"])
    return True


@transaction.atomic
def take_gift_back(*, actor, gift_id: int, reason: str, now: datetime) -> Gift:
    """Decide as an operator that a gift goes back to its giver; its line leaves the room.

    NotAllowed, NotFound, Invalid without a reason, MoveRefused unless it is given.
    """
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    reason = reason.strip()[:500]
    if not reason:
        raise Invalid(fields={"reason": Invalid.message})
    if not Gift.objects.filter(pk=gift_id).exists():
        raise NotFound()
    gift = lock_gift(gift_id)
    before = gift.status
    check_move(GIFT_MOVES, before, GiftStatus.RETURNING)
    gift.status = GiftStatus.RETURNING
    gift.save(update_fields=["status"])
    record(
        actor=actor_of(actor),
        action="livestreams.return_gift",
        target=f"gift:{gift.pk}",
        before={"status": before},
        after={"status": gift.status, "amount_fen": gift.amount_fen, "host": gift.host_id},
        reason=reason,
        now=now,
    )
    if gift.message is not None and gift.message.status != MessageStatus.HIDDEN:
        gift.message.status = MessageStatus.HIDDEN
        gift.message.save(update_fields=["status"])
        tell(gift.session_id, "chat", {"id": gift.message_id, "is_hidden": True})
    return gift


@transaction.atomic
def note_returned(*, gift_id: int, now: datetime) -> None:
    """Note that the giver has the money of a gift back."""
    gift = lock_gift(gift_id)
    if gift.status == GiftStatus.RETURNING:
        gift.status, gift.returned_at = GiftStatus.RETURNED, now
        gift.save(update_fields=["status", "returned_at"])
