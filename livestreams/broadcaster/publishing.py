"""One take on its way to the public folder: which segments are out, and what to do when ffmpeg dies.

A new run goes on just before the newest segment that is out, from the last place in the recording where
reading can begin; it gives its segments the times that they have in the whole, so that those that are out
already are known and skipped. Where that does not succeed it reads from the first chunk again.
"""

import logging
import os
import shutil
import time
from uuid import UUID

from livestreams import storage
from livestreams.broadcaster.boxes import AUDIO as SOUND_TRACK
from livestreams.broadcaster.boxes import VIDEO, Track, configurations_of, sound_init, spans_of
from livestreams.broadcaster.encoder import Run
from livestreams.broadcaster.memory import Anchor, Memory
from livestreams.broadcaster.places import TRANSCODED, Places
from livestreams.broadcaster.renditions import Measured, sound_of
from livestreams.services.playlists import AUDIO, LOW, MID, SOURCE, Rendition
from livestreams.services.receiving import is_copyable

logger = logging.getLogger(__name__)

# decisions.md 19; a little slack for frames that do not fall on the second.
SPARSE_KEYFRAMES_MS = 2200
SPARSE_KEYFRAMES_WAIT = 8.0
# A segment a keyframe: below this there would be too many.
DENSE_KEYFRAMES_MS, DENSE_KEYFRAMES = 300, 4
STUCK_SECONDS = 20.0
# Bytes go in and no segment comes out: the recording is damaged, or its camera is off.
BARREN_SECONDS = 20.0
# Smaller renditions that stay so far behind the source, or hold everything up so long behind the sender, for
# so many seconds are given up for the take.
LATE_SEGMENTS, LATE_LAG_SECONDS, LATE_SECONDS = 5, 6.0, 15.0
PLACE_SECONDS = 10.0
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 10.0
# So many runs in a row without one new segment: the recording cannot be read.
HOPELESS_RUNS = 5
SAME_SECONDS = 0.05
ALIGNED_SECONDS = 0.1


class Unaligned(Exception):
    """A smaller rendition is not cut where the source is, or is too late."""


class NotJoined(Exception):
    """A run that began in the middle does not continue what is out."""


