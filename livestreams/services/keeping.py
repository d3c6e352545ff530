"""How long recordings are kept, and what goes when the disk is nearly full (decisions.md 20).

A show with goods is evidence of its sales for SALE_RECORDING_KEEP_DAYS and nothing removes it earlier. Other
shows stay RECORDING_KEEP_DAYS and make room before that, the oldest first. What the phones sent is needed
until the show is one file with a known checksum.
"""

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from common.audit import record
from livestreams import storage
from livestreams.models import Broadcast, FlashDeal, Replay, RundownItem, Take
from livestreams.statuses import ReplayStatus, SessionStatus, TakeStatus

logger = logging.getLogger(__name__)


def keep_recordings(*, now: datetime) -> dict[str, int]:
    """Do what is due: date what has ended, remove what is over its time, make room if there is little.

    Return how many takes' chunks and how many recordings were removed, and whether the disk is still tight.
    """
    _date_ended()
    chunks = _remove_chunks(_redundant_takes(ended_before=now - timedelta(days=settings.INGEST_KEEP_DAYS)))
    cleared = sum(_clear(broadcast_id, now=now, reason="kept for its time") for broadcast_id in _due(now))
    more_chunks, more_cleared, is_tight = _make_room(now)
    return {
        "chunks": chunks + more_chunks,
        "recordings": cleared + more_cleared,
        "is_tight": int(is_tight),
    }


def _ended() -> QuerySet[Broadcast]:
    """Return what is still kept of ended shows, with whether they had goods."""
    goods = RundownItem.objects.filter(session=OuterRef("session"))
    deals = FlashDeal.objects.filter(session=OuterRef("session"))
    return Broadcast.objects.filter(session__status=SessionStatus.ENDED, cleared_at=None).annotate(
        is_sale=Q(Exists(goods)) | Q(Exists(deals)), ended_at=F("session__ended_at")
    )


def _date_ended() -> None:
    for broadcast in _ended().filter(keep_until=None):
        days = settings.SALE_RECORDING_KEEP_DAYS if broadcast.is_sale else settings.RECORDING_KEEP_DAYS
        Broadcast.objects.filter(pk=broadcast.pk, keep_until=None).update(
            keep_until=broadcast.ended_at + timedelta(days=days)
        )


def _is_evidence(broadcast: Broadcast, now: datetime) -> bool:
    """Say whether a sale's recording is not old enough, whatever date was once written down."""
    least = broadcast.ended_at + timedelta(days=settings.SALE_RECORDING_KEEP_DAYS)
    return broadcast.is_sale and now < least


def _due(now: datetime) -> list[int]:
    due = _ended().filter(keep_until__lte=now).order_by("keep_until", "pk")
    return [broadcast.pk for broadcast in due if not _is_evidence(broadcast, now)]


def _redundant_takes(*, ended_before: datetime) -> Iterator[Take]:
    """Yield takes of ended shows whose chunks are there and not needed any more, the oldest first."""
    ingest = storage.ingest_folder(0).parent
    there = [int(folder.name) for folder in _folders(ingest) if folder.name.isdigit()]
    takes = Take.objects.filter(
        pk__in=there,
        status=TakeStatus.CLOSED,
        finished_at__isnull=False,
        broadcast__session__status=SessionStatus.ENDED,
        broadcast__session__ended_at__lte=ended_before,
    ).exclude(broadcast__session__replay__master_sha256="")
    is_safe: dict[int, bool] = {}
    for take in takes.filter(broadcast__session__replay__isnull=False).select_related(
        "broadcast__session__replay"
    ).order_by("broadcast__session__ended_at", "pk"):  # fmt: skip
        if take.broadcast_id not in is_safe:
            is_safe[take.broadcast_id] = _has_whole_master(take.broadcast.session.replay)
        if is_safe[take.broadcast_id]:
            yield take


