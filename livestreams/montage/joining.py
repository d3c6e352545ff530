"""All takes of a show as one MP4 with chapters.

Takes of one form (same picture size and decoder settings, same tracks) are joined as they are: their segments
are moved in time and read through one pipe. Where takes differ, every slice of some minutes is brought to
one form; slices that are done stay, so that a run that was stopped goes on where it was.
"""

import contextlib
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livestreams.broadcaster.boxes import AUDIO, VIDEO, boxes, spans_of, tracks_of
from livestreams.montage.moving import child, shifted
from livestreams.montage.running import MP4, Unplayable, run

MIB = 1024**2
SLICE_SEGMENTS = 240
FRAMES_PER_SECOND = 30
LARGEST_SIDE = 1280
PEAK_BPS = 3_000_000
# How long a copy may take, for each byte and in any case.
COPY_SECONDS, COPY_BYTES_A_SECOND = 60, 2 * MIB
SLICE_SECONDS = 480

Progress = Callable[[float], None]


@dataclass(frozen=True)
class TakeFiles:
    """One take on disk: its init, its segments in order, how long each is, and the folders they may lie in.

    A piece is looked for when it is read: while a show is hidden or cut its pieces move between folders.
    """

    folders: Sequence[Path]
    init: str
    segments: Sequence[str]
    durations_ms: Sequence[int]

    @property
    def length_ms(self) -> int:
        """How long the take is."""
        return sum(self.durations_ms)

    @property
    def size(self) -> int:
        """How many bytes it has; FileNotFoundError when a piece is missing."""
        return sum(self._find(name, lambda path: path.stat().st_size) for name in (self.init, *self.segments))

    def read(self, name: str) -> bytes:
        """Return a piece; FileNotFoundError when it is in none of the folders."""
        return self._find(name, Path.read_bytes)

    def _find(self, name: str, look: Callable[[Path], Any]) -> Any:
        # Twice: it may have moved from a folder not yet asked to one that was.
        for folder in (*self.folders, *self.folders):
            with contextlib.suppress(FileNotFoundError):
                return look(folder / name)
        raise FileNotFoundError(name)


@dataclass(frozen=True)
class Form:
    """What takes must have in common to be joined as they are."""

    width: int
    height: int
    configuration: bytes
    tracks: tuple[tuple[int, str, int], ...]

    @property
    def has_sound(self) -> bool:
        """Whether there is a sound track."""
        return any(kind == AUDIO for _, kind, _ in self.tracks)


def form_of(init: bytes) -> Form:
    """Return the form of a take; Unplayable for an init that is none."""
    try:
        tracks = tracks_of(init)
        video = next(track for track in tracks if track.kind == VIDEO)
        return Form(
            width=video.width,
            height=video.height,
            configuration=_configuration(init),
            tracks=tuple((track.number, track.kind, track.timescale) for track in tracks),
        )
    except (ValueError, StopIteration) as error:
        raise Unplayable(f"an init cannot be read: {error}") from error


def _configuration(init: bytes) -> bytes:
    """Return the decoder's settings (avcC) of the picture."""
    at = init.find(b"avcC")
    if at < 4:
        raise ValueError("no avcC box")
    return init[at : at - 4 + int.from_bytes(init[at - 4 : at], "big")]


def joined(takes: Sequence[TakeFiles], form: Form) -> Iterator[bytes]:
    """Yield the takes as one stream of fragments, each where the one before it ends."""
    scales = {number: scale for number, _, scale in form.tracks}
    video = next(number for number, kind, _ in form.tracks if kind == VIDEO)
    yield takes[0].read(takes[0].init)
    starts_ms = 0
    for take in takes:
        ticks: dict[int, int] = {}
        for name in take.segments:
            segment = take.read(name)
            try:
                if not ticks:
                    late = starts_ms / 1000 - spans_of(segment)[video].begins / scales[video]
                    ticks = {number: round(late * scale) for number, scale in scales.items()}
                moved = shifted(segment, ticks)
            except (ValueError, LookupError, struct.error) as error:
                raise Unplayable(f"{name} cannot be read: {error}") from error
            yield moved
        starts_ms += take.length_ms


