"""Where in a recording's bytes one may begin to read again: a header, and marks behind it.

Matroska clusters, fMP4 fragments, FLV keyframes. The chunks of a take are one stream, cut anywhere.
A scanner that loses its way says so; then the take is read from its beginning.
"""

import re
import threading
from collections import deque
from dataclasses import dataclass

from livestreams.broadcaster.boxes import Box, boxes
from livestreams.services.receiving import container_of

CLUSTER, TIME_SCALE = b"\x1f\x43\xb6\x75", b"\x2a\xd7\xb1"
CHECKSUM = b"\xbf\x84"  # and four bytes
LONGEST_CLUSTER_HEAD = 28
LARGEST_HEADER = 64 * 1024
LARGEST_PART = 1024 * 1024
MARKS_KEPT = 4000


@dataclass(frozen=True)
class Mark:
    """A place in the stream: the chunk, the byte in it, its media time in ms."""

    seq: int
    offset: int
    ms: int


class Scanner:
    """Follows the bytes of a take chunk by chunk; safe to ask from another thread."""

    def __init__(self, *, header: bytes = b""):
        self.header = header
        self.is_lost = False
        self._marks: deque[Mark] = deque(maxlen=MARKS_KEPT)
        self._lock = threading.Lock()
        self._held = b""  # bytes that are not understood yet
        self._places: deque[tuple[int, int, int]] = deque()  # stream position, chunk, byte in it
        self._end = 0

    def feed(self, seq: int, data: bytes, *, offset: int = 0) -> None:
        """Take in the bytes of a chunk from `offset` on."""
        if self.is_lost:
            return
        self._places.append((self._end, seq, offset))
        self._held += data
        self._end += len(data)
        try:
            used = self._scan(self._held)
        except (ValueError, IndexError):
            self.is_lost = True
            used = len(self._held)
        self._held = self._held[used:]
        if len(self._held) > LARGEST_PART or len(self.header) > LARGEST_HEADER:
            self.is_lost = True
        begins = self._end - len(self._held)
        while len(self._places) > 1 and self._places[1][0] <= begins:
            self._places.popleft()

    def mark_before(self, ms: float) -> Mark | None:
        """Return the last mark at or before a media time; older ones are forgotten."""
        if self.is_lost or not self.header:
            return None
        with self._lock:
            while len(self._marks) > 1 and self._marks[1].ms <= ms:
                self._marks.popleft()
            return self._marks[0] if self._marks and self._marks[0].ms <= ms else None

    def _scan(self, data: bytes) -> int:
        """Understand what can be understood and return how many bytes that were."""
        raise NotImplementedError

    def _note(self, at: int, ms: float) -> None:
        """Note a mark at a byte of what is held."""
        position = self._end - len(self._held) + at
        start, seq, offset = next(place for place in reversed(self._places) if place[0] <= position)
        with self._lock:
            self._marks.append(Mark(seq, offset + position - start, round(ms)))


class MatroskaScanner(Scanner):
    """Clusters that begin with their time, as recorders write them; a checksum may come first."""

    def __init__(self, *, header: bytes = b""):
        super().__init__(header=header)
        self._begun = b""

    def _scan(self, data: bytes) -> int:
        used = 0
        for found in re.finditer(re.escape(CLUSTER), data):
            at = found.start()
            if at + LONGEST_CLUSTER_HEAD > len(data):
                used = at
                break
            time = _cluster_time(data, at)
            if time is None:
                continue
            self.header = self.header or self._begun + data[:at]
            self._note(at, time * _time_scale(self.header) / 1_000_000)
        else:
            used = max(len(data) - len(CLUSTER) + 1, 0)
        if not self.header:
            self._begun += data[:used]
            if len(self._begun) > LARGEST_HEADER:
                raise ValueError("no cluster")
        return used


def _vint(data: bytes, at: int) -> int:
    """Return how many bytes an EBML length has; 0 when it is none."""
    return 9 - data[at].bit_length() if data[at] else 0


def _cluster_time(data: bytes, at: int) -> int | None:
    at += len(CLUSTER)
    size = _vint(data, at)
    at += size
    if data[at : at + 2] == CHECKSUM:
        at += 6
    if not size or data[at] != 0xE7 or not 0x81 <= data[at + 1] <= 0x88:
        return None
    return int.from_bytes(data[at + 2 : at + 2 + data[at + 1] - 0x80])


def _time_scale(header: bytes) -> int:
    """Return how many nanoseconds a tick has."""
    at = header.find(TIME_SCALE)
    if at < 0 or not 0x81 <= header[at + 3] <= 0x88:
        return 1_000_000
    return int.from_bytes(header[at + 4 : at + 4 + header[at + 3] - 0x80])


