"""Run ffmpeg on our own files: bounded in time, memory and size, nothing from the network (rules.md 11)."""

import contextlib
import os
import resource
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from common.processes import dies_with_parent
from livestreams.broadcaster.commands import ffmpeg_program

MEMORY_BYTES = 4 * 1024**3
NICENESS = 10  # behind the live pictures
STILL_BYTES = 8 * 1024**2
MP4 = ["-protocol_whitelist", "file,pipe", "-f", "mp4"]


class MontageError(RuntimeError):
    """ffmpeg could not do it; the text is its last words."""


class Unplayable(MontageError):
    """The picture itself cannot be read, or came out shorter or longer than it is."""


class TooSlow(MontageError):
    """It took longer than it may."""


class NoRoom(MontageError):
    """The disk is full, or the file would become larger than it may."""


def run(
    arguments: list[str],
    *,
    seconds: float,
    file_bytes: int,
    feed: Iterable[bytes] = (),
    folder: Path | None = None,
    is_answer_wanted: bool = False,
) -> bytes:
    """Run ffmpeg with these arguments, `feed` being its stdin; return its stdout when that is wanted.

    Raises TooSlow, NoRoom or Unplayable; ffmpeg never outlives this call.
    """
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            [ffmpeg_program(), "-hide_banner", "-loglevel", "warning", "-nostdin", "-y", *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if is_answer_wanted else subprocess.DEVNULL,
            stderr=words,
            preexec_fn=dies_with_parent(),
            env={"PATH": os.defpath, "LC_ALL": "C"},
        )
        _limit(process, file_bytes)
        is_late = threading.Event()
        alarm = threading.Timer(seconds, lambda: (is_late.set(), process.kill()))
        alarm.start()
        try:
            answer = _talk(process, feed)
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if is_late.is_set():
            raise TooSlow(f"ffmpeg took more than {seconds:.0f} s")
        if process.returncode:
            words.seek(0)
            _fail(process.returncode, words.read().decode(errors="replace").strip()[-300:])
    return answer


def _limit(process: subprocess.Popen, file_bytes: int) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(process.pid, kind, (value, value))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)


def _talk(process: subprocess.Popen, feed: Iterable[bytes]) -> bytes:
    """Feed it to the end and wait; it may stop reading early, which its exit code explains."""
    answer: list[bytes] = []
    reader = None
    if process.stdout is not None:
        # Read beside the writing, or both sides would wait for a full pipe.
        reader = threading.Thread(target=lambda: answer.append(process.stdout.read(STILL_BYTES)))
        reader.start()
    try:
        for piece in feed:
            process.stdin.write(piece)
    except BrokenPipeError:
        pass
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if reader is not None:
        reader.join()
    process.wait()
    return b"".join(answer)


def _fail(code: int, words: str) -> None:
    if "No space left" in words or "File too large" in words or code == -25:  # SIGXFSZ
        raise NoRoom(words)
    if code == -9:
        raise TooSlow(words or "ffmpeg was killed")
    raise Unplayable(words or f"ffmpeg ended with {code}")