def escaped(text: str) -> str:
    """Return a text for ffmetadata: one line, with what has a meaning there escaped."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return "".join(f"\\{char}" if char in "=;#\\" else char for char in line)


def metadata(*, title: str, chapters: Sequence[tuple[int, str]], length_ms: int) -> str:
    """Return ffmetadata of a title and chapters (starts_ms, title); those at one place are one."""
    merged: dict[int, str] = {}
    for starts_ms, name in sorted(chapters, key=lambda chapter: chapter[0]):
        merged[starts_ms] = f"{merged[starts_ms]} / {name}" if starts_ms in merged else name
    lines = [";FFMETADATA1", f"title={escaped(title)}"]
    starts = list(merged)
    for index, starts_ms in enumerate(starts):
        ends_ms = starts[index + 1] if index + 1 < len(starts) else max(length_ms, starts_ms + 1)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={starts_ms}", f"END={ends_ms}"]
        lines.append(f"title={escaped(merged[starts_ms])}")
    return "\n".join(lines) + "\n"


def join(
    *, takes: Sequence[TakeFiles], meta: Path, target: Path, parts: Path, seconds: float, progress: Progress
) -> bool:
    """Write `target` with all takes and the chapters of the ffmetadata file `meta`.

    Returns False when `seconds` are over before every slice in `parts` is of one form: call again to go on.
    Raises MontageError; OSError when a piece is missing or cannot be written.
    """
    forms = [form_of(take.read(take.init)) for take in takes]
    size = sum(take.size for take in takes)
    if all(form == forms[0] for form in forms):
        _copy(_counted(joined(takes, forms[0]), size, progress), meta=meta, target=target, size=size)
        return True
    longest = max(range(len(takes)), key=lambda number: takes[number].length_ms)
    frame = _frame(forms[longest])
    names = []
    give_up = time.monotonic() + seconds
    slices = [piece for take, form in zip(takes, forms, strict=True) for piece in _slices(take, form)]
    parts.mkdir(parents=True, exist_ok=True)
    for number, piece in enumerate(slices):
        name = f"part-{number:04d}.mp4"
        if not (parts / name).exists():
            if time.monotonic() > give_up:
                return False
            _bring_to_form(piece, frame=frame, folder=parts, name=name)
        progress(0.95 * (number + 1) / len(slices))
        names.append(f"file '{name}'\nduration {piece.length_ms / 1000:.3f}\n")
    (parts / "list.txt").write_text("ffconcat version 1.0\n" + "".join(names))
    size = sum((parts / f"part-{number:04d}.mp4").stat().st_size for number in range(len(slices)))
    source = ["-protocol_whitelist", "file", "-f", "concat", "-safe", "1", "-i", str(parts / "list.txt")]
    _copy((), meta=meta, target=target, size=size, source=source)
    return True


def _counted(pieces: Iterator[bytes], size: int, progress: Progress) -> Iterator[bytes]:
    passed = 0
    for piece in pieces:
        yield piece
        passed += len(piece)
        progress(min(passed / max(size, 1), 1.0))


def _copy(
    feed: Iterator[bytes] | tuple, *, meta: Path, target: Path, size: int, source: list[str] | None = None
) -> None:
    arguments = [
        "-fflags", "+genpts", *(source or [*MP4, "-i", "pipe:0"]),
        "-protocol_whitelist", "file", "-f", "ffmetadata", "-i", str(meta),
        "-map", "0:v:0", "-map", "0:a:0?", "-map_metadata", "1", "-map_chapters", "1", "-c", "copy",
        "-f", "mp4", str(target),
    ]  # fmt: skip
    seconds = COPY_SECONDS + size / COPY_BYTES_A_SECOND
    run(arguments, feed=feed, seconds=seconds, file_bytes=size + size // 4 + 16 * MIB)


@dataclass(frozen=True)
class _Slice:
    """Some minutes of one take."""

    take: TakeFiles
    segments: Sequence[str]
    length_ms: int
    has_sound: bool


def _slices(take: TakeFiles, form: Form) -> list[_Slice]:
    return [
        _Slice(
            take=take,
            segments=take.segments[first : first + SLICE_SEGMENTS],
            length_ms=sum(take.durations_ms[first : first + SLICE_SEGMENTS]),
            has_sound=form.has_sound,
        )
        for first in range(0, len(take.segments), SLICE_SEGMENTS)
    ]


def _frame(form: Form) -> tuple[int, int]:
    """Return the size that all takes get: that of the longest, no side longer than allowed, even."""
    scale = min(1.0, LARGEST_SIDE / max(form.width, form.height, 1))
    width, height = (max(round(side * scale / 2) * 2, 2) for side in (form.width, form.height))
    return width, height


def _bring_to_form(piece: _Slice, *, frame: tuple[int, int], folder: Path, name: str) -> None:
    """Write a slice in the common form; under its name it is complete."""
    width, height = frame
    length = f"{piece.length_ms / 1000:.3f}"
    sound = ["-map", "0:a:0", "-c:a", "copy"]
    silence = []
    if not piece.has_sound:
        silence = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo"]
        sound = ["-map", "1:a:0", "-c:a", "aac", "-b:a", "96k"]
    unfinished = folder / f".{name}"
    arguments = [
        "-fflags", "+genpts", *MP4, "-i", "pipe:0", *silence, "-map", "0:v:0", *sound,
        "-vf", f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2,"
               f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,fps={FRAMES_PER_SECOND}",
        "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-level", "4.0",
        "-pix_fmt", "yuv420p", "-threads", "2", "-crf", "23", "-g", str(2 * FRAMES_PER_SECOND), "-bf", "0",
        "-maxrate", str(PEAK_BPS), "-bufsize", str(2 * PEAK_BPS), "-video_track_timescale", "90000",
        "-t", length, "-f", "mp4", str(unfinished),
    ]  # fmt: skip
    run(
        arguments,
        feed=(piece.take.read(part) for part in (piece.take.init, *piece.segments)),
        seconds=SLICE_SECONDS,
        file_bytes=PEAK_BPS * piece.length_ms // 4000 + 32 * MIB,
    )
    unfinished.replace(folder / name)


def picture_ms(path: Path) -> int:
    """Return how long the picture of an MP4 file is by its own index; Unplayable without one."""
    try:
        return _picture_ms(_index_of(path))
    except ValueError as error:
        raise Unplayable(f"the file has no readable index: {error}") from error


def _index_of(path: Path) -> bytes:
    """Return the moov box's content, without reading the picture."""
    with path.open("rb") as file:
        end = path.stat().st_size
        at = 0
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            size, kind, body = int.from_bytes(head[:4], "big"), head[4:8], 8
            if size == 1:
                size, body = int.from_bytes(head[8:16], "big"), 16
            if size < body or at + size > end:
                raise ValueError("a box reaches past its end")
            if kind == b"moov":
                file.seek(at + body)
                return file.read(size - body)
            at += size
    raise ValueError("no moov box")


def _picture_ms(moov: bytes) -> int:
    for trak in (box for box in boxes(moov) if box.kind == b"trak"):
        media = child(moov, trak, b"mdia")
        handler, header = child(moov, media, b"hdlr"), child(moov, media, b"mdhd")
        if moov[handler.body + 8 : handler.body + 12] != b"vide":
            continue
        at, width = (header.body + 20, 8) if moov[header.body] else (header.body + 12, 4)
        scale = int.from_bytes(moov[at : at + 4], "big")
        return round(int.from_bytes(moov[at + 4 : at + 4 + width], "big") * 1000 / max(scale, 1))
    raise ValueError("no picture track")
