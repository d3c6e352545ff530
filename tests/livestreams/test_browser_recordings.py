"""What a real browser records can be gone on with in its middle: its pieces are not those of ffmpeg."""

import base64
import http.server
import os
import signal
import subprocess
import threading
from itertools import pairwise

import imageio_ffmpeg
import pytest
from playwright.sync_api import sync_playwright

from common.clock import utc_now
from livestreams.broadcaster.commands import input_arguments
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import Replay
from livestreams.services.picture import load_picture
from tests.factories.livestreams import make_take
from tests.livestreams.pictures import decode, end, lengths, playlist, send, spans, work
from tests.livestreams.timecode import CAMERA
from tests.stack import CHROMIUM_FLAGS, chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RECORD = """
async ([type, seconds]) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  const recorder = new MediaRecorder(stream, { mimeType: type, videoKeyFrameIntervalDuration: 1000 });
  const pieces = [];
  recorder.ondataavailable = (event) => { if (event.data.size) pieces.push(event.data); };
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(250);
  setTimeout(() => recorder.stop(), seconds * 1000);
  await stopped;
  const texts = [];
  for (const piece of pieces) {
    const bytes = new Uint8Array(await piece.arrayBuffer());
    texts.push(btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")));
  }
  return texts;
}
"""

TYPES = {
    "mp4": "video/mp4;codecs=avc1.42E01E,opus",
    "webm": "video/webm;codecs=h264,opus",
    "webm vp8": "video/webm;codecs=vp8,opus",
}
# A picture that is re-encoded needs a keyframe well before the place where it is gone on with.
SECONDS = {"mp4": 9, "webm": 9, "webm vp8": 24}
KILLED_AFTER = {"mp4": 4, "webm": 4, "webm vp8": 14.5}


@pytest.fixture(scope="module")
def recordings() -> dict[str, list[bytes]]:
    """Record each type; closed again before anything asks the database."""
    found = {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/README.md")
        page.evaluate(CAMERA.strip().removesuffix(";"))
        for name, type_ in TYPES.items():
            texts = page.evaluate(RECORD, [type_, SECONDS[name]])
            found[name] = [base64.b64decode(text) for text in texts]
        browser.close()
    server.shutdown()
    server.server_close()
    return found


@pytest.mark.parametrize("name", TYPES)
def test_recording_of_a_browser_goes_on_in_its_middle(recordings, session, zhuoma, name):
    chunks = recordings[name]
    take = make_take(session=session, mime=TYPES[name], at=utc_now())
    broadcaster = Broadcaster()
    send(take, chunks[: len(chunks) * 2 // 3])
    work(broadcaster, lambda: sum(lengths(playlist(session))) >= KILLED_AFTER[name])
    (picture,) = broadcaster.pictures.values()
    publisher = picture.publishers[take.pk]

    first = publisher.run
    os.kill(first.process.pid, signal.SIGKILL)
    work(broadcaster, lambda: publisher.run not in (first, None))
    second = publisher.run
    send(take, chunks[len(chunks) * 2 // 3 :])
    end(session, zhuoma)
    work(broadcaster, lambda: Replay.objects.exclude(playlist_path="").exists())

    assert second.joint.mark.seq > 1
    (published,) = load_picture(session.broadcast.public_id)
    assert sorted(published.renditions) == ["audio", "low", "source"]
    assert published.length_ms / 1000 == pytest.approx(SECONDS[name], abs=0.7)
    for rendition in ("source", "low"):
        tracks, segments = spans(session, rendition=rendition)
        scale = tracks["video"].timescale
        for before, after in pairwise(segments):
            # How long a last picture lasts is ffmpeg's guess: less than one picture too much.
            assert (
                -0.04
                < (after["video"].begins - before["video"].begins - before["video"].length) / scale
                < 0.12
            )
            assert abs(after["audio"].begins - before["audio"].begins - before["audio"].length) < 1024
    frames, _ = decode(session, number=1)
    assert frames == count_frames(chunks, TYPES[name])


def count_frames(chunks: list[bytes], mime: str) -> int:
    """Return how many pictures are in the recording as it was sent."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *input_arguments(mime)[4:], "-map", "0:v",
         "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null", "-", "-progress", "pipe:1"],
        input=b"".join(chunks), capture_output=True, check=True,
    )  # fmt: skip
    values = dict(line.split("=", 1) for line in done.stdout.decode().split() if "=" in line)
    return int(values["frame"])
