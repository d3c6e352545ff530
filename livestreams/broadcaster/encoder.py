"""A running ffmpeg: fed with chunks, within limits of memory, CPU, files (rules.md 11)."""

import contextlib
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.conf import settings

from livestreams import storage
from livestreams.broadcaster.commands import (
    Joint,
    ffmpeg_program,
    input_arguments,
    listing_name,
    segment_command,
)
from livestreams.broadcaster.containers import scanner_of

LARGEST_FILE_BYTES = 256 * 1024**2
NICENESS = 5
LONGEST_BITE = 2.0


def limited(process: subprocess.Popen) -> None:
    """Bound what a started ffmpeg may use; it yields the CPU to the web processes.

    One that has used up its CPU time is killed and a new one goes on where it was.
    """
    for kind, value in (
        (resource.RLIMIT_AS, settings.FFMPEG_MEMORY_BYTES),
        (resource.RLIMIT_CPU, settings.FFMPEG_CPU_SECONDS),
        (resource.RLIMIT_FSIZE, LARGEST_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(process.pid, kind, (value, value))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)


def parse_listing(text: str) -> tuple[list[int], bool]:
    """Return the durations in ms of ffmpeg's own list and whether it says that it is complete."""
    durations = [
        round(float(line.removeprefix("#EXTINF:").rstrip(",")) * 1000)
        for line in text.splitlines()
        if line.startswith("#EXTINF:")
    ]
    return durations, "#EXT-X-ENDLIST" in text


class Run:
    """One ffmpeg fed with the acknowledged chunks of one take, from the first on or from a joint.

    `last_seq` is set once the take is closed: after that many chunks its input ends. `taken` counts, by
    rendition, the segments that the publisher has looked at.
    """

    def __init__(
        self,
        *,
        take_id: int,
        mime: str,
        is_copy: bool,
        folder: Path,
        smaller: Sequence[str] = (),
        joint: Joint | None = None,
    ):
        self.take_id = take_id
        self.folder = folder
        self.joint = joint
        self.taken = dict.fromkeys((storage.SOURCE, *smaller), 0)
        self.last_seq: int | None = None
        self.fed = joint.mark.seq if joint else 0
        self.fed_at = time.monotonic()
        # For how long it has been fed since its last segment; a sender's silence does not count.
        self.eaten_seconds = 0.0
        # How long ago the chunk arrived that was fed last.
        self.lag_seconds = 0.0
        self.first_fed_at: float | None = None
        self.input_ended = False
        self.configurations: dict[str, list] = {}
        self.has_checked_inits = False
        self.scanner = scanner_of(mime, header=joint.header if joint else b"")
        self._stop = threading.Event()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.log = folder / "ffmpeg.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                segment_command(mime=mime, is_copy=is_copy, smaller=smaller, joint=joint),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C"},
            )
        limited(self.process)
        # Writing to the pipe blocks while ffmpeg works: a thread a take keeps the others moving.
        self._feeder = threading.Thread(target=self._feed, daemon=True, name=f"feed-{take_id}")
        self._feeder.start()

    def _feed(self) -> None:
        pipe = self.process.stdin
        offset = 0
        try:
            if self.joint:
                pipe.write(self.joint.header)
                offset = self.joint.mark.offset
            while not self._stop.is_set():
                if self.last_seq is not None and self.fed >= self.last_seq:
                    self.input_ended = True
                    break
                try:
                    path = storage.chunk_path(self.take_id, self.fed)
                    arrived_at, data = path.stat().st_mtime, path.read_bytes()[offset:]
                except FileNotFoundError:
                    self._stop.wait(0.04)
                    continue
                self.scanner.feed(self.fed, data, offset=offset)
                offset = 0
                pipe.write(data)
                pipe.flush()
                self.fed += 1
                now = time.monotonic()
                self.lag_seconds = time.time() - arrived_at
                self.eaten_seconds += min(now - self.fed_at, LONGEST_BITE)
                self.fed_at = now
                self.first_fed_at = self.first_fed_at or self.fed_at
        except (BrokenPipeError, ValueError):
            return
        finally:
            # A run that was stopped must not take the end of its input for the end of the take.
            if self._stop.is_set():
                self.process.kill()
            with contextlib.suppress(OSError, ValueError):
                pipe.close()

    @property
    def has_read_all(self) -> bool:
        """Whether ffmpeg ended by itself at the end of the take."""
        return self.input_ended and self.process.poll() == 0

    def durations_ms(self, rendition: str = storage.SOURCE) -> list[int]:
        """Return the complete segments so far.

        ffmpeg that ends by a signal rounds off its last segment in the middle; that one is left out,
        the next run makes it whole.
        """
        try:
            durations, is_complete = parse_listing((self.folder / listing_name(rendition)).read_text())
        except (FileNotFoundError, ValueError):
            return []
        return durations[:-1] if is_complete and not self.has_read_all else durations

    def is_stuck(self, seconds: float) -> bool:
        """Say whether chunks wait and ffmpeg has taken none for so long."""
        waiting = storage.chunk_path(self.take_id, self.fed).exists() or self.input_ended
        return waiting and time.monotonic() - self.fed_at > seconds

    def last_words(self) -> str:
        """Return the end of ffmpeg's log for our own."""
        try:
            return self.log.read_text(errors="replace").strip()[-300:]
        except OSError:
            return ""

    def stop(self) -> None:
        """Kill ffmpeg and forget its work."""
        self._stop.set()
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        self._feeder.join(timeout=2)
        shutil.rmtree(self.folder, ignore_errors=True)


def still(*, parts: Iterable[bytes], width: int) -> bytes:
    """Return a JPEG of the first frame of an init and its segments; RuntimeError when there is none."""
    command = [
        ffmpeg_program(), *input_arguments("video/mp4"),
        "-frames:v", "1", "-vf", f"scale={int(width)}:-2",
        "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "4", "pipe:1",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": os.defpath, "LC_ALL": "C"},
    )  # fmt: skip
    limited(process)
    try:
        picture, words = process.communicate(b"".join(parts), timeout=30)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise RuntimeError("ffmpeg took too long for a still picture") from error
    if not picture:
        raise RuntimeError(words.decode(errors="replace")[-300:] or "ffmpeg gave no picture")
    return picture
