"""What is measured of a rendition while it is published."""

from dataclasses import dataclass, field
from typing import Self

from livestreams.broadcaster.boxes import AUDIO, VIDEO, sound_segment, spans_of, tracks_of
from livestreams.services.playlists import Rendition


@dataclass
class Measured:
    """One rendition of a take so far; `sound` is the number of its audio track, 0 without one."""

    codecs: str
    width: int
    height: int
    sound: int
    sound_timescale: int
    durations_ms: list[int] = field(default_factory=list)
    peak_bps: int = 0
    total_bytes: int = 0

    @classmethod
    def of(cls, init: bytes) -> Self:
        """Return a rendition of which only the init is known."""
        tracks = tracks_of(init)
        video = next((track for track in tracks if track.kind == VIDEO), None)
        sound = next((track for track in tracks if track.kind == AUDIO), None)
        return cls(
            codecs=",".join(track.codec for track in tracks),
            width=video.width if video else 0,
            height=video.height if video else 0,
            sound=sound.number if sound else 0,
            sound_timescale=sound.timescale if sound else 0,
        )

    def add(self, duration_ms: int, size: int) -> None:
        """Count one more segment."""
        self.durations_ms.append(duration_ms)
        self.total_bytes += size
        # The last piece of a take can be a few frames long; its rate says nothing.
        if duration_ms >= 500 or not self.peak_bps:
            self.peak_bps = max(self.peak_bps, size * 8000 // max(duration_ms, 1))

    def as_rendition(self) -> Rendition:
        """Return it as the playlists want it."""
        return Rendition(
            durations_ms=self.durations_ms,
            codecs=self.codecs,
            width=self.width,
            height=self.height,
            peak_bps=self.peak_bps,
            total_bytes=self.total_bytes,
        )


def sound_of(segment: bytes, sound: Measured) -> tuple[bytes, int]:
    """Return the segment's sound as a segment of its own, and its length in ms."""
    alone = sound_segment(segment, sound=sound.sound)
    span = spans_of(alone)[sound.sound]
    return alone, round(span.length * 1000 / sound.sound_timescale)
