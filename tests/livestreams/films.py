"""Shows whose picture tells its own time: the grey of every second is one step lighter than the last."""

import io
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path

import imageio_ffmpeg
from PIL import Image

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import LiveSession, Replay, Take
from livestreams.services import presenting, receiving
from tests.factories.livestreams import MIME, cut, make_take, record

DARKEST, STEP = 24, 12
VP8 = "video/webm;codecs=vp8,opus"


def grey_scene(*, first: int, size: str = "180x320") -> str:
    """Return ffmpeg's source of a picture that begins with the grey of second `first`."""
    return f"color=black:size={size}:rate=25,geq=lum='{DARKEST}+{STEP}*({first}+floor(T))':cb=128:cr=128"


def hold_take(
    session: LiveSession,
    *,
    folder: Path,
    at: datetime,
    seconds: int,
    first: int,
    number: int = 1,
    size: str = "180x320",
    mime: str = MIME,
) -> Take:
    """Receive and close a take that began at `at` and shows the seconds `first` and on."""
    codec = "libvpx" if mime == VP8 else "libx264"
    recording = record(seconds=seconds, folder=folder, codec=codec, scene=grey_scene(first=first, size=size))
    take = make_take(session=session, number=number, mime=mime, at=at, began_at=at)
    for seq, chunk in enumerate(cut(recording, seconds)):
        receiving.accept_chunk(take_id=take.pk, seq=seq, content_type=mime, data=chunk, now=utc_now())
    receiving.close_receiving_take(take_id=take.pk, reason="stopped", now=at + timedelta(seconds=seconds))
    return take


def end_show(session: LiveSession, *, actor) -> Replay:
    """End the show and let the broadcaster finish its picture; the outbox is left to the test."""
    presenting.end_session(actor=actor, session_id=session.pk, now=utc_now())
    broadcaster = Broadcaster()
    give_up = time.monotonic() + 90
    while not Replay.objects.filter(session=session).exclude(playlist_path="").exists():
        assert time.monotonic() < give_up, "the broadcaster did not get there"
        broadcaster.look()
        broadcaster.step()
        time.sleep(0.05)
    return Replay.objects.get(session=session)


def second_of(picture: bytes) -> int:
    """Return which second a JPEG of such a show is from."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    full = image.getpixel((image.width // 2, image.height // 2))
    return round((full * 219 / 255 + 16 - DARKEST) / STEP)


def second_at(video: Path, at: float) -> int:
    """Return which second of the show a video shows at a place."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", f"{at:.3f}", "-i", str(video),
         "-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2", "pipe:1"],
        capture_output=True, check=True,
    )  # fmt: skip
    return second_of(done.stdout)


def told_by_ffmpeg(video: Path) -> str:
    """Return the metadata of a file, chapters included, as ffmpeg writes them down."""
    return subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(video), "-f", "ffmetadata", "pipe:1"],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip


def frames_of(video: Path) -> tuple[int, float]:
    """Decode the whole picture of a file; return (frames, seconds). Any error of the decoder fails."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(video), "-map", "0:v:0",
         "-f", "null", "-", "-progress", "pipe:1"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    values = dict(line.split("=", 1) for line in done.stdout.split() if "=" in line)
    return int(values["frame"]), int(values["out_time_us"]) / 1e6


def address(replay: Replay, what: str = "replay") -> str:
    return f"/api/v1/live-sessions/{replay.session_id}/{what}/"


def change(client, replay: Replay, **data):
    return client.patch(address(replay), data, content_type="application/json")


def folder_of(replay: Replay) -> Path:
    return storage.public_folder(replay.session.broadcast.public_id)


def public_names(replay: Replay) -> set[str]:
    folder = folder_of(replay)
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def make(client, replay: Replay, **data):
    """Ask for a clip through the API."""
    return client.post(address(replay, "clips"), data, content_type="application/json")
