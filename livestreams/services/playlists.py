"""HLS playlists of a broadcast, composed from what is published (live.md 5). Pure.

One multivariant playlist and one media playlist a rendition. In every media playlist: one EXT-X-MAP and, from
the second on, one EXT-X-DISCONTINUITY a take. MEDIA-SEQUENCE counts the segments that left the window,
DISCONTINUITY-SEQUENCE the discontinuities that left with them; both are the same in all renditions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from livestreams.storage import FULL_PLAYLIST, LIVE_PLAYLIST, SOURCE, init_name, segment_name

MID, LOW, AUDIO = "mid", "low", "audio"
# The best first: a player that does not measure starts with the first.
RENDITIONS = (SOURCE, MID, LOW, AUDIO)

# Fixed for every session: pictures whose keyframes lie further apart than 2 s are transcoded.
TARGET_SECONDS = 3
WINDOW_SEGMENTS = 24


@dataclass(frozen=True)
class Rendition:
    """One rendition of a take: each segment's duration, codecs (RFC 6381), pixels (0 for sound), size."""

    durations_ms: Sequence[int]
    codecs: str
    width: int
    height: int
    peak_bps: int
    total_bytes: int


@dataclass(frozen=True)
class TakePicture:
    """What of a take is published: its number, when its picture began (UTC), its renditions by name.

    All renditions of a take have the same number of segments, cut at the same keyframes; one that a take
    lacks is shown by its source.
    """

    number: int
    began_at: datetime
    renditions: Mapping[str, Rendition]

    @property
    def durations_ms(self) -> Sequence[int]:
        """Each segment of the source."""
        return self.renditions[SOURCE].durations_ms

    @property
    def length_ms(self) -> int:
        """How long the take's picture is."""
        return sum(self.durations_ms)


@dataclass(frozen=True)
class TakeSpan:
    """When a take's picture began and how long it is, where no more is known of it yet."""

    began_at: datetime
    length_ms: int


@dataclass(frozen=True)
class _Part:
    """Segments `first` to before `end` of a take; whether other segments of the show come before it."""

    take: TakePicture
    first: int
    end: int
    is_continued: bool


def media_playlist_name(rendition: str, *, is_live: bool) -> str:
    """Return the file name of a rendition's media playlist."""
    return f"{rendition}.m3u8" if is_live else f"full-{rendition}.m3u8"


def compose(
    takes: Sequence[TakePicture],
    *,
    is_live: bool,
    is_over: bool,
    start_ms: int = 0,
    end_ms: int | None = None,
) -> dict[str, str]:
    """Return the playlists by file name, addresses relative to the broadcast's public folder.

    `is_live`: the window of the newest segments, ENDLIST only when the session is over; the multivariant
    playlist is live.m3u8. Otherwise the whole show for the replay (full.m3u8), of it the segments that
    overlap start_ms..end_ms.
    """
    takes = [take for take in takes if take.durations_ms]
    if is_live:
        parts, left = _newest(takes)
    else:
        parts, left = _overlapping(takes, start_ms, end_ms)
    names = [name for name in RENDITIONS if any(name in take.renditions for take in takes)]
    texts = {
        media_playlist_name(name, is_live=is_live): _media(
            parts, left, name, is_live=is_live, is_over=is_over or not is_live
        )
        for name in names
    }
    texts[LIVE_PLAYLIST if is_live else FULL_PLAYLIST] = _multivariant(takes, names, is_live=is_live)
    return texts


def kept_span_ms(takes: Sequence[TakePicture], *, start_ms: int, end_ms: int | None) -> tuple[int, int]:
    """Return where the segments that overlap start_ms..end_ms begin and end, in the whole show."""
    begins, first, last = 0, 0, 0
    for part in _overlapping([take for take in takes if take.durations_ms], start_ms, end_ms)[0]:
        begins = sum(take.length_ms for take in takes if take.number < part.take.number)
        durations = part.take.durations_ms
        if not last:
            first = begins + sum(durations[: part.first])
        last = begins + sum(durations[: part.end])
    return first, last


def _newest(takes: Sequence[TakePicture]) -> tuple[list[_Part], tuple[int, int]]:
    """Return the window, and how many segments and discontinuities left it."""
    counts = [len(take.durations_ms) for take in takes]
    out = max(sum(counts) - WINDOW_SEGMENTS, 0)
    parts, passed, breaks = [], 0, 0
    for index, (take, count) in enumerate(zip(takes, counts, strict=True)):
        first = min(max(out - passed, 0), count)
        if first < count:
            parts.append(_Part(take, first, count, is_continued=index > 0 and first == 0))
        breaks += index > 0 and first > 0
        passed += count
    return parts, (out, breaks)


