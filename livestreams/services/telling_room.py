"""What the room is told, after commit. Names and shapes of the events are in api.md."""

from django.db import transaction

from livestreams import storage
from livestreams.models import LiveSession
from livestreams.services.playlists import AUDIO, media_playlist_name
from livestreams.statuses import ON_AIR, EndReason, SessionStatus
from realtime.services.publishing import publish


def channel_of(session_id: int) -> str:
    """Return the name of a room's channel."""
    return f"session:{session_id}"


def playback_url(session: LiveSession) -> str | None:
    """Return the address of the picture, live while on air, the replay afterwards; None without one."""
    if session.status in ON_AIR:
        broadcast = getattr(session, "broadcast", None)
        if broadcast is None or broadcast.picture_at is None:
            return None
        return storage.media_url(storage.public_path(broadcast.public_id, storage.LIVE_PLAYLIST))
    if session.status == SessionStatus.ENDED:
        replay = getattr(session, "replay", None)
        if replay is not None and replay.status == "ready" and replay.playlist_path:
            return storage.media_url(replay.playlist_path)
    return None


def audio_url(session: LiveSession) -> str | None:
    """Return the address of the sound alone, for a weak line; None where there is none (yet)."""
    picture = playback_url(session)
    if picture is None:
        return None
    name = media_playlist_name(AUDIO, is_live=session.status in ON_AIR)
    if not (storage.public_folder(session.broadcast.public_id) / name).exists():
        return None
    return storage.media_url(storage.public_path(session.broadcast.public_id, name))


def end_code(session: LiveSession) -> str:
    """Return why the market itself ended the show, "" where a person did; an operator's words stay inside."""
    return session.end_reason if session.end_reason in EndReason.values else ""


def tell(session_id: int, event: str, data: dict) -> None:
    """Publish when the current transaction commits."""
    transaction.on_commit(lambda: publish(channel=channel_of(session_id), event=event, data=data))


def tell_status(session: LiveSession) -> None:
    """Tell the room that the session's state or picture changed."""
    replay = getattr(session, "replay", None)
    data = {
        "status": session.status,
        "playback_url": playback_url(session),
        "audio_url": audio_url(session),
        "replay": replay.status if replay is not None else None,
        "end_code": end_code(session),
    }
    tell(session.pk, "status", data)
