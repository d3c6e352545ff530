"""The files of a replay: where the pieces of its takes lie, its pictures, what of it is public.

While a replay is hidden its whole public folder lies in the private one; pieces that were cut away lie there
too. `arrange_files` brings the disk to what the database says and may be repeated.
"""

import contextlib
import fcntl
import hashlib
import logging
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from livestreams import storage
from livestreams.models import Clip, Replay
from livestreams.montage.joining import TakeFiles
from livestreams.montage.running import MontageError
from livestreams.montage.stills import sheet, still
from livestreams.services.picture import load_picture
from livestreams.services.playlists import RENDITIONS, TakePicture, compose, media_playlist_name

logger = logging.getLogger(__name__)

POSTER_WIDTH = 720
PICTURES = ("poster-*.jpg", "sprite-*.webp")


@dataclass(frozen=True)
class Pictures:
    """Paths relative to MEDIA_ROOT, "" for what could not be drawn, and the layout of the sheet."""

    poster_path: str
    sprite_path: str
    sprite: dict


def take_files(public_id: UUID) -> list[TakeFiles]:
    """Return the pieces of every take that has a picture, wherever they lie now."""
    roots = (
        storage.public_folder(public_id),
        storage.hidden_folder(public_id),
        storage.withheld_folder(public_id),
    )
    return [
        TakeFiles(
            folders=[root / "takes" / str(take.number) for root in roots],
            init=storage.init_name(),
            segments=[storage.segment_name(index) for index in range(len(take.durations_ms))],
            durations_ms=take.durations_ms,
        )
        for take in load_picture(public_id)
        if take.durations_ms
    ]


@contextlib.contextmanager
def files_locked(public_id: UUID, name: str = "files") -> Iterator[None]:
    """Let one process at a time move files of a broadcast; a killed one lets go by dying."""
    folder = storage.private_folder(public_id)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def draw_pictures(*, session_id: int, is_sheet_wanted: bool = True) -> Pictures:
    """Draw poster and sheet for what is kept of the show; what cannot be drawn is left out."""
    replay = Replay.objects.select_related("session__broadcast").get(session=session_id)
    public_id = replay.session.broadcast.public_id
    takes = take_files(public_id)
    starts_ms, ends_ms = replay.trim_start_ms, replay.trim_end_ms or replay.duration_ms
    poster, sprite, layout = None, None, {}
    first = replay.chapters.filter(starts_ms__gte=starts_ms, starts_ms__lt=ends_ms).first()
    try:
        poster = still(takes, at_ms=first.starts_ms if first else starts_ms, width=POSTER_WIDTH)
        if is_sheet_wanted:
            sprite, found = sheet(takes, starts_ms=starts_ms, ends_ms=ends_ms)
            layout = found.as_data()
    except (MontageError, OSError) as error:
        logger.warning("session %s: not every picture could be drawn: %s", session_id, error)
    with files_locked(public_id):
        folder = shown_folder(replay)
        names = {
            "poster": _kept(folder, "poster", poster, "jpg"),
            "sprite": _kept(folder, "sprite", sprite, "webp"),
        }
        for path in (path for pattern in PICTURES for path in folder.glob(pattern)):
            if path.name not in names.values():
                path.unlink(missing_ok=True)
    paths = {kind: storage.public_path(public_id, name) if name else "" for kind, name in names.items()}
    return Pictures(paths["poster"], paths["sprite"], layout)


def _kept(folder: Path, kind: str, content: bytes | None, suffix: str) -> str:
    """Write a picture under a name that changes with it, because browsers keep it for a while."""
    if content is None:
        return ""
    name = f"{kind}-{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"
    storage.write_atomically(folder / name, content)
    return name


def shown_folder(replay: Replay) -> Path:
    """Return the folder of what viewers get, as the database says now; call it with the files locked."""
    public_id = replay.session.broadcast.public_id
    is_hidden = Replay.objects.filter(pk=replay.pk, hidden_at__isnull=False).exists()
    return storage.hidden_folder(public_id) if is_hidden else storage.public_folder(public_id)


