"""A room as data: what a page starts from, and what the browser fetches when its stream was reset."""

from collections.abc import Sequence

from common.clock import database_now
from livestreams import selectors
from livestreams.models import LiveSession
from livestreams.services.telling_room import audio_url, channel_of, end_code, playback_url
from livestreams.statuses import ON_AIR
from realtime.services import presence
from realtime.services.publishing import position


def _session_data(session: LiveSession, pinned: dict | None) -> dict:
    is_on_air = session.status in ON_AIR
    return {
        "id": session.pk,
        "title": session.title,
        "description": session.description,
        "status": session.status,
        "scheduled_at": session.scheduled_at,
        "planned_minutes": session.planned_minutes,
        "series": session.series_id,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "cover": selectors.photo_src(session.cover) or None,
        "host": session.host.name,
        "shop": session.shop_id,
        "shop_name": session.shop.name,
        "playback_url": playback_url(session),
        "viewers": presence.count(channel=channel_of(session.pk)) if is_on_air else 0,
        "likes": session.like_count,
        "pinned": pinned,
    }


def list_data(sessions: Sequence[LiveSession]) -> list[dict]:
    """Return sessions for a list, each with what it shows now."""
    pins = selectors.open_pins([session.pk for session in sessions if session.status in ON_AIR])
    return [
        _session_data(session, selectors.pin_data(pins[session.pk]) if session.pk in pins else None)
        for session in sessions
    ]


def detail_data(session: LiveSession) -> dict:
    """Return the snapshot of a room.

    The stream's position is read first: what happens meanwhile then comes twice, never not at all.
    """
    event_id = position(channel=channel_of(session.pk))
    pin = selectors.get_open_pin(session) if session.status in ON_AIR else None
    # The database's clock belongs to what is read from it: deals live on that clock alone.
    now = database_now()
    deals = selectors.open_deals(session, now=now) if session.status in ON_AIR else []
    replay = getattr(session, "replay", None)
    return _session_data(session, selectors.pin_data(pin) if pin else None) | {
        "event_id": event_id,
        "server_now": now,
        "deals": [selectors.deal_data(deal, now=now) for deal in deals],
        "audio_url": audio_url(session),
        "end_code": end_code(session),
        "slow_mode_seconds": session.slow_mode_seconds,
        "replay": replay.status if replay is not None else None,
        "duration_ms": selectors.playable_ms(session),
        "chapters": selectors.chapters_of(session),
    }