def _overlapping(
    takes: Sequence[TakePicture], start_ms: int, end_ms: int | None
) -> tuple[list[_Part], tuple[int, int]]:
    """Return what overlaps a stretch of the show; never nothing, and nothing counts as having left."""
    parts, at = [], 0
    for take in takes:
        chosen = []
        for index, duration in enumerate(take.durations_ms):
            if at + duration > start_ms and (end_ms is None or at < end_ms):
                chosen.append(index)
            at += duration
        if chosen:
            parts.append(_Part(take, chosen[0], chosen[-1] + 1, is_continued=bool(parts)))
    if not parts and takes:
        last = len(takes[-1].durations_ms)
        parts = [_Part(takes[-1], last - 1, last, is_continued=False)]
    return parts, (0, 0)


def _media(parts: Sequence[_Part], left: tuple[int, int], name: str, *, is_live: bool, is_over: bool) -> str:
    chosen = [(part, name if name in part.take.renditions else SOURCE) for part in parts]
    longest = max(
        (max(part.take.renditions[shown].durations_ms[part.first : part.end]) for part, shown in chosen),
        default=0,
    )
    # A live playlist may not change it; in a finished one it has to cover a recorder that stood still.
    target = TARGET_SECONDS if is_live else max(TARGET_SECONDS, round(longest / 1000))
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if not is_live:
        lines.append("#EXT-X-PLAYLIST-TYPE:VOD")
    lines.append(f"#EXT-X-TARGETDURATION:{target}")
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{left[0]}")
    lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{left[1]}")
    for part, shown in chosen:
        lines += _part_lines(part, shown)
    if is_over:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _part_lines(part: _Part, rendition: str) -> list[str]:
    take = part.take
    folder = f"takes/{take.number}"
    # The source's clock for all, so that a player finds the same moment in each.
    at = take.began_at + timedelta(milliseconds=sum(take.durations_ms[: part.first]))
    clock = f"{at.strftime('%Y-%m-%dT%H:%M:%S.')}{at.microsecond // 1000:03d}Z"
    lines = ["#EXT-X-DISCONTINUITY"] if part.is_continued else []
    lines.append(f'#EXT-X-MAP:URI="{folder}/{init_name(rendition)}"')
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{clock}")
    durations = take.renditions[rendition].durations_ms
    for index in range(part.first, part.end):
        lines.append(f"#EXTINF:{durations[index] / 1000:.3f},")
        lines.append(f"{folder}/{segment_name(index, rendition)}")
    return lines


def _multivariant(takes: Sequence[TakePicture], names: Sequence[str], *, is_live: bool) -> str:
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for name in names:
        shown = [take.renditions.get(name) or take.renditions[SOURCE] for take in takes]
        length_ms = sum(sum(one.durations_ms) for one in shown)
        average = sum(one.total_bytes for one in shown) * 8000 // max(length_ms, 1)
        own = [take.renditions[name] for take in takes if name in take.renditions]
        attributes = [
            f"BANDWIDTH={max(one.peak_bps for one in shown)}",
            f"AVERAGE-BANDWIDTH={average}",
            f'CODECS="{_codecs(own)}"',
        ]
        if own[-1].width:
            attributes.append(f"RESOLUTION={own[-1].width}x{own[-1].height}")
        lines.append(f"#EXT-X-STREAM-INF:{','.join(attributes)}")
        lines.append(media_playlist_name(name, is_live=is_live))
    return "\n".join(lines) + "\n"


def _codecs(renditions: Sequence[Rendition]) -> str:
    """Return one codec a kind: of several takes' the most demanding, by level and then profile."""
    most: dict[str, str] = {}
    for codec in (codec for one in renditions for codec in one.codecs.split(",")):
        kind = codec.partition(".")[0]
        most[kind] = max(most.get(kind, codec), codec, key=lambda text: (text[-2:], text))
    return ",".join(most.values())


def media_time_ms(takes: Sequence[TakePicture | TakeSpan], at: datetime) -> int:
    """Return where in the joined picture a moment lies; in a gap between takes, where the next begins."""
    passed = 0
    for take in takes:
        length = take.length_ms
        offset = int((at - take.began_at).total_seconds() * 1000)
        if offset < 0:
            return passed
        if offset < length:
            return passed + offset
        passed += length
    return passed
