"""Boxes of our own fMP4 segments (ISO/IEC 14496-12): what they hold, when, and their sound alone.

ffmpeg writes one `moof` a segment, one `traf` and one `trun` a track. Anything else is a ValueError.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

VIDEO, AUDIO = "video", "audio"
BASE_OFFSET, DURATION, SIZE, FLAGS = 0x1, 0x8, 0x10, 0x20  # in tfhd, behind the sample description 0x2
DATA_OFFSET, FIRST_FLAGS = 0x1, 0x4  # in trun, before each sample's
NOT_SYNC = 0x10000


@dataclass(frozen=True)
class Box:
    """Where a box lies: its type, its first byte, the first byte of its content, the byte after it."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Track:
    """A track of an init: its id, ticks a second, what it is, its codec, its size in pixels (0 for sound)."""

    number: int
    kind: str
    timescale: int
    codec: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Span:
    """When a track's part of a segment begins (decoding) and how long it is, in ticks.

    Does it begin with a keyframe, and when is that shown.
    """

    begins: int
    length: int
    is_key: bool
    shows: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes of one level."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        if size < body - start or start + size > end:
            raise ValueError("a box reaches past its end")
        yield Box(kind, start, body, start + size)
        start += size


def _inside(data: bytes, box: Box, *kinds: bytes) -> Box:
    """Return the first box along a path of types."""
    for kind in kinds:
        box = next((child for child in boxes(data, box.body, box.end) if child.kind == kind), None)
        if box is None:
            raise ValueError(f"no {kind.decode()} box")
    return box


def _top(data: bytes, kind: bytes) -> Box:
    return _inside(data, Box(b"", 0, 0, len(data)), kind)


def _uint(data: bytes, at: int, size: int = 4) -> int:
    if at + size > len(data):
        raise ValueError("a box is cut off")
    return int.from_bytes(data[at : at + size], "big")


def tracks_of(init: bytes) -> list[Track]:
    """Return the video and audio tracks of an init."""
    moov = _top(init, b"moov")
    traks = [box for box in boxes(init, moov.body, moov.end) if box.kind == b"trak"]
    return [_track(init, trak) for trak in traks]


def _track(init: bytes, trak: Box) -> Track:
    head, media = _inside(init, trak, b"tkhd"), _inside(init, trak, b"mdia", b"mdhd")
    number = _uint(init, head.body + (20 if init[head.body] else 12))
    timescale = _uint(init, media.body + (20 if init[media.body] else 12))
    description = _inside(init, trak, b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(boxes(init, description.body + 8, description.end), None)
    if entry is None or not timescale:
        raise ValueError("a track says nothing of itself")
    if entry.kind == b"avc1":
        width, height = _uint(init, entry.body + 24, 2), _uint(init, entry.body + 26, 2)
        inner = Box(entry.kind, entry.start, entry.body + 78, entry.end)
        configuration = _inside(init, inner, b"avcC")
        codec = f"avc1.{init[configuration.body + 1 : configuration.body + 4].hex()}"
        return Track(number, VIDEO, timescale, codec, width, height)
    if entry.kind == b"mp4a":
        # ffmpeg's encoder makes AAC-LC, object type 2, and nothing else.
        return Track(number, AUDIO, timescale, "mp4a.40.2")
    raise ValueError(f"a track of {entry.kind!r}")


def spans_of(segment: bytes) -> dict[int, Span]:
    """Return the place in time of each track's part of a segment (or of another single fragment)."""
    moof = _top(segment, b"moof")
    trafs = [box for box in boxes(segment, moof.body, moof.end) if box.kind == b"traf"]
    return dict(_span(segment, traf) for traf in trafs)


def _span(data: bytes, traf: Box) -> tuple[int, Span]:
    head, clock = _inside(data, traf, b"tfhd"), _inside(data, traf, b"tfdt")
    flags, number = _uint(data, head.body) & 0xFFFFFF, _uint(data, head.body + 4)
    at = head.body + 8 + (8 if flags & BASE_OFFSET else 0) + (4 if flags & 0x2 else 0)
    usual = {}
    for bit in (DURATION, SIZE, FLAGS):
        if flags & bit:
            usual[bit] = _uint(data, at)
            at += 4
    begins = _uint(data, clock.body + 4, 8 if data[clock.body] else 4)
    length, is_key, delay = 0, None, 0
    for run in (box for box in boxes(data, traf.body, traf.end) if box.kind == b"trun"):
        duration, first, first_delay = _run(data, run, usual)
        length += duration
        if is_key is None:
            is_key, delay = first, first_delay
    return number, Span(begins, length, bool(is_key), begins + delay)


def _run(data: bytes, run: Box, usual: dict[int, int]) -> tuple[int, bool, int]:
    """Return a run's ticks; whether its first sample can be decoded alone, how long later it is shown."""
    flags, count = _uint(data, run.body) & 0xFFFFFF, _uint(data, run.body + 4)
    at = run.body + 8 + (4 if flags & DATA_OFFSET else 0)
    first = usual.get(FLAGS, 0)
    if flags & FIRST_FLAGS:
        first = _uint(data, at)
        at += 4
    width = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    if at + count * width > run.end:
        raise ValueError("a run is cut off")
    if flags & 0x400 and not flags & FIRST_FLAGS and count:
        first = _uint(data, at + 4 * sum(bool(flags & bit) for bit in (0x100, 0x200)))
    if flags & 0x100:
        length = sum(_uint(data, at + index * width) for index in range(count))
    else:
        length = count * usual.get(DURATION, 0)
    delay = 0
    if flags & 0x800 and count:
        place = at + 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400))
        delay = int.from_bytes(data[place : place + 4], "big", signed=True)
    return length, count > 0 and not first & NOT_SYNC, delay


