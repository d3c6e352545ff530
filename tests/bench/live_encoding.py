"""What a show's picture costs: `script/bench live_encoding [--seconds 20]`.

CPU is that of one ffmpeg from its start to its end, for each second of recording, in shares of one core;
streams a core follow from it. The first segment is timed with chunks that come as fast as a phone makes them.
"""

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

from django.test import override_settings

from livestreams import storage
from livestreams.broadcaster.places import Places
from livestreams.broadcaster.publishing import TakePublisher
from tests.bench.printing import Figure, print_figures
from tests.factories.livestreams import MIME, record

SIZES = {"360p": "360x640", "720p": "720x1280"}
CHUNK_SECONDS = 0.25
# live.md: about 50 copied or 11 copied and shrunk streams on two cores; 2.4 s to the first picture.
COPIES_A_CORE, BOTH_A_CORE, FIRST_SECONDS = 25, 5.5, 2.4


def figures(*, seconds: int = 20) -> list[Figure]:
    """Measure and return: CPU a stream, streams a core, time to the first segment."""
    found = []
    with (
        tempfile.TemporaryDirectory() as name,
        override_settings(VAR_DIR=Path(name) / "var", MEDIA_ROOT=Path(name) / "media"),
    ):
        for label, size in SIZES.items():
            recording = record(seconds=seconds, folder=Path(name), size=size)
            for smaller, goal in ((), COPIES_A_CORE), (("low",), BOTH_A_CORE):
                share = _cpu_seconds(recording, smaller) / seconds
                what = f"{label} copied" + (" and 240p" if smaller else "")
                found.append(Figure(f"{what}: CPU of a core", share * 100, "%"))
                found.append(Figure(f"{what}: streams a core", 1 / share, "streams", goal, is_most=False))
            first = _first_segment_seconds(recording, seconds)
            found.append(Figure(f"{label}: first chunk to first segment", first, "s", FIRST_SECONDS))
    return found


def _publisher(smaller: tuple[str, ...]):
    with override_settings(RENDITION_STREAMS_MAX=len(smaller), RENDITION_MID_STREAMS_MAX=0):
        publisher = TakePublisher(
            take_id=uuid4().int % 10**9, number=1, mime=MIME, public_id=uuid4(), places=Places()
        )
        publisher._plan()
    return publisher


def _write_chunk(take_id: int, seq: int, data: bytes) -> None:
    storage.write_atomically(storage.chunk_path(take_id, seq), data, is_durable=False)


def _cpu_seconds(recording: bytes, smaller: tuple[str, ...]) -> float:
    """Let one ffmpeg read the whole recording; return the CPU time of ffmpeg alone."""
    publisher = _publisher(smaller)
    _write_chunk(publisher.take_id, 0, recording)
    publisher.close_after(1)
    before = _children_seconds()
    while not publisher.is_finished:
        publisher.step()
        time.sleep(0.02)
    if publisher.refusal or sorted(publisher.renditions()) != sorted(("audio", "source", *smaller)):
        raise RuntimeError(f"the picture was not made: {publisher.refusal or publisher.renditions()}")
    return _children_seconds() - before


def _children_seconds() -> float:
    """Return the CPU time of child processes that have ended and been waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _first_segment_seconds(recording: bytes, seconds: int) -> float:
    """Send chunks at the pace of a recorder; return how long after the first a segment was public."""
    publisher = _publisher(("low",))
    size = int(len(recording) / seconds * CHUNK_SECONDS)
    is_over = threading.Event()

    def send() -> None:
        for seq, start in enumerate(range(0, len(recording), size)):
            _write_chunk(publisher.take_id, seq, recording[start : start + size])
            if is_over.wait(CHUNK_SECONDS):
                return

    started_at = time.monotonic()
    sender = threading.Thread(target=send)
    sender.start()
    try:
        while not publisher.count:
            publisher.step()
            if publisher.is_finished or time.monotonic() - started_at > seconds:
                raise RuntimeError("no segment came")
            time.sleep(0.02)
        return time.monotonic() - started_at
    finally:
        is_over.set()
        sender.join()
        publisher.stop()


def main(arguments: list[str]) -> int:
    """Print the figures; the exit code says whether all goals were met."""
    parser = argparse.ArgumentParser(prog="script/bench live_encoding")
    parser.add_argument("--seconds", type=int, default=20, help="length of each recording")
    options = parser.parse_args(arguments)
    title = f"What a show's picture costs ({os.cpu_count()} cores)"
    return min(print_figures(title, figures(seconds=options.seconds)), 1)
