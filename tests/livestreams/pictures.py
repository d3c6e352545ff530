"""Chunks in, and what comes out of the broadcaster, for its tests."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import imageio_ffmpeg
from django.conf import settings as django_settings

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.boxes import Span, Track, spans_of, tracks_of
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import Take
from livestreams.services import presenting, receiving
from tests.addresses import database_url

ROOT = django_settings.BASE_DIR


def send(take: Take, chunks: list[bytes]) -> None:
    start = Take.objects.values_list("next_seq", flat=True).get(pk=take.pk)
    for seq, chunk in enumerate(chunks, start=start):
        receiving.accept_chunk(take_id=take.pk, seq=seq, content_type=take.mime, data=chunk, now=utc_now())


def work(broadcaster: Broadcaster, until, seconds: float = 40) -> None:
    """Let the broadcaster tick until something is so."""
    give_up = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < give_up, "the broadcaster did not get there"
        broadcaster.look()
        broadcaster.step()
        time.sleep(0.05)


def end(session, actor) -> None:
    presenting.end_session(actor=actor, session_id=session.pk, now=utc_now())


def playlist(session, name: str = "source.m3u8") -> str:
    path = storage.public_folder(session.broadcast.public_id) / name
    return path.read_text() if path.exists() else ""


def lengths(text: str) -> list[float]:
    return [float(line[8:].rstrip(",")) for line in text.splitlines() if line.startswith("#EXTINF:")]


def decode(session, *, number: int) -> tuple[int, float]:
    """Decode one take from its init and listed segments; return (frames, seconds)."""
    folder = storage.take_folder(session.broadcast.public_id, number)
    data = (folder / "init.mp4").read_bytes()
    data += b"".join(path.read_bytes() for path in sorted(folder.glob("seg*.m4s")))
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", "pipe:0", "-map", "0:v",
         "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null", "-", "-progress", "pipe:1"],
        input=data, capture_output=True, check=True,
    )  # fmt: skip
    assert done.stderr.decode() == ""
    values = dict(line.split("=", 1) for line in done.stdout.decode().split() if "=" in line)
    return int(values["frame"]), int(values["out_time_us"]) / 1e6


def spans(
    session, *, number: int = 1, rendition: str = "source"
) -> tuple[dict[str, Track], list[dict[str, Span]]]:
    """Return the tracks of a published take by kind, and each segment's place in time by kind."""
    folder = storage.take_folder(session.broadcast.public_id, number)
    tracks = {track.kind: track for track in tracks_of((folder / storage.init_name(rendition)).read_bytes())}
    kinds = {track.number: kind for kind, track in tracks.items()}
    pattern = storage.segment_name(0, rendition).replace("000000", "*")
    return tracks, [
        {kinds[number]: span for number, span in spans_of(path.read_bytes()).items()}
        for path in sorted(folder.glob(pattern))
    ]


@contextmanager
def broadcaster_process(settings):
    """`manage.py broadcast` on this test's database and folders."""
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "MARKET_VAR": str(settings.VAR_DIR),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }
    process = subprocess.Popen([sys.executable, "manage.py", "broadcast"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(what, seconds: float = 40) -> None:
    give_up = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.1)
