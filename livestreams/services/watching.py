"""Notice that the picture is lost or back, and end a show that stays without one (live.md, domain.md)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Coalesce, Greatest

from livestreams.models import LiveSession
from livestreams.services.presenting import close_session
from livestreams.services.telling_room import channel_of, tell_status
from livestreams.statuses import ON_AIR, SessionStatus
from realtime.services import presence


def watch_sessions(*, now: datetime) -> dict[str, int]:
    """Bring every session on air into the state that its chunks tell of; return how many moved where.

    No chunk for INTERRUPTED_AFTER_SECONDS: interrupted. A chunk again: live. Interrupted for longer than
    INTERRUPTION_GRACE_MINUTES: ended, with the reason.
    """
    moved = {"interrupted": 0, "live": 0, "ended": 0}
    for session_id in LiveSession.objects.filter(status__in=ON_AIR).values_list("pk", flat=True):
        outcome = _watch_one(session_id, now)
        if outcome:
            moved[outcome] += 1
        _keep_peak(session_id)
    return moved


@transaction.atomic
def _watch_one(session_id: int, now: datetime) -> str | None:
    session = (
        LiveSession.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=session_id).first()
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
    elif session.status == SessionStatus.INTERRUPTED and last >= limit and _has_fresh_chunk(session, limit):
        session.status, session.interrupted_at = SessionStatus.LIVE, None
    elif session.status == SessionStatus.INTERRUPTED and session.interrupted_at < now - timedelta(
        minutes=settings.INTERRUPTION_GRACE_MINUTES
    ):
        close_session(session=session, now=now, reason="picture lost")
        return "ended"
    else:
        return None
    session.save(update_fields=["status", "interrupted_at"])
    tell_status(session)
    return session.status


def _has_fresh_chunk(session: LiveSession, limit: datetime) -> bool:
    return session.broadcast.takes.filter(last_chunk_at__gte=limit).exists()


def _keep_peak(session_id: int) -> None:
    viewers = presence.count(channel=channel_of(session_id))
    LiveSession.objects.filter(pk=session_id, peak_viewers__lt=viewers).update(
        peak_viewers=Greatest(F("peak_viewers"), viewers)
    )
