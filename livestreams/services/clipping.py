"""Pieces cut from a replay: a chapter with one tap, or a stretch that the host chose."""

import logging
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from common import audit, outbox
from common.errors import Invalid, NotFound
from livestreams import storage
from livestreams.errors import ReplayNotReady
from livestreams.models import Clip, LiveSession, Replay
from livestreams.montage.cutting import cut
from livestreams.montage.joining import picture_ms
from livestreams.montage.running import MontageError, Unplayable
from livestreams.montage.stills import still
from livestreams.services.mastering import TOLERANCE_MS, problem_of
from livestreams.services.replay_files import POSTER_WIDTH, files_locked, publish_clip, take_files
from livestreams.services.scheduling import locked_session
from livestreams.services.trimming import locked_replay
from livestreams.statuses import ClipStatus

logger = logging.getLogger(__name__)

SHORTEST_MS, LONGEST_MS = 3_000, 90_000
CHAPTER_MS = 60_000
CLIPS_MOST = 60


@transaction.atomic
def request_clip(
    *,
    actor: User,
    session_id: int,
    now: datetime,
    chapter_id: int | None = None,
    starts_ms: int | None = None,
    ends_ms: int | None = None,
    title: str = "",
) -> tuple[Clip, bool]:
    """Have a piece cut and return it and whether it is new; the same piece again is the same clip.

    A chapter is cut from its beginning to the next one, a minute at most. 3 to 90 seconds within what is kept
    of the show. A clip that failed is tried again. Presenters only.
    Raises NotFound, ReplayNotReady, Invalid.
    """
    replay = locked_replay(actor=actor, session_id=session_id)
    if not replay.playlist_path:
        raise ReplayNotReady()
    chapter = None
    if chapter_id is not None:
        chapter = replay.chapters.filter(pk=chapter_id).first()
        if chapter is None:
            raise NotFound()
        starts_ms, ends_ms = _span_of(replay, chapter.starts_ms)
    _check_span(replay, starts_ms, ends_ms)
    title = " ".join(title.split())[:120] or (chapter.title if chapter else replay.session.title)
    clip = replay.clips.filter(starts_ms=starts_ms, ends_ms=ends_ms).first()
    is_new = clip is None
    if is_new:
        if replay.clips.count() >= CLIPS_MOST:
            raise Invalid(_("There are enough clips of this show. Delete one first."))
        clip = Clip.objects.create(
            replay=replay, chapter=chapter, title=title, starts_ms=starts_ms, ends_ms=ends_ms,
            created_by=actor, created_at=now,
        )  # fmt: skip
        _record(clip, actor=actor, action="livestreams.request_clip", now=now)
    if is_new or clip.status == ClipStatus.FAILED:
        clip.status, clip.error = ClipStatus.PROCESSING, ""
        clip.save(update_fields=["status", "error"])
        outbox.enqueue("livestreams.make_clip", queue="media", clip_id=clip.pk)
    return clip, is_new


def _span_of(replay: Replay, starts_ms: int) -> tuple[int, int]:
    """Return from where to where a chapter is cut; one at the very end begins earlier."""
    end = replay.trim_end_ms if replay.trim_end_ms is not None else replay.duration_ms
    later = replay.chapters.filter(starts_ms__gte=starts_ms + SHORTEST_MS).order_by("starts_ms").first()
    ends_ms = min(later.starts_ms if later else end, starts_ms + CHAPTER_MS, end)
    if starts_ms < end and ends_ms - starts_ms < SHORTEST_MS:
        starts_ms = max(ends_ms - SHORTEST_MS, replay.trim_start_ms)
    return starts_ms, ends_ms


def _check_span(replay: Replay, starts_ms: int | None, ends_ms: int | None) -> None:
    end = replay.trim_end_ms if replay.trim_end_ms is not None else replay.duration_ms
    if starts_ms is None or ends_ms is None:
        raise Invalid(fields={"chapter": _("Name a chapter, or where the clip begins and ends.")})
    if starts_ms < replay.trim_start_ms or ends_ms > end:
        raise Invalid(fields={"starts_ms": _("Choose a place within the show.")})
    if not SHORTEST_MS <= ends_ms - starts_ms <= LONGEST_MS:
        raise Invalid(fields={"ends_ms": _("A clip is 3 to 90 seconds long.")})


@transaction.atomic
def delete_clip(*, actor: User, clip_id: int, now: datetime) -> None:
    """Delete a clip and its files; its address is gone for good. Presenters only. NotFound."""
    session = LiveSession.objects.filter(replay__clips=clip_id).first()
    if session is None:
        raise NotFound()
    locked_session(actor=actor, session_id=session.pk)
    clip = Clip.objects.select_for_update().filter(pk=clip_id).first()
    if clip is None:
        raise NotFound()
    _record(clip, actor=actor, action="livestreams.delete_clip", now=now)
    clip.delete()
    outbox.enqueue("livestreams.arrange_replay", session_id=session.pk)


def _record(clip: Clip, *, actor: User, action: str, now: datetime) -> None:
    audit.record(
        actor=audit.actor_of(actor), action=action, target=f"clip:{clip.pk}", now=now,
        after={"replay": clip.replay_id, "starts_ms": clip.starts_ms, "ends_ms": clip.ends_ms},
    )  # fmt: skip


def make_clip(*, clip_id: int, now: datetime) -> None:
    """Cut a clip from the master; before there is one the clip waits, and is asked for again with it.

    Again: no effect. A failure is kept with the clip and goes on, for a retry.
    """
    clip = Clip.objects.select_related("replay__session__broadcast").filter(pk=clip_id).first()
    if clip is None or clip.status == ClipStatus.READY or not clip.replay.master_sha256:
        return
    with files_locked(clip.replay.session.broadcast.public_id, f"clip-{clip.pk}"):
        if Clip.objects.filter(pk=clip_id, status=ClipStatus.READY).exists():
            return
        try:
            _make(clip, now)
        except (MontageError, OSError) as error:
            logger.warning("clip %s could not be cut: %s", clip_id, error)
            Clip.objects.filter(pk=clip_id).update(status=ClipStatus.FAILED, error=problem_of(error))
            raise


def _make(clip: Clip, now: datetime) -> None:
    public_id = clip.replay.session.broadcast.public_id
    folder = storage.private_folder(public_id) / "cutting"
    folder.mkdir(parents=True, exist_ok=True)
    video, poster = folder / f"{clip.pk}.mp4", folder / f"{clip.pk}.jpg"
    master = Path(settings.MEDIA_ROOT) / clip.replay.master_path
    cut(master=master, starts_ms=clip.starts_ms, ends_ms=clip.ends_ms, target=video)
    length = picture_ms(video)
    if abs(length - (clip.ends_ms - clip.starts_ms)) > TOLERANCE_MS:
        raise Unplayable(f"the clip is {length} ms long")
    storage.write_atomically(poster, still(take_files(public_id), at_ms=clip.starts_ms, width=POSTER_WIDTH))
    paths = publish_clip(clip, {"video": video, "poster": poster})
    is_kept = Clip.objects.filter(pk=clip.pk).update(
        status=ClipStatus.READY, video_path=paths["video"], poster_path=paths["poster"], duration_ms=length,
        error="", ready_at=now,
    )  # fmt: skip
    if not is_kept:
        # It was deleted meanwhile: what was just published has no row, and is cleared away.
        outbox.enqueue("livestreams.arrange_replay", session_id=clip.replay.session_id)
