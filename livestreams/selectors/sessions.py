"""Which sessions a person may see or present. Every read on behalf of a person starts from a scope."""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q, QuerySet

from common.errors import NotFound
from livestreams.errors import Banned
from livestreams.models import LiveSession
from livestreams.selectors.pictures import photo_src, poster_url
from livestreams.selectors.silences import is_banned
from livestreams.statuses import ON_AIR, ReplayStatus, SessionStatus


def sessions() -> QuerySet[LiveSession]:
    """Return sessions with what cards and pages show of them."""
    return LiveSession.objects.select_related(
        "host__portrait", "host__village", "shop__village", "cover", "broadcast", "replay"
    )


def get_session_for(user, session_id: int) -> LiveSession:
    """Return a session that everybody may see, or that the person presents; NotFound otherwise.

    Banned for a person who was asked to leave its room.
    """
    seen = Q(pk__in=LiveSession.objects.public().values("pk"))
    is_known = user is not None and user.is_authenticated
    if is_known:
        seen |= Q(pk__in=LiveSession.objects.for_presenter(user).values("pk"))
    session = sessions().filter(seen, pk=session_id).first()
    if session is None:
        raise NotFound()
    if is_known and is_banned(session_id=session.pk, person_id=user.pk) and not is_presenter(user, session):
        raise Banned()
    return session


def get_presented_session(user, session_id: int) -> LiveSession:
    """Return a session that the person presents; NotFound otherwise."""
    session = sessions().filter(
        pk=session_id, pk__in=LiveSession.objects.for_presenter(user).values("pk")
    ).first()  # fmt: skip
    if session is None:
        raise NotFound()
    return session


def get_crew_session(user, session_id: int) -> LiveSession:
    """Return a session that the person presents or moderates; NotFound otherwise."""
    session = sessions().filter(
        pk=session_id, pk__in=LiveSession.objects.for_crew(user).values("pk")
    ).first()  # fmt: skip
    if session is None:
        raise NotFound()
    return session


def is_watchable(*, session_id: int) -> bool:
    """Say whether everybody may read the room's stream."""
    return LiveSession.objects.public().filter(pk=session_id).exists()


def watchable_among(session_ids: Collection[int]) -> set[int]:
    """Return those of these rooms that everybody may read."""
    return set(LiveSession.objects.public().filter(pk__in=session_ids).values_list("pk", flat=True))


def is_presenter(user, session: LiveSession) -> bool:
    """Say whether the person presents this session."""
    return user.is_authenticated and LiveSession.objects.for_presenter(user).filter(pk=session.pk).exists()


def is_crew(user, session: LiveSession) -> bool:
    """Say whether the person presents or moderates this session."""
    return user.is_authenticated and LiveSession.objects.for_crew(user).filter(pk=session.pk).exists()


def list_on_air(limit: int = 20) -> list[LiveSession]:
    """Return the shows that are on now, newest first."""
    return list(sessions().filter(status__in=ON_AIR).order_by("-started_at")[:limit])


def list_upcoming(limit: int = 20) -> list[LiveSession]:
    """Return announced shows, the next first."""
    return list(sessions().filter(status=SessionStatus.SCHEDULED).order_by("scheduled_at")[:limit])


def list_replays(limit: int = 24) -> list[LiveSession]:
    """Return ended shows that can be watched again, newest first."""
    replays = sessions().filter(status=SessionStatus.ENDED, replay__status=ReplayStatus.READY)
    return list(replays.order_by("-ended_at")[:limit])


def list_presented(user) -> list[LiveSession]:
    """Return the person's shows, the newest plan first."""
    mine = LiveSession.objects.for_presenter(user).values("pk")
    return list(sessions().filter(pk__in=mine).order_by("-scheduled_at")[:100])


def visible_sessions(user, *, status: str = "") -> QuerySet[LiveSession]:
    """Return what everybody may see and what the person presents."""
    seen = Q(pk__in=LiveSession.objects.public().values("pk"))
    if user.is_authenticated:
        seen |= Q(pk__in=LiveSession.objects.for_presenter(user).values("pk"))
    found = sessions().filter(seen)
    return found.filter(status=status) if status in SessionStatus.values else found


def desk_card(session: LiveSession) -> dict:
    """Return a show as the desk lists it."""
    return {
        "pk": session.pk,
        "title": session.title,
        "status": session.status,
        "status_text": session.get_status_display(),
        "scheduled_at": session.scheduled_at,
        "ends_at": session.scheduled_at + timedelta(minutes=session.planned_minutes),
        "host": session.host.name,
        "shop": session.shop.name,
        "photo": poster_url(session) or photo_src(session.host.portrait),
        "is_on_air": session.status in ON_AIR,
        "peak_viewers": session.peak_viewers,
        "likes": session.like_count,
    }