def _folders(parent: Path) -> Iterable[Path]:
    try:
        return [path for path in parent.iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []


def _has_whole_master(replay: Replay) -> bool:
    """Say whether the show's one file is what its checksum says: then nothing else is needed."""
    digest = hashlib.sha256()
    try:
        with (Path(settings.MEDIA_ROOT) / replay.master_path).open("rb") as file:
            while block := file.read(1024 * 1024):
                digest.update(block)
    except OSError as error:
        logger.error("replay %s: its master cannot be read (%s), keeping the chunks", replay.pk, error)
        return False
    if digest.hexdigest() != replay.master_sha256:
        logger.error("replay %s: its master is damaged, keeping the chunks", replay.pk)
        return False
    return True


def _remove_chunks(takes: Iterable[Take], *, until: Callable[[], bool] = lambda: False) -> int:
    removed = 0
    for take in takes:
        if until():
            break
        try:
            _remove(storage.ingest_folder(take.pk))
        except OSError:
            logger.exception("take %s: its chunks cannot be removed", take.pk)
            continue
        logger.info("take %s: chunks removed", take.pk)
        removed += 1
    return removed


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _clear(broadcast_id: int, *, now: datetime, reason: str) -> bool:
    """Remove a recording with all that was made of it, except clips: these are works of their own.

    Out of sight first, then off the disk; done again after a crash in between.
    """
    with transaction.atomic():
        broadcast = (
            Broadcast.objects.select_for_update(skip_locked=True)
            .filter(pk=broadcast_id, cleared_at=None)
            .first()
        )
        if broadcast is None:
            return False
        replays = Replay.objects.filter(session=broadcast.session_id)
        before = replays.values("status", "master_sha256", "master_bytes").first()
        replays.filter(hidden_at=None).update(hidden_at=now)
        replays.exclude(status=ReplayStatus.FAILED).update(status=ReplayStatus.HIDDEN)
    try:
        _remove_files(broadcast)
    except OSError:
        logger.exception("broadcast %s: its recording cannot be removed", broadcast_id)
        return False
    with transaction.atomic():
        replays.update(playlist_path="", poster_path="", sprite_path="", master_path="")
        Broadcast.objects.filter(pk=broadcast_id).update(cleared_at=now)
        record(
            actor="system",
            action="livestreams.clear_recording",
            target=f"broadcast:{broadcast_id}",
            before={"keep_until": broadcast.keep_until and broadcast.keep_until.isoformat()} | (before or {}),
            after={"cleared_at": now.isoformat()},
            reason=reason,
            now=now,
        )
    logger.info("broadcast %s: recording removed, %s", broadcast_id, reason)
    return True


def _remove_files(broadcast: Broadcast) -> None:
    for take_id in broadcast.takes.values_list("pk", flat=True):
        _remove(storage.ingest_folder(take_id))
    _remove(storage.private_folder(broadcast.public_id))
    public = storage.public_folder(broadcast.public_id)
    for path in public.iterdir() if public.exists() else ():
        if path.is_dir() and path.name != storage.CLIPS:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def _has_room() -> bool:
    return storage.free_bytes() >= settings.LIVE_TIGHT_FREE_BYTES


def _make_room(now: datetime) -> tuple[int, int, bool]:
    """Remove what need not be kept, the least missed first, until there is room again."""
    if _has_room():
        return 0, 0, False
    chunks = _remove_chunks(_redundant_takes(ended_before=now), until=_has_room)
    cleared = 0
    for broadcast in _ended().filter(is_sale=False).order_by("ended_at", "pk"):
        if _has_room():
            break
        cleared += _clear(broadcast.pk, now=now, reason="disk nearly full")
    is_tight = not _has_room()
    if is_tight:
        logger.critical(
            "the disk is nearly full (%s MB free) and nothing is left that may be removed: add space, "
            "or the next shows are refused",
            storage.free_bytes() // 1024**2,
        )
    return chunks, cleared, is_tight