def arrange_files(*, session_id: int) -> None:
    """Make public what the replay shows and nothing else; while the broadcaster still works, nothing."""
    found = Replay.objects.select_related("session__broadcast").get(session=session_id)
    public_id = found.session.broadcast.public_id
    with files_locked(public_id):
        replay = Replay.objects.get(pk=found.pk)
        if found.session.broadcast.cleared_at is not None:
            # The recording's time is over; its clips are works of their own.
            _arrange_clips(replay, shown=storage.public_folder(public_id), withheld=None)
            return
        if not replay.playlist_path:
            return
        public, hidden = storage.public_folder(public_id), storage.hidden_folder(public_id)
        if replay.hidden_at is not None:
            _move_folder(public, hidden)
        else:
            _move_folder(hidden, public)
        folder = hidden if replay.hidden_at is not None else public
        takes = load_picture(public_id)
        _withhold(takes, replay, shown=folder, withheld=storage.withheld_folder(public_id))
        _compose(takes, replay, folder)
        _arrange_clips(replay, shown=folder, withheld=storage.withheld_folder(public_id))


def _move_folder(source: Path, target: Path) -> None:
    """Move a folder, file by file where the target is there already."""
    if not source.exists():
        return
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return
    for path in [path for path in source.rglob("*") if path.is_file()]:
        _move_file(path, target / path.relative_to(source))
    shutil.rmtree(source)


def _move_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        source.replace(target)


def _withhold(takes: Sequence[TakePicture], replay: Replay, *, shown: Path, withheld: Path) -> None:
    """Lay aside the segments that were cut away, take back those that were not."""
    at = 0
    for take in takes:
        folder = Path("takes") / str(take.number)
        for index, duration in enumerate(take.durations_ms):
            is_kept = at + duration > replay.trim_start_ms
            is_kept = is_kept and (replay.trim_end_ms is None or at < replay.trim_end_ms)
            at += duration
            source, target = (withheld, shown) if is_kept else (shown, withheld)
            for rendition in take.renditions:
                name = folder / storage.segment_name(index, rendition)
                if (source / name).exists():
                    _move_file(source / name, target / name)


def _compose(takes: Sequence[TakePicture], replay: Replay, folder: Path) -> None:
    if not takes:
        return
    texts = compose(
        takes, is_live=False, is_over=True, start_ms=replay.trim_start_ms, end_ms=replay.trim_end_ms
    )
    for name, text in texts.items():
        storage.write_atomically(folder / name, text.encode())
    if replay.trim_start_ms or replay.trim_end_ms is not None:
        # The lists of the live picture name what may be cut away now; nobody watches live any more.
        live = [storage.LIVE_PLAYLIST, *(media_playlist_name(name, is_live=True) for name in RENDITIONS)]
        for name in live:
            (folder / name).unlink(missing_ok=True)


def _arrange_clips(replay: Replay, *, shown: Path, withheld: Path | None) -> None:
    """Withhold pieces that reach into what was cut away; forget those that were deleted."""
    clips = {clip.pk: clip for clip in Clip.objects.filter(replay=replay)}
    for source in filter(None, (shown, withheld)):
        for path in (source / storage.CLIPS).glob("[0-9]*"):
            number = path.name.partition("-")[0].partition(".")[0]
            clip = clips.get(int(number)) if number.isdecimal() else None
            if clip is None:
                path.unlink(missing_ok=True)
                continue
            target = shown if is_within(clip, replay) else withheld
            if target not in (source, None):
                _move_file(path, target / storage.CLIPS / path.name)


def is_within(clip: Clip, replay: Replay) -> bool:
    """Say whether a clip shows nothing that was cut away."""
    ends_ms = replay.trim_end_ms if replay.trim_end_ms is not None else replay.duration_ms
    return clip.starts_ms >= replay.trim_start_ms and clip.ends_ms <= ends_ms


def publish_clip(clip: Clip, files: dict[str, Path]) -> dict[str, str]:
    """Move finished files of a clip to where they belong; return their paths by the same keys."""
    replay = Replay.objects.select_related("session__broadcast").get(pk=clip.replay_id)
    public_id = replay.session.broadcast.public_id
    with files_locked(public_id):
        folder = shown_folder(replay)
        if not is_within(clip, Replay.objects.get(pk=replay.pk)):
            folder = storage.withheld_folder(public_id)
        for path in files.values():
            _move_file(path, folder / storage.CLIPS / path.name)
    return {
        key: storage.public_path(public_id, f"{storage.CLIPS}/{path.name}") for key, path in files.items()
    }
