"""The pace of a room's chat."""

from datetime import datetime

from django.db import transaction

from common.errors import Invalid, MoveRefused
from livestreams.models import LiveSession, ModerationAction
from livestreams.services.chatting import say_for_market
from livestreams.services.scheduling import locked_session
from livestreams.statuses import MessageKind, ModerationKind, SessionStatus

SLOWEST_SECONDS = 300


@transaction.atomic
def set_pace(*, actor, session_id: int, seconds: int, now: datetime) -> LiveSession:
    """Let each person write one line in so many seconds (0: as usual); the room is told. Again: no effect."""
    session = locked_session(actor=actor, session_id=session_id, is_crew_enough=True)
    if not 0 <= seconds <= SLOWEST_SECONDS:
        raise Invalid(fields={"seconds": Invalid.message})
    if session.status in (SessionStatus.ENDED, SessionStatus.CANCELLED):
        raise MoveRefused()
    if session.slow_mode_seconds == seconds:
        return session
    session.slow_mode_seconds = seconds
    session.save(update_fields=["slow_mode_seconds"])
    ModerationAction.objects.create(
        session=session, kind=ModerationKind.SLOW, moderator=actor, reason=str(seconds), created_at=now
    )
    if session.status != SessionStatus.DRAFT:
        params = {"event": "slow" if seconds else "slow_off", "seconds": seconds}
        say_for_market(session_id=session.pk, kind=MessageKind.NOTICE, params=params, now=now)
    return session
