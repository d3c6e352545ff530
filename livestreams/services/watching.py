"""Notice that the picture is lost or back, and end a show that stays without one (live.md, domain.md)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce

from common import outbox
from livestreams.models import Interruption, LiveSession
from livestreams.services.measuring import keep_sample
from livestreams.services.presenting import close_session
from livestreams.services.telling_room import tell_status
from livestreams.statuses import ON_AIR, EndReason, SessionStatus


def watch_sessions(*, now: datetime) -> dict[str, int]:
    """Bring every session on air into the state that its chunks tell of; return how many moved where.

    No chunk for INTERRUPTED_AFTER_SECONDS: interrupted. A chunk again: live. Interrupted for longer than
    INTERRUPTION_GRACE_MINUTES: ended, with the reason. Each time without picture is kept as an Interruption,
    from the last chunk to the first one after it, and how many people watch, minute by minute.
    """
    moved = {"interrupted": 0, "live": 0, "ended": 0}
    for session_id in LiveSession.objects.filter(status__in=ON_AIR).values_list("pk", flat=True):
        outcome = _watch_one(session_id, now)
        if outcome:
            moved[outcome] += 1
        keep_sample(session_id=session_id, now=now)
    return moved


@transaction.atomic
def _watch_one(session_id: int, now: datetime) -> str | None:
    session = (
        LiveSession.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(pk=session_id)
        .first()
    )
    if session is None or session.status not in ON_AIR:
        return None
    seen = (
        session.broadcast.takes.aggregate(at=Max(Coalesce("last_chunk_at", "started_at")))["at"]
        if hasattr(session, "broadcast")
        else None
    )
    last = max(filter(None, (seen, session.started_at)))
    limit = now - timedelta(seconds=settings.INTERRUPTED_AFTER_SECONDS)
    if session.status == SessionStatus.LIVE and last < limit:
        session.status, session.interrupted_at = SessionStatus.INTERRUPTED, now
        Interruption.objects.create(session=session, began_at=last)
    elif session.status == SessionStatus.INTERRUPTED and last >= limit and _has_fresh_chunk(session, limit):
        session.status, session.interrupted_at = SessionStatus.LIVE, None
        session.interruptions.filter(ended_at=None).update(ended_at=last)
    elif session.status == SessionStatus.INTERRUPTED and session.interrupted_at < now - timedelta(
        minutes=settings.INTERRUPTION_GRACE_MINUTES
    ):
        close_session(session=session, now=now, reason=EndReason.PICTURE_LOST)
        outbox.enqueue("livestreams.tell_ended_dark", session_id=session.pk)
        return "ended"
    else:
        return None
    session.save(update_fields=["status", "interrupted_at"])
    tell_status(session)
    return session.status


def _has_fresh_chunk(session: LiveSession, limit: datetime) -> bool:
    return session.broadcast.takes.filter(last_chunk_at__gte=limit).exists()
