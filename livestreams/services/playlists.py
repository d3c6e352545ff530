"""HLS playlists of a broadcast, composed from what is published (live.md 5). Pure.

One EXT-X-MAP and, from the second on, one EXT-X-DISCONTINUITY a take. MEDIA-SEQUENCE counts the
segments that left the window, DISCONTINUITY-SEQUENCE the discontinuities that left with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from livestreams.storage import INIT, segment_name

# Fixed for every session: pictures whose keyframes lie further apart than 2 s are transcoded.
TARGET_SECONDS = 3
WINDOW_SEGMENTS = 24


@dataclass(frozen=True)
class TakePicture:
    """The published segments of one take: its number, when it began (UTC), each duration in ms."""

    number: int
    started_at: datetime
    durations_ms: Sequence[int]


@dataclass(frozen=True)
class _Segment:
    take: TakePicture
    index: int
    starts_at: datetime
    duration_ms: int
    is_discontinuity: bool


def _segments(takes: Sequence[TakePicture]) -> list[_Segment]:
    segments = []
    for take in takes:
        starts_at = take.started_at
        for index, duration_ms in enumerate(take.durations_ms):
            is_break = index == 0 and bool(segments)
            segments.append(_Segment(take, index, starts_at, duration_ms, is_break))
            starts_at += timedelta(milliseconds=duration_ms)
    return segments


def _lines(segments: Sequence[_Segment]) -> list[str]:
    lines = []
    take = None
    for segment in segments:
        if segment.is_discontinuity:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.take is not take:
            take = segment.take
            lines.append(f'#EXT-X-MAP:URI="takes/{take.number}/{INIT}"')
            clock = segment.starts_at.strftime("%Y-%m-%dT%H:%M:%S.")
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{clock}{segment.starts_at.microsecond // 1000:03d}Z")
        lines.append(f"#EXTINF:{segment.duration_ms / 1000:.3f},")
        lines.append(f"takes/{take.number}/{segment_name(segment.index)}")
    return lines


def live_playlist(takes: Sequence[TakePicture], *, is_over: bool) -> str:
    """Return the sliding window of the newest segments; ENDLIST only when the session has ended."""
    segments = _segments(takes)
    window = segments[-WINDOW_SEGMENTS:]
    left = segments[: len(segments) - len(window)]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        f"#EXT-X-MEDIA-SEQUENCE:{len(left)}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{sum(segment.is_discontinuity for segment in left)}",
        *_lines(window),
    ]
    if is_over:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def full_playlist(takes: Sequence[TakePicture]) -> str:
    """Return the whole show for the replay."""
    segments = _segments(takes)
    longest = max((segment.duration_ms for segment in segments), default=0)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXT-X-TARGETDURATION:{max(TARGET_SECONDS, round(longest / 1000))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        *_lines(segments),
        "#EXT-X-ENDLIST",
    ]
    return "\n".join(lines) + "\n"


def media_time_ms(takes: Sequence[TakePicture], at: datetime) -> int:
    """Return where in the joined picture a moment lies; in a gap between takes, where the next begins."""
    passed = 0
    for take in takes:
        length = sum(take.durations_ms)
        offset = int((at - take.started_at).total_seconds() * 1000)
        if offset < 0:
            return passed
        if offset < length:
            return passed + offset
        passed += length
    return passed
