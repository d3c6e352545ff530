"""From the finished picture to the replay."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from common import outbox
from livestreams import storage
from livestreams.models import Broadcast, Chapter, FlashDeal, Gift, LiveSession, PinEvent, Replay
from livestreams.services.playlists import TakePicture, media_time_ms
from livestreams.services.replay_files import Pictures
from livestreams.services.telling_room import tell_status
from livestreams.statuses import ReplayProblem, ReplayStatus


@transaction.atomic
def note_picture(*, broadcast_id: int, now: datetime) -> None:
    """The first segment can be watched: the room is told once."""
    if Broadcast.objects.filter(pk=broadcast_id, picture_at=None).update(picture_at=now):
        tell_status(LiveSession.objects.get(broadcast=broadcast_id))


@transaction.atomic
def complete_picture(*, session_id: int, takes: Sequence[TakePicture], now: datetime) -> None:
    """All takes are finished and the show is over: keep the length, place the chapters, ask for the rest.

    Without any picture the replay has failed, with a reason. Again: no effect.
    """
    session = LiveSession.objects.select_for_update(of=("self",)).get(pk=session_id)
    replay = Replay.objects.filter(session=session, status=ReplayStatus.PROCESSING, playlist_path="").first()
    if replay is None:
        return
    if not takes:
        replay.status, replay.error = ReplayStatus.FAILED, ReplayProblem.NO_PICTURE
        replay.save(update_fields=["status", "error"])
        tell_status(session)
        return
    replay.playlist_path = storage.public_path(session.broadcast.public_id, storage.FULL_PLAYLIST)
    replay.duration_ms = sum(sum(take.durations_ms) for take in takes)
    replay.save(update_fields=["playlist_path", "duration_ms"])
    _place_chapters(replay, takes)
    # Two steps: people can watch in a moment, while the evidence file may take its time.
    outbox.enqueue("livestreams.make_replay", queue="media", session_id=session_id)
    outbox.enqueue("livestreams.make_master", queue="media", session_id=session_id)
    if replay.hidden_at is not None:
        outbox.enqueue("livestreams.arrange_replay", session_id=session_id)


def _place_chapters(replay: Replay, takes: Sequence[TakePicture]) -> None:
    pins = PinEvent.objects.filter(session=replay.session_id).order_by("opened_at")
    for pin in pins.select_related("rundown_item__variant__product"):
        at = min(media_time_ms(takes, pin.opened_at), max(replay.duration_ms - 1, 0))
        PinEvent.objects.filter(pk=pin.pk).update(media_time_ms=at)
        title = pin.rundown_item.variant.product.title
        Chapter.objects.update_or_create(
            pin_event=pin, defaults={"replay": replay, "title": title, "starts_ms": at}
        )
    for deal in FlashDeal.objects.filter(session=replay.session_id, starts_at__isnull=False):
        at = min(media_time_ms(takes, deal.starts_at), max(replay.duration_ms - 1, 0))
        FlashDeal.objects.filter(pk=deal.pk).update(media_time_ms=at)
    for gift in Gift.objects.filter(session=replay.session_id, paid_at__isnull=False):
        at = min(media_time_ms(takes, gift.paid_at), max(replay.duration_ms - 1, 0))
        Gift.objects.filter(pk=gift.pk).update(media_time_ms=at)


@transaction.atomic
def finish_replay(*, session_id: int, pictures: Pictures, now: datetime) -> None:
    """Keep the pictures and offer the replay, unless it was hidden before. Again: new pictures."""
    replay = Replay.objects.select_for_update().get(session=session_id)
    replay.poster_path, replay.sprite_path = pictures.poster_path, pictures.sprite_path
    replay.sprite = pictures.sprite
    fields = ["poster_path", "sprite_path", "sprite"]
    if replay.status == ReplayStatus.PROCESSING:
        replay.status = ReplayStatus.HIDDEN if replay.hidden_at else ReplayStatus.READY
        replay.ready_at = now
        fields += ["status", "ready_at"]
    replay.save(update_fields=fields)
    tell_replay(session_id)


def tell_replay(session_id: int) -> None:
    """Tell the room what became of its replay."""
    tell_status(LiveSession.objects.select_related("replay", "broadcast").get(pk=session_id))
