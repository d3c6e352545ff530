"""ffmpeg: argument lists, a protocol allow-list, no network inputs, limits (rules.md 11)."""

import contextlib
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import imageio_ffmpeg

from livestreams import storage
from livestreams.services.receiving import container_of

LISTING = "out.m3u8"
MEMORY_BYTES = 4 * 1024**3
LARGEST_FILE_BYTES = 256 * 1024**2
NICENESS = 5
# Just below the keyframe distance that phones are asked for, so that one keyframe makes one segment.
CUT_SECONDS = "0.9"
LARGEST_PIXELS = str(4096 * 2304)


def ffmpeg_program() -> str:
    """Return the path of ffmpeg; RuntimeError when there is none."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    # A path from the environment is handed on unseen.
    if shutil.which(program) is None:
        raise RuntimeError(f"{program} cannot be run")
    return program


def _input_arguments(mime: str) -> list[str]:
    # Chrome calls it webm; with H.264 inside it is Matroska. Both go through one demuxer.
    demuxer = {"video/mp4": "mp4", "video/x-flv": "flv"}.get(container_of(mime), "matroska")
    return [
        "-hide_banner", "-loglevel", "warning", "-nostdin", "-y",
        "-protocol_whitelist", "file,pipe",
        "-analyzeduration", "1000000", "-probesize", "1000000", "-fflags", "+genpts",
        "-max_pixels", LARGEST_PIXELS,
        "-f", demuxer, "-i", "pipe:0",
    ]  # fmt: skip


def segment_command(*, mime: str, is_copy: bool) -> list[str]:
    """Return the command that cuts a take from stdin into fMP4 segments in the current folder."""
    picture = ["-c:v", "copy"]
    if not is_copy:
        picture = [
            "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "main",
            "-pix_fmt", "yuv420p", "-threads", "2", "-crf", "26", "-maxrate", "1800k", "-bufsize", "1800k",
            "-vf", "scale='min(iw,1280)':'min(ih,1280)':force_original_aspect_ratio=decrease"
                   ":force_divisible_by=2",
            "-force_key_frames", "expr:gte(t,n_forced*1)", "-bf", "0",
        ]  # fmt: skip
    return [
        ffmpeg_program(), *_input_arguments(mime),
        "-map", "0:v:0", "-map", "0:a:0?", "-dn", "-sn", "-map_metadata", "-1",
        *picture,
        "-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-ac", "2", "-af", "aresample=async=1000",
        "-max_muxing_queue_size", "1024",
        "-f", "hls", "-hls_time", CUT_SECONDS, "-hls_list_size", "0", "-hls_segment_type", "fmp4",
        "-hls_fmp4_init_filename", storage.INIT, "-hls_segment_filename", "seg%06d.m4s",
        "-hls_flags", "independent_segments+temp_file", LISTING,
    ]  # fmt: skip


def limited(process: subprocess.Popen) -> None:
    """Bound what a started ffmpeg may use; it yields the CPU to the web processes."""
    for kind, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
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
    """One ffmpeg fed with the acknowledged chunks of one take, from the first on.

    `last_seq` is set once the take is closed: after that many chunks its input ends.
    """

    def __init__(self, *, take_id: int, mime: str, is_copy: bool, folder: Path):
        self.take_id = take_id
        self.folder = folder
        self.last_seq: int | None = None
        self.fed = 0
        self.fed_at = self.started_at = time.monotonic()
        self.first_fed_at: float | None = None
        self.input_ended = False
        self._stop = threading.Event()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.log = folder / "ffmpeg.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                segment_command(mime=mime, is_copy=is_copy),
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
        try:
            while not self._stop.is_set():
                if self.last_seq is not None and self.fed >= self.last_seq:
                    self.input_ended = True
                    break
                try:
                    data = storage.chunk_path(self.take_id, self.fed).read_bytes()
                except FileNotFoundError:
                    self._stop.wait(0.04)
                    continue
                pipe.write(data)
                pipe.flush()
                self.fed += 1
                self.fed_at = time.monotonic()
                self.first_fed_at = self.first_fed_at or self.fed_at
        except (BrokenPipeError, ValueError):
            return
        finally:
            # A run that was stopped must not take the end of its input for the end of the take.
            if self._stop.is_set():
                self.process.kill()
            with contextlib.suppress(OSError, ValueError):
                pipe.close()

    def durations_ms(self) -> list[int]:
        """Return the complete segments so far.

        ffmpeg that ends by a signal rounds off its last segment in the middle; that one is left out,
        the next run makes it whole.
        """
        try:
            durations, is_complete = parse_listing((self.folder / LISTING).read_text())
        except (FileNotFoundError, ValueError):
            return []
        return durations if self.input_ended or not is_complete else durations[:-1]

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
        ffmpeg_program(), *_input_arguments("video/mp4"),
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
