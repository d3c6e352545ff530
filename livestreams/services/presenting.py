"""Hold a show: go on air, show an item, end."""

import uuid
from datetime import datetime

from django.db import transaction

from common import audit
from common.errors import NotFound
from common.moves import check_move
from livestreams.errors import HostNotActive, NotOnAir
from livestreams.models import Broadcast, LiveSession, PinEvent, Replay
from livestreams.services.consenting import check_all_allowed, check_still_allowed
from livestreams.services.playlists import TakeSpan, media_time_ms
from livestreams.services.reminding import tell_everyone_reminded
from livestreams.services.scheduling import locked_session
from livestreams.services.telling_goods import tell_pin
from livestreams.services.telling_room import tell, tell_status
from livestreams.services.timing_deals import end_deals_of
from livestreams.statuses import ON_AIR, SESSION_MOVES, ReminderWord, ReplayStatus, SessionStatus, TakeStatus
from shops.statuses import HostStatus


@transaction.atomic
def start_session(*, actor, session_id: int, now: datetime) -> LiveSession:
    """Open the room: scheduled becomes live, and who asked to be reminded is told. Again: no effect.

    Raises what `check_still_allowed` raises for goods that their farmer no longer allows.
    """
    session = locked_session(actor=actor, session_id=session_id)
    if session.status in ON_AIR:
        return session
    check_move(SESSION_MOVES, session.status, SessionStatus.LIVE)
    if session.host.status != HostStatus.ACTIVE:
        raise HostNotActive()
    check_all_allowed(session, list(session.rundown.select_related("variant__product__farmer")))
    session.status = SessionStatus.LIVE
    session.started_at = now
    session.save(update_fields=["status", "started_at"])
    Broadcast.objects.get_or_create(session=session, defaults={"public_id": uuid.uuid4(), "created_at": now})
    audit.record(
        actor=audit.actor_of(actor), action="livestreams.start", target=f"livesession:{session.pk}", now=now
    )
    tell_everyone_reminded(session=session, word=ReminderWord.LIVE)
    tell_status(session)
    return session


@transaction.atomic
def end_session(*, actor, session_id: int, now: datetime) -> LiveSession:
    """End the show for good: pins and recordings close, the replay is made. Again: no effect."""
    session = locked_session(actor=actor, session_id=session_id)
    if session.status == SessionStatus.ENDED:
        return session
    return close_session(session=session, now=now, reason="", actor=actor)


def close_session(*, session: LiveSession, now: datetime, reason: str, actor=None) -> LiveSession:
    """End a session whose row the caller has locked."""
    check_move(SESSION_MOVES, session.status, SessionStatus.ENDED)
    session.status = SessionStatus.ENDED
    session.ended_at = now
    session.end_reason = reason
    session.save(update_fields=["status", "ended_at", "end_reason"])
    session.pins.filter(closed_at=None).update(closed_at=now)
    session.interruptions.filter(ended_at=None).update(ended_at=now)
    end_deals_of(session, now=now)
    broadcast = Broadcast.objects.filter(session=session).first()
    if broadcast is not None:
        broadcast.takes.filter(status=TakeStatus.RECEIVING).update(
            status=TakeStatus.CLOSED, closed_at=now, close_reason="ended"
        )
        if broadcast.takes.exists():
            Replay.objects.get_or_create(
                session=session, defaults={"status": ReplayStatus.PROCESSING, "created_at": now}
            )
    audit.record(
        actor=audit.actor_of(actor), action="livestreams.end", target=f"livesession:{session.pk}", now=now,
        reason=reason,
    )  # fmt: skip
    tell(session.pk, "pin", {"pinned": None})
    tell_status(session)
    return session


@transaction.atomic
def pin_item(*, actor, session_id: int, item_id: int | None, now: datetime) -> PinEvent | None:
    """Show one item of the rundown now, in place of the one shown before; None shows nothing.

    The session's moderators may, too. The row of the session is locked, and the database holds one open pin
    per session. Raises NotOnAir, NotFound, and what `check_still_allowed` raises for goods that their farmer
    no longer allows.
    """
    session = locked_session(actor=actor, session_id=session_id, is_crew_enough=True)
    if session.status not in ON_AIR:
        raise NotOnAir()
    current = session.pins.filter(closed_at=None).first()
    if current is not None and current.rundown_item_id == item_id:
        return current
    if item_id is not None:
        item = session.rundown.select_related("variant__product__farmer").filter(pk=item_id).first()
        if item is None:
            raise NotFound()
        check_still_allowed(item)
    if current is not None:
        current.closed_at = now
        current.save(update_fields=["closed_at"])
    pin = None
    if item_id is not None:
        pin = PinEvent.objects.create(
            session=session, rundown_item_id=item_id, opened_at=now, opened_by=actor,
            media_time_ms=_media_time(session, now),
        )  # fmt: skip
    tell_pin(session)
    return pin


def _media_time(session: LiveSession, now: datetime) -> int:
    """Estimate the place in the picture; the replay computes it again from the finished takes."""
    takes = session.broadcast.takes.all() if hasattr(session, "broadcast") else []
    spans = []
    for take in takes:
        began_at = take.began_at or take.started_at
        until = take.last_chunk_at or began_at
        length = take.duration_ms
        if take.status == TakeStatus.RECEIVING:
            until, length = now, None
        if length is None:
            length = max(int((until - began_at).total_seconds() * 1000), 0)
        spans.append(TakeSpan(began_at, length))
    return media_time_ms(spans, now)
