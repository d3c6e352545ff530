"""One take on its way to the public folder: which segments are out, and what to do when ffmpeg dies.

A new run starts from the first acknowledged chunk. The cuts fall on the same keyframes, so segments
that are already out are skipped and the numbering goes on: nothing is published twice.
"""

import json
import logging
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from livestreams import storage
from livestreams.broadcaster.boxes import sound_init
from livestreams.broadcaster.encoder import Run
from livestreams.broadcaster.renditions import Measured, sound_of
from livestreams.services.playlists import AUDIO, SOURCE, Rendition
from livestreams.services.receiving import is_copyable

logger = logging.getLogger(__name__)

# decisions.md 19; a little slack for frames that do not fall on the second.
SPARSE_KEYFRAMES_MS = 2200
SPARSE_KEYFRAMES_WAIT = 8.0
STUCK_SECONDS = 20.0
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 10.0
# So many runs in a row without one new segment: the recording cannot be read.
HOPELESS_RUNS = 5


class TakePublisher:
    """Publishes the segments of one take; its memory is a file beside the chunks."""

    def __init__(self, *, take_id: int, number: int, mime: str, public_id: UUID):
        self.take_id, self.number, self.mime = take_id, number, mime
        self.folder = storage.take_folder(public_id, number)
        self.work = storage.work_folder(take_id)
        self.measured: dict[str, Measured] = {}
        self.is_copy = is_copyable(mime)
        self.is_finished = False
        self.is_unreadable = False
        self.last_seq: int | None = None
        self.run: Run | None = None
        self._runs = 0
        self._barren_runs = 0
        self._start_at = 0.0
        self._remember()

    def _remember(self) -> None:
        try:
            state = json.loads(storage.state_path(self.take_id).read_text())
        except FileNotFoundError:
            return
        self.measured = {name: Measured(**one) for name, one in state["renditions"].items()}
        self.is_copy = state["is_copy"]
        self.is_finished = state["is_finished"]

    def _keep(self) -> None:
        state = {
            "renditions": {name: asdict(one) for name, one in self.measured.items()},
            "is_copy": self.is_copy,
            "is_finished": self.is_finished,
        }
        storage.write_atomically(storage.state_path(self.take_id), json.dumps(state).encode())

    @property
    def count(self) -> int:
        """How many segments are out, in every rendition."""
        return len(self.measured[SOURCE].durations_ms) if SOURCE in self.measured else 0

    @property
    def length_ms(self) -> int:
        """How long the published picture is."""
        return sum(self.measured[SOURCE].durations_ms) if SOURCE in self.measured else 0

    def renditions(self) -> dict[str, Rendition]:
        """Return what is published, by rendition."""
        return {name: one.as_rendition() for name, one in self.measured.items()}

    def step(self) -> bool:
        """Do what is due now; return whether something new is public."""
        if self.is_finished:
            return False
        if self.run is None:
            self._start()
            return False
        has_ended = self.run.process.poll() is not None
        if self._keyframes_are_sparse():
            logger.info("take %s: keyframes are too far apart, transcoding", self.take_id)
            self.is_copy = False
            self._end_run()
            return False
        before = self.count
        self._publish()
        is_new = self.count > before
        if is_new:
            self._barren_runs = 0
        if has_ended:
            self._ended()
        elif self.run.is_stuck(STUCK_SECONDS):
            logger.warning("take %s: ffmpeg is stuck, restarting it", self.take_id)
            self._failed()
        return is_new or self.is_finished

    def _start(self) -> None:
        if self.last_seq == 0:
            self._finish()
            return
        if time.monotonic() < self._start_at or not storage.chunk_path(self.take_id, 0).exists():
            return
        if not self._runs:
            shutil.rmtree(self.work, ignore_errors=True)
        self._runs += 1
        # The process id keeps a predecessor's dying ffmpeg out of our folder.
        folder = self.work / f"run-{os.getpid()}-{self._runs}"
        self.run = Run(take_id=self.take_id, mime=self.mime, is_copy=self.is_copy, folder=folder)
        self.run.last_seq = self.last_seq

    def close_after(self, seq: int) -> None:
        """The take is closed: its input ends after so many chunks."""
        self.last_seq = seq
        if self.run is not None:
            self.run.last_seq = seq

    def _keyframes_are_sparse(self) -> bool:
        if not self.is_copy or self.count:
            return False
        listed = self.run.durations_ms()
        if listed:
            return listed[0] > SPARSE_KEYFRAMES_MS
        first = self.run.first_fed_at
        return first is not None and self.run.fed > 3 and time.monotonic() - first > SPARSE_KEYFRAMES_WAIT

    def _publish(self) -> None:
        listed = self.run.durations_ms()
        for index in range(len(listed)):
            source = self.run.folder / storage.segment_name(index)
            if index < self.count:
                source.unlink(missing_ok=True)
                continue
            self._publish_segment(index, source, listed[index])
            self._keep()

    def _publish_segment(self, index: int, source: Path, duration_ms: int) -> None:
        """Make a segment and its sound public, the source last: what is counted is complete."""
        if SOURCE not in self.measured:
            self._publish_inits()
        segment = source.read_bytes()
        if AUDIO in self.measured:
            sound, sound_ms = sound_of(segment, self.measured[AUDIO])
            path = self.folder / storage.segment_name(index, AUDIO)
            storage.write_atomically(path, sound, is_durable=False)
        source.replace(self.folder / storage.segment_name(index))
        self.measured[SOURCE].add(duration_ms, len(segment))
        if AUDIO in self.measured:
            self.measured[AUDIO].add(sound_ms, len(sound))

    def _publish_inits(self) -> None:
        init = (self.run.folder / storage.INIT).read_bytes()
        storage.write_atomically(self.folder / storage.INIT, init)
        sound = sound_init(init)
        if sound is not None:
            storage.write_atomically(self.folder / storage.init_name(AUDIO), sound)
            self.measured[AUDIO] = Measured.of(sound)
        self.measured[SOURCE] = Measured.of(init)

    def _ended(self) -> None:
        if self.run.input_ended and self.run.process.returncode == 0:
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
        self._end_run()
        if self._barren_runs >= HOPELESS_RUNS:
            logger.error("take %s cannot be read, giving it up", self.take_id)
            self.is_unreadable = True
            self._finish()

    def _finish(self) -> None:
        self._end_run()
        self.is_finished = True
        self._keep()
        shutil.rmtree(self.work, ignore_errors=True)

    def _end_run(self) -> None:
        if self.run is not None:
            self.run.stop()
            self.run = None

    def stop(self) -> None:
        """Stop without finishing; a later process goes on from the chunks."""
        self._end_run()