class TakePublisher:
    """Publishes the segments of one take; its memory is a file beside the chunks."""

    def __init__(self, *, take_id: int, number: int, mime: str, public_id: UUID, places: Places):
        self.take_id, self.number, self.mime = take_id, number, mime
        self.folder = storage.take_folder(public_id, number)
        self.work = storage.work_folder(take_id)
        self.places = places
        self.refusal = ""
        self.last_seq: int | None = None
        self.run: Run | None = None
        self._runs = 0
        self._barren_runs = 0
        self._start_at = 0.0
        self._waits_since: float | None = None
        self._late_since: float | None = None
        self._may_join = True
        self._is_joined = False
        known = Memory.load(take_id)
        self.memory = known or Memory(is_copy=is_copyable(mime))
        self._is_planned = known is not None
        if known is not None and not known.is_finished:
            for kind in (*known.smaller, *(() if known.is_copy else (TRANSCODED,))):
                places.keep(kind, take_id)

    @property
    def is_finished(self) -> bool:
        """Whether every chunk has become picture, or never will."""
        return self.memory.is_finished

    @property
    def count(self) -> int:
        """How many segments are out, in every rendition."""
        source = self.memory.measured.get(SOURCE)
        return len(source.durations_ms) if source else 0

    @property
    def length_ms(self) -> int:
        """How long the published picture is."""
        source = self.memory.measured.get(SOURCE)
        return sum(source.durations_ms) if source else 0

    def renditions(self) -> dict[str, Rendition]:
        """Return what is published, by rendition."""
        return {name: one.as_rendition() for name, one in self.memory.measured.items()}

    def step(self) -> bool:
        """Do what is due now; return whether something new is public."""
        if self.is_finished:
            return False
        if self.run is None:
            self._start()
            return self.is_finished
        has_ended = self.run.process.poll() is not None
        before = self.count
        try:
            if self._must_transcode():
                return self.is_finished
            self._publish()
        except Unaligned as error:
            self._give_up_smaller(str(error))
            if not has_ended:
                self._end_run()
            return self.count > before
        except NotJoined as error:
            logger.warning("take %s: %s, reading it from its beginning", self.take_id, error)
            if self.run.joint is None:
                self._failed()
            self._may_join = False
            self._end_run()
            return self.count > before or self.is_finished
        except ValueError as error:
            logger.warning("take %s: %s", self.take_id, error)
            self._failed()
            return self.count > before or self.is_finished
        if self.count > before:
            self._barren_runs, self._may_join = 0, True
        if has_ended:
            self._ended()
        elif self.run.is_stuck(STUCK_SECONDS) or self.run.eaten_seconds > BARREN_SECONDS:
            logger.warning("take %s: ffmpeg gives nothing, restarting it", self.take_id)
            self._failed()
        return self.count > before or self.is_finished

    def _start(self) -> None:
        if self.last_seq == 0:
            self._finish()
            return
        if time.monotonic() < self._start_at or not storage.chunk_path(self.take_id, 0).exists():
            return
        if not self._is_planned and not self._plan():
            return
        if not self._runs:
            shutil.rmtree(self.work, ignore_errors=True)
        self._runs += 1
        self._is_joined = False
        self.run = Run(
            take_id=self.take_id,
            mime=self.mime,
            is_copy=self.memory.is_copy,
            # The process id keeps a predecessor's dying ffmpeg out of our folder.
            folder=self.work / f"run-{os.getpid()}-{self._runs}",
            smaller=self.memory.smaller,
            joint=self.memory.joint() if self._may_join else None,
        )
        self.run.last_seq = self.last_seq

    def _plan(self) -> bool:
        """Settle for the whole take what is made of it, by the places that are free."""
        if not self.memory.is_copy and not self.places.take(TRANSCODED, self.take_id):
            # A recording that has just been closed gives its place back in a moment.
            self._waits_since = self._waits_since or time.monotonic()
            if time.monotonic() - self._waits_since > PLACE_SECONDS:
                self._refuse("too_many_transcodes")
            return False
        self.memory.smaller = [kind for kind in (MID, LOW) if self.places.take(kind, self.take_id)]
        self._is_planned = True
        return True

    def close_after(self, seq: int) -> None:
        """The take is closed: its input ends after so many chunks."""
        self.last_seq = seq
        if self.run is not None:
            self.run.last_seq = seq

    def _must_transcode(self) -> bool:
        """Begin again with re-encoding, before anything is out, if the keyframes lie badly; say whether."""
        if not self.memory.is_copy or self.count or not self._keyframes_lie_badly():
            return False
        self._end_run()
        if not self.places.take(TRANSCODED, self.take_id):
            self._refuse("too_many_transcodes")
        else:
            logger.info("take %s: keyframes are too far apart or too dense, transcoding", self.take_id)
            self.memory.is_copy = False
        return True

    def _keyframes_lie_badly(self) -> bool:
        listed = self.run.durations_ms()
        if listed and listed[0] > SPARSE_KEYFRAMES_MS:
            return True
        if len(listed) >= DENSE_KEYFRAMES:
            return sum(listed[:DENSE_KEYFRAMES]) < DENSE_KEYFRAMES * DENSE_KEYFRAMES_MS
        first = self.run.first_fed_at
        waited = time.monotonic() - first if first is not None else 0
        return not listed and self.run.fed > 3 and waited > SPARSE_KEYFRAMES_WAIT

    def _publish(self) -> None:
        listed = self.run.durations_ms()
        taken = self.run.taken
        is_short = not self.count and listed[:1] and listed[0] < DENSE_KEYFRAMES_MS
        if is_short and len(listed) < DENSE_KEYFRAMES and not self.run.has_read_all:
            # Too early to know whether all of them are as short.
            return
        while taken[SOURCE] < len(listed):
            index = taken[SOURCE]
            segment = self._segment(SOURCE, index).read_bytes()
            anchor = self._anchor_of(segment)
            if self.run.has_read_all and index == len(listed) - 1:
                # ffmpeg knows the others' lengths by the next one's beginning.
                listed[index] = max(listed[index], self._length_ms(segment))
            if self.count and anchor.seconds <= self.memory.anchor.seconds + SAME_SECONDS:
                # It is out already.
                self._is_joined |= anchor.seconds >= self.memory.anchor.seconds - SAME_SECONDS
            else:
                self._check_joint()
                others = self._others(anchor)
                if others is None:
                    break
                self._publish_segment(segment, listed[index], others)
                self._is_joined = True
                self.memory.move(anchor, self.run.scanner)
                self.memory.keep(self.take_id)
            self._segment(SOURCE, index).unlink(missing_ok=True)
            taken[SOURCE] += 1
            self.run.eaten_seconds = 0.0
        self._watch_pace(len(listed) - taken[SOURCE])

    def _segment(self, rendition: str, index: int):
        return self.run.folder / storage.segment_name(index, rendition)

    def _anchor_of(self, segment: bytes, rendition: str = SOURCE) -> Anchor:
        tracks = {track.kind: track for track, _ in self._configurations(rendition)}
        spans = spans_of(segment)
        video, sound = tracks[VIDEO], tracks.get(SOUND_TRACK)
        if video.number not in spans:
            raise ValueError("a segment without picture")
        begins = spans[sound.number].begins if sound and sound.number in spans else None
        return Anchor(spans[video.number].shows, video.timescale, begins)

    def _length_ms(self, segment: bytes) -> int:
        video = next(track for track, _ in self._configurations(SOURCE) if track.kind == VIDEO)
        return spans_of(segment)[video.number].length * 1000 // video.timescale

    def _configurations(self, rendition: str) -> list[tuple[Track, bytes]]:
        """Return what is in this run's init."""
        known = self.run.configurations
        if rendition not in known:
            found = configurations_of((self.run.folder / storage.init_name(rendition)).read_bytes())
            if not any(track.kind == VIDEO for track, _ in found):
                raise ValueError("a recording without picture")
            known[rendition] = found
        return known[rendition]

    def _check_joint(self) -> None:
        """Make sure that the first new segment of this run continues what is out."""
        if not self.count or self._is_joined:
            return
        if self.run.joint is not None:
            raise NotJoined("the new run does not meet what is out")
        # From the beginning there is no better: the times of what is out were others.
        logger.warning("take %s: the newest published segment did not come again", self.take_id)
        self._is_joined = True

    def _watch_pace(self, waiting: int) -> None:
        """Give the smaller renditions up when the machine does not keep up: the show is not delayed."""
        is_late = waiting > LATE_SEGMENTS or self.run.lag_seconds > LATE_LAG_SECONDS
        if not is_late or not self.memory.smaller:
            self._late_since = None
            return
        self._late_since = self._late_since or time.monotonic()
        if time.monotonic() - self._late_since > LATE_SECONDS:
            self._late_since = None
            raise Unaligned("the machine is too slow for smaller renditions")

    def _others(self, anchor: Anchor) -> dict[str, tuple[int, int]] | None:
        """Return the smaller renditions' segments of the same moment, or None while they are not ready."""
        found = {}
        for name in self.memory.smaller:
            listed = self.run.durations_ms(name)
            while self.run.taken[name] < len(listed):
                index = self.run.taken[name]
                late = self._anchor_of(self._segment(name, index).read_bytes(), name).seconds - anchor.seconds
                if late < -ALIGNED_SECONDS:
                    self._segment(name, index).unlink(missing_ok=True)
                    self.run.taken[name] += 1
                    continue
                if late > ALIGNED_SECONDS:
                    raise Unaligned(f"{name} has no cut where the source has one")
                found[name] = (index, listed[index])
                break
            if name not in found:
                if self.run.has_read_all:
                    raise Unaligned(f"{name} ends before the source")
                return None
        return found

    def _give_up_smaller(self, why: str) -> None:
        logger.warning("take %s: %s, going on with the source alone", self.take_id, why)
        for name in self.memory.smaller:
            self.memory.measured.pop(name, None)
        self.places.leave(self.take_id, *self.memory.smaller)
        self.memory.smaller = []

    def _publish_segment(self, segment: bytes, duration_ms: int, others: dict[str, tuple[int, int]]) -> None:
        """Make a segment, its sound and its smaller ones public, then count it: what counts is complete."""
        index, measured = self.count, self.memory.measured
        self._publish_inits(others)
        added = {SOURCE: (duration_ms, len(segment))}
        if AUDIO in measured:
            sound, sound_ms = sound_of(segment, measured[AUDIO])
            path = self.folder / storage.segment_name(index, AUDIO)
            storage.write_atomically(path, sound, is_durable=False)
            added[AUDIO] = (sound_ms, len(sound))
        for name, (position, other_ms) in others.items():
            path = self._segment(name, position)
            added[name] = (other_ms, path.stat().st_size)
            path.replace(self.folder / storage.segment_name(index, name))
            self.run.taken[name] += 1
        self._segment(SOURCE, self.run.taken[SOURCE]).replace(self.folder / storage.segment_name(index))
        for name, (length_ms, size) in added.items():
            measured[name].add(length_ms, size)

    def _publish_inits(self, others: dict[str, tuple[int, int]]) -> None:
        """Publish each rendition's init once; every later run's must be as good."""
        if self.run.has_checked_inits:
            return
        for name in (SOURCE, *others):
            path = self.folder / storage.init_name(name)
            if name in self.memory.measured:
                if configurations_of(path.read_bytes()) != self._configurations(name):
                    raise NotJoined(f"the new run's {name} needs another decoder")
                continue
            init = (self.run.folder / storage.init_name(name)).read_bytes()
            storage.write_atomically(path, init)
            self.memory.measured[name] = Measured.of(init)
            sound = sound_init(init) if name == SOURCE else None
            if sound is not None:
                storage.write_atomically(self.folder / storage.init_name(AUDIO), sound)
                self.memory.measured[AUDIO] = Measured.of(sound)
        self.run.has_checked_inits = True

    def _ended(self) -> None:
        if self.run.has_read_all:
            if not self.count:
                self.refusal = "unreadable"
            self._finish()
            return
        logger.warning(
            "take %s: ffmpeg ended with %s: %s",
            self.take_id,
            self.run.process.returncode,
            self.run.last_words(),
        )
        self._failed()

    def _failed(self) -> None:
        self._barren_runs += 1
        self._start_at = time.monotonic() + min(FIRST_BACKOFF * 2 ** (self._barren_runs - 1), LONGEST_BACKOFF)
        # The next one is tried without what may be the cause: the joint, then the smaller renditions.
        self._may_join = self.run.joint is None
        if self._barren_runs > 1 and self.memory.smaller:
            self._give_up_smaller("ffmpeg fails")
        self._end_run()
        if self._barren_runs >= HOPELESS_RUNS:
            logger.error("take %s cannot be read, giving it up", self.take_id)
            self._refuse("unreadable")

    def _refuse(self, reason: str) -> None:
        self.refusal = reason
        self._finish()

    def _finish(self) -> None:
        self._end_run()
        self.memory.is_finished = True
        self.memory.keep(self.take_id)
        self.places.leave(self.take_id)
        shutil.rmtree(self.work, ignore_errors=True)

    def _end_run(self) -> None:
        if self.run is not None:
            self.run.stop()
            self.run = None

    def stop(self) -> None:
        """Stop without finishing; a later process goes on from the chunks."""
        self._end_run()