class Mp4Scanner(Scanner):
    """Fragments, by the decode times of their tracks."""

    def __init__(self, *, header: bytes = b""):
        super().__init__(header=header)
        self._skip = 0

    def _scan(self, data: bytes) -> int:
        at = 0
        while True:
            step = min(self._skip, len(data) - at)
            at, self._skip = at + step, self._skip - step
            if at + 16 > len(data):
                return at
            size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
            if size == 1:
                size = int.from_bytes(data[at + 8 : at + 16])
            if size < 8 or not kind.isalnum():
                raise ValueError("no box")
            if kind == b"moof" or (kind in (b"ftyp", b"moov") and not self._is_header_whole):
                if at + size > len(data):
                    return at
                whole = data[at : at + size]
                if kind == b"moof":
                    self._note(at, _fragment_ms(whole, self.header))
                else:
                    self.header += whole
            self._skip = size

    @property
    def _is_header_whole(self) -> bool:
        return b"moov" in self.header


def _child(data: bytes, box: Box, kind: bytes) -> Box:
    found = next((one for one in boxes(data, box.body, box.end) if one.kind == kind), None)
    if found is None:
        raise ValueError(f"no {kind.decode()} box")
    return found


def _fragment_ms(moof: bytes, header: bytes) -> float:
    """Return the earliest decode time among the tracks of a fragment."""
    scales = {}
    moov = _child(header, Box(b"", 0, 0, len(header)), b"moov")
    for trak in (box for box in boxes(header, moov.body, moov.end) if box.kind == b"trak"):
        head, clock = _child(header, trak, b"tkhd"), _child(header, _child(header, trak, b"mdia"), b"mdhd")
        number = int.from_bytes(header[(at := head.body + (20 if header[head.body] else 12)) : at + 4])
        scales[number] = int.from_bytes(
            header[(at := clock.body + (20 if header[clock.body] else 12)) : at + 4]
        )
    times = []
    outer = next(boxes(moof))
    for traf in (box for box in boxes(moof, outer.body, outer.end) if box.kind == b"traf"):
        head, clock = _child(moof, traf, b"tfhd"), _child(moof, traf, b"tfdt")
        width = 8 if moof[clock.body] else 4
        ticks = int.from_bytes(moof[clock.body + 4 : clock.body + 4 + width])
        scale = scales.get(int.from_bytes(moof[head.body + 4 : head.body + 8]))
        if not scale:
            raise ValueError("a fragment of an unknown track")
        times.append(ticks * 1000 / scale)
    return min(times)


class FlvScanner(Scanner):
    """Keyframes; the header is the file's, its script data and the newest configuration of each track."""

    def __init__(self, *, header: bytes = b""):
        super().__init__(header=header)
        self._skip = 0
        self._start, self._script, self._configurations = header, b"", {}

    def _scan(self, data: bytes) -> int:
        at = 0
        if not self._start:
            if len(data) < 13:
                return 0
            if data[:4] != b"FLV\x01":
                raise ValueError("no FLV")
            self._start, at = data[:13], 13
            self.header = self._start
        while True:
            step = min(self._skip, len(data) - at)
            at, self._skip = at + step, self._skip - step
            if self._skip or at + 13 > len(data):
                return at
            kind, size = data[at], int.from_bytes(data[at + 1 : at + 4]) + 15
            if kind not in (8, 9, 18):
                raise ValueError("no tag")
            is_configuration = kind != 18 and data[at + 12] == 0 and (kind == 9 or data[at + 11] >> 4 == 10)
            if kind == 18 or is_configuration:
                if at + size > len(data):
                    return at
                self._keep(kind, data[at : at + size])
            elif kind == 9 and data[at + 11] >> 4 == 1:
                self._note(at, int.from_bytes(bytes([data[at + 7]]) + data[at + 4 : at + 7]))
            self._skip = size

    def _keep(self, kind: int, tag: bytes) -> None:
        if kind == 18 and self._script:
            return
        # Times in a header would be taken for the beginning of the recording.
        tag = tag[:4] + b"\0\0\0\0" + tag[8:]
        if kind == 18:
            self._script = tag
        else:
            self._configurations[kind] = tag
        self.header = self._start + self._script + b"".join(self._configurations.values())


def scanner_of(mime: str, *, header: bytes = b"") -> Scanner:
    """Return the scanner of a recording's container, at its beginning or behind a known header."""
    kinds = {"video/mp4": Mp4Scanner, "video/x-flv": FlvScanner}
    return kinds.get(container_of(mime), MatroskaScanner)(header=header)