def configurations_of(init: bytes) -> list[tuple[Track, bytes]]:
    """Return what a decoder of each track needs to know: two inits with the same can stand for each other."""
    moov = _top(init, b"moov")
    traks = [box for box in boxes(init, moov.body, moov.end) if box.kind == b"trak"]
    return [(_track(init, trak), _picture_configuration(init, trak)) for trak in traks]


def _picture_configuration(init: bytes, trak: Box) -> bytes:
    description = _inside(init, trak, b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(boxes(init, description.body + 8, description.end))
    if entry.kind != b"avc1":
        # Our own AAC encoder's is always the same.
        return b""
    found = _inside(init, Box(entry.kind, entry.start, entry.body + 78, entry.end), b"avcC")
    return init[found.body : found.end]


def _made(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def sound_init(init: bytes) -> bytes | None:
    """Return the init with its sound only; None when there is no sound."""
    sound = next((track.number for track in tracks_of(init) if track.kind == AUDIO), None)
    if sound is None:
        return None
    return b"".join(
        init[box.start : box.end] if box.kind != b"moov" else _made(b"moov", _sound_moov(init, box, sound))
        for box in boxes(init)
    )


def _sound_moov(init: bytes, moov: Box, sound: int) -> bytes:
    content = b""
    for box in boxes(init, moov.body, moov.end):
        if box.kind == b"mvex":
            kept = [
                init[child.start : child.end]
                for child in boxes(init, box.body, box.end)
                if child.kind != b"trex" or _uint(init, child.body + 4) == sound
            ]
            content += _made(b"mvex", b"".join(kept))
        elif box.kind != b"trak" or _track(init, box).number == sound:
            content += init[box.start : box.end]
    return content


def sound_segment(segment: bytes, *, sound: int) -> bytes:
    """Return the part of a segment that belongs to the audio track, as a segment of its own."""
    moof = _top(segment, b"moof")
    traf = _traf_of(segment, moof, sound)
    run = _inside(segment, traf, b"trun")
    if not _uint(segment, run.body) & DATA_OFFSET:
        raise ValueError("a run does not say where its samples lie")
    first = moof.start + _uint(segment, run.body + 8)
    samples = segment[first : first + _run_bytes(segment, run)]
    header = _inside(segment, moof, b"mfhd")
    content = segment[header.start : header.end] + segment[traf.start : traf.end]
    fragment = bytearray(_made(b"moof", content))
    at = 8 + (header.end - header.start) + (run.body + 8 - traf.start)
    fragment[at : at + 4] = (len(fragment) + 8).to_bytes(4, "big")
    styp = b"".join(segment[box.start : box.end] for box in boxes(segment) if box.kind == b"styp")
    return styp + bytes(fragment) + _made(b"mdat", samples)


def _traf_of(segment: bytes, moof: Box, number: int) -> Box:
    for box in boxes(segment, moof.body, moof.end):
        if box.kind == b"traf" and _uint(segment, _inside(segment, box, b"tfhd").body + 4) == number:
            return box
    raise ValueError(f"no track {number}")


def _run_bytes(segment: bytes, run: Box) -> int:
    flags, count = _uint(segment, run.body) & 0xFFFFFF, _uint(segment, run.body + 4)
    if not flags & 0x200:
        raise ValueError("a run does not say how long its samples are")
    at = run.body + 12 + (4 if flags & FIRST_FLAGS else 0) + (4 if flags & 0x100 else 0)
    width = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    return sum(_uint(segment, at + index * width) for index in range(count))
