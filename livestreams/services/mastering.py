"""The evidence of a show: all takes in one private file with chapters (decisions.md 20)."""

import contextlib
import hashlib
import logging
import os
import shutil
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from common import outbox
from livestreams import storage
from livestreams.models import Replay
from livestreams.montage.joining import TakeFiles, join, metadata, picture_ms
from livestreams.montage.running import MontageError, NoRoom, TooSlow, Unplayable
from livestreams.services.replay_files import files_locked, take_files
from livestreams.services.replaying import tell_replay
from livestreams.statuses import ClipStatus, ReplayProblem, ReplayStatus

logger = logging.getLogger(__name__)

TOLERANCE_MS = 500
# Photos wait in the same queue: a long conversion lets them through in between.
RUN_SECONDS = 240
PROGRESS_SECONDS = 900
TASK = "livestreams.make_master"


def make_master(*, session_id: int, now: datetime) -> bool:
    """Make the master of a finished show; return whether it is there, False when there is more to do.

    Again: no effect. On failure the replay says why in its `error` and the exception goes on, for a retry;
    a picture that cannot be played is offered to nobody. What a killed run left is used or removed.
    """
    replay = Replay.objects.select_related("session__broadcast").get(session=session_id)
    public_id = replay.session.broadcast.public_id
    with files_locked(public_id, "master"):
        replay.refresh_from_db(fields=["playlist_path", "master_sha256", "status"])
        if not replay.playlist_path or replay.master_sha256:
            return True
        try:
            made = _write(replay, public_id)
        except (MontageError, OSError) as error:
            logger.warning("session %s: no master: %s", session_id, error)
            _note_failure(replay, error)
            raise
        if made is not None:
            _keep(replay, made, now=now)
    return made is not None


def progress_of(session_id: int) -> int | None:
    """Return how many percent of the master are made; None when nobody works on it."""
    return cache.get(f"replay-progress:{session_id}")


def _folder(public_id: UUID) -> Path:
    return storage.private_folder(public_id) / "montage"


def _write(replay: Replay, public_id: UUID) -> tuple[str, int] | None:
    """Write, check and place the file; return (SHA-256, bytes), None when there is more to do."""
    takes = take_files(public_id)
    if not takes:
        raise Unplayable("no take has a picture")
    folder = _folder(public_id)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished, meta = folder / "master.mp4", folder / "chapters.txt"
    unfinished.unlink(missing_ok=True)
    _check_room(takes)
    chapters = list(replay.chapters.values_list("starts_ms", "title"))
    meta.write_text(
        metadata(title=replay.session.title, chapters=chapters, length_ms=replay.duration_ms),
        encoding="utf-8",
    )
    is_done = join(
        takes=takes, meta=meta, target=unfinished, parts=folder / "parts", seconds=RUN_SECONDS,
        progress=lambda share: _tell_progress(replay.session_id, share),
    )  # fmt: skip
    if not is_done:
        return None
    length = picture_ms(unfinished)
    if abs(length - replay.duration_ms) > TOLERANCE_MS:
        raise Unplayable(f"the picture is {length} ms long, not {replay.duration_ms} ms")
    with unfinished.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = unfinished.stat().st_size
    unfinished.replace(Path(settings.MEDIA_ROOT) / storage.master_path(public_id))
    _sync_folder(storage.private_folder(public_id))
    return digest, size


def _check_room(takes: list[TakeFiles]) -> None:
    """Refuse to begin what would fill the disk: parts and file together may need twice the takes."""
    needed = 2 * sum(take.size for take in takes) + settings.LIVE_LEAST_FREE_BYTES // 4
    if shutil.disk_usage(settings.MEDIA_ROOT).free < needed:
        raise NoRoom(f"{needed} bytes are needed")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tell_progress(session_id: int, share: float) -> None:
    percent = int(share * 100)
    # Progress is for the eye: a cache that is away must not stop the work.
    with contextlib.suppress(Exception):
        if progress_of(session_id) != percent:
            cache.set(f"replay-progress:{session_id}", percent, PROGRESS_SECONDS)


def _keep(replay: Replay, made: tuple[str, int], *, now: datetime) -> None:
    digest, size = made
    public_id = replay.session.broadcast.public_id
    with transaction.atomic():
        current = Replay.objects.select_for_update().get(pk=replay.pk)
        current.master_path, current.error = storage.master_path(public_id), ""
        current.master_sha256, current.master_bytes = digest, size
        fields = ["master_path", "master_sha256", "master_bytes", "error"]
        if current.status == ReplayStatus.FAILED:
            current.status = ReplayStatus.HIDDEN if current.hidden_at else ReplayStatus.READY
            current.ready_at = current.ready_at or now
            fields += ["status", "ready_at"]
        current.save(update_fields=fields)
        # Pieces that were asked for meanwhile are cut from the master.
        for clip_id in current.clips.exclude(status=ClipStatus.READY).values_list("pk", flat=True):
            outbox.enqueue("livestreams.make_clip", queue="media", clip_id=clip_id)
        tell_replay(current.session_id)
    cache.delete(f"replay-progress:{replay.session_id}")
    shutil.rmtree(_folder(public_id), ignore_errors=True)


def problem_of(error: Exception) -> ReplayProblem:
    """Return what a host is told about a failure."""
    if isinstance(error, NoRoom) or (isinstance(error, OSError) and error.errno in (28, 122)):
        return ReplayProblem.NO_ROOM
    if isinstance(error, TooSlow):
        return ReplayProblem.TOO_SLOW
    if isinstance(error, FileNotFoundError):
        return ReplayProblem.PIECE_MISSING
    return ReplayProblem.UNPLAYABLE if isinstance(error, Unplayable) else ReplayProblem.BROKEN


@transaction.atomic
def _note_failure(replay: Replay, error: Exception) -> None:
    current = Replay.objects.select_for_update().get(pk=replay.pk)
    current.error = problem_of(error)
    if current.error in (ReplayProblem.UNPLAYABLE, ReplayProblem.PIECE_MISSING):
        current.status = ReplayStatus.FAILED
    current.save(update_fields=["error", "status"])
    tell_replay(current.session_id)


@transaction.atomic
def ask_for_master(*, session_id: int) -> None:
    """Have the master made, or its making go on."""
    outbox.enqueue(TASK, queue="media", session_id=session_id)
