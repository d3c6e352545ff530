"""From the finished picture to the replay."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from common import outbox
from livestreams import storage
from livestreams.models import Broadcast, Chapter, LiveSession, PinEvent, Replay
from livestreams.services.playlists import TakePicture, media_time_ms
from livestreams.services.telling_room import tell_status
from livestreams.statuses import ReplayStatus


@transaction.atomic
def note_picture(*, broadcast_id: int, now: datetime) -> None:
    """The first segment can be watched: the room is told once."""
    if Broadcast.objects.filter(pk=broadcast_id, picture_at=None).update(picture_at=now):
        tell_status(LiveSession.objects.get(broadcast=broadcast_id))


@transaction.atomic
def complete_picture(*, session_id: int, takes: Sequence[TakePicture], now: datetime) -> None:
    """All takes are finished and the show is over: keep the length, place the chapters, ask for the poster.

    Without any picture the replay has failed, with a reason. Again: no effect.
    """
    session = LiveSession.objects.select_for_update(of=("self",)).get(pk=session_id)
    replay = Replay.objects.filter(session=session, status=ReplayStatus.PROCESSING, playlist_path="").first()
    if replay is None:
        return
    if not takes:
        replay.status, replay.error = ReplayStatus.FAILED, "no picture arrived"
        replay.save(update_fields=["status", "error"])
        tell_status(session)
        return
    replay.playlist_path = storage.public_path(session.broadcast.public_id, storage.FULL_PLAYLIST)
    replay.duration_ms = sum(sum(take.durations_ms) for take in takes)
    replay.save(update_fields=["playlist_path", "duration_ms"])
    _place_chapters(replay, takes)
    outbox.enqueue("livestreams.make_replay", queue="media", session_id=session_id)


def _place_chapters(replay: Replay, takes: Sequence[TakePicture]) -> None:
    pins = PinEvent.objects.filter(session=replay.session_id).order_by("opened_at")
    for pin in pins.select_related("rundown_item__variant__product"):
        at = min(media_time_ms(takes, pin.opened_at), max(replay.duration_ms - 1, 0))
        PinEvent.objects.filter(pk=pin.pk).update(media_time_ms=at)
        title = pin.rundown_item.variant.product.title
        Chapter.objects.update_or_create(
            pin_event=pin, defaults={"replay": replay, "title": title, "starts_ms": at}
        )


def finish_replay(*, session_id: int, poster_path: str, now: datetime) -> None:
    """Offer the replay to everybody."""
    with transaction.atomic():
        session = LiveSession.objects.select_for_update(of=("self",)).get(pk=session_id)
        moved = Replay.objects.filter(session=session, status=ReplayStatus.PROCESSING).update(
            status=ReplayStatus.READY, ready_at=now, poster_path=poster_path
        )
        if moved:
            tell_status(session)
