"""What a sender cannot do to us: read files, reach out, take the machine, or stop the other shows."""

import http.server
import os
import resource
import subprocess
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster import commands, publishing
from livestreams.broadcaster.encoder import NICENESS, Run, still
from livestreams.broadcaster.loop import Broadcaster
from livestreams.broadcaster.publishing import TakePublisher
from livestreams.models import Replay, Take
from livestreams.services import receiving
from livestreams.statuses import TakeStatus
from tests.factories.livestreams import MIME, cut, make_session, make_take, record
from tests.livestreams.pictures import end, lengths, playlist, send, work

pytestmark = pytest.mark.django_db(transaction=True)
MP4 = 'video/mp4;codecs="avc1.42e01e,mp4a.40.2"'
FLV = 'video/x-flv;codecs="avc1,mp4a"'


@pytest.fixture
def quick(monkeypatch):
    """No long waits between attempts."""
    monkeypatch.setattr(publishing, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(publishing, "LONGEST_BACKOFF", 0.05)


@pytest.fixture
def outside():
    """A server that a crafted recording would like to reach; it counts who comes."""
    visits: list[str] = []

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            visits.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.visits = visits
    yield server
    server.shutdown()
    server.server_close()


def is_closed(take: Take) -> bool:
    take.refresh_from_db()
    return take.finished_at is not None


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def referring_mp4(address: str, tmp_path: Path) -> bytes:
    """Return an mp4 whose samples are said to lie in another file."""
    whole = record(seconds=2, folder=tmp_path, container="mp4")
    reference = box(
        b"dref", bytes(4) + (1).to_bytes(4, "big") + box(b"url ", bytes(4) + address.encode() + b"\0")
    )
    at = whole.index(b"dref") - 4
    size = int.from_bytes(whole[at : at + 4], "big")
    changed = whole[:at] + reference + whole[at + size :]
    grown = len(reference) - size
    for kind in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = changed.index(kind) - 4
        length = int.from_bytes(changed[place : place + 4], "big") + grown
        changed = changed[:place] + length.to_bytes(4, "big") + changed[place + 4 :]
    return changed


@pytest.mark.parametrize("kind", ["playlist", "concat list", "mp4 that refers elsewhere"])
def test_e5_crafted_playlist_reaches_nothing(session, zhuoma, tmp_path, outside, quick, kind):
    address = f"http://127.0.0.1:{outside.server_port}/segment.ts"
    secret = tmp_path / "secret.txt"
    secret.write_text("the market's secret\n" * 2000)
    crafted = {
        "playlist": f"#EXTM3U\n#EXTINF:1,\n{address}\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n".encode(),
        "concat list": f"ffconcat version 1.0\nfile '{secret}'\nfile '{address}'\n".encode(),
        "mp4 that refers elsewhere": referring_mp4(address, tmp_path),
    }[kind]
    mime = MP4 if kind.startswith("mp4") else MIME
    take = make_take(session=session, mime=mime, at=utc_now())
    if mime == MIME:
        with pytest.raises(receiving.UnknownRecording):
            send(take, [crafted])
        # Behind the beginning of an honest recording nobody looks.
        send(take, [record(seconds=2, folder=tmp_path)[:4000], crafted, crafted])
    else:
        send(take, cut(crafted, 2))
    end(session, zhuoma)

    work(Broadcaster(), lambda: is_closed(take), seconds=60)

    assert outside.visits == []
    folder = storage.public_folder(session.broadcast.public_id)
    assert not any(b"secret" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("mime", [MIME, MP4, FLV])
def test_e5_the_command_opens_nothing_but_its_pipe(tmp_path, outside, monkeypatch, mime):
    command = commands.segment_command(mime=mime, is_copy=True, smaller=["low"])
    (start,) = [index for index, part in enumerate(command) if part == "-i"]
    secret = tmp_path / "secret.mkv"
    secret.write_bytes(record(seconds=1, folder=tmp_path))
    addresses = [str(secret), f"file:{secret}", f"http://127.0.0.1:{outside.server_port}/a", "concat:a|b"]

    for address in addresses:
        tried = [*command[: start + 1], address, *command[start + 2 :]]
        done = subprocess.run(tried, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode != 0
        assert "not on whitelist" in done.stderr

    assert outside.visits == []
    assert commands.input_arguments(mime)[-1] == "pipe:0"


def test_ffmpeg_runs_within_limits(session, tmp_path, settings):
    settings.FFMPEG_MEMORY_BYTES, settings.FFMPEG_CPU_SECONDS = 1024**3, 1234
    take = make_take(session=session, at=utc_now())

    run = Run(take_id=take.pk, mime=MIME, is_copy=True, folder=tmp_path / "run", smaller=["low"])
    try:
        limits = {
            kind: resource.prlimit(run.process.pid, kind)[0]
            for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)
        }
        niceness = os.getpriority(os.PRIO_PROCESS, run.process.pid)
        environment = Path(f"/proc/{run.process.pid}/environ").read_bytes()
    finally:
        run.stop()

    assert limits == {
        resource.RLIMIT_AS: 1024**3,
        resource.RLIMIT_CPU: 1234,
        resource.RLIMIT_FSIZE: 256 * 1024**2,
        resource.RLIMIT_CORE: 0,
    }
    assert niceness >= NICENESS
    assert sorted(part.split(b"=")[0] for part in environment.split(b"\0") if part) == [b"LC_ALL", b"PATH"]


def test_ffmpeg_out_of_memory_ends_the_take_and_no_more(session, tmp_path, settings, quick, monkeypatch):
    monkeypatch.setattr(publishing, "STUCK_SECONDS", 3.0)
    settings.FFMPEG_MEMORY_BYTES = 40 * 1024**2
    take = make_take(session=session, at=utc_now())
    # More than a pipe holds: one that hangs instead of ending is noticed by what waits.
    recording = record(seconds=5, folder=tmp_path, size="720x1280")
    assert len(recording) > 2**20
    send(take, cut(recording, 30))

    work(Broadcaster(), lambda: is_closed(take), seconds=90)

    assert (take.status, take.close_reason, take.duration_ms) == (TakeStatus.CLOSED, "unreadable", 0)
    with pytest.raises(RuntimeError):
        still(parts=[b"no picture"], width=100)


def test_used_up_cpu_time_is_only_a_pause(session, zhuoma, tmp_path, settings):
    settings.FFMPEG_CPU_SECONDS = 1
    take = make_take(session=session, at=utc_now())
    recording = record(seconds=20, folder=tmp_path, size="720x1280")
    broadcaster = Broadcaster()
    send(take, cut(recording, 20))
    end(session, zhuoma)

    work(broadcaster, lambda: Replay.objects.exclude(playlist_path="").exists(), seconds=90)

    assert abs(sum(lengths(playlist(session, "full-source.m3u8"))) - 20) <= 0.1


def script(tmp_path: Path, *, crashing: int) -> Path:
    """Return an ffmpeg that dies at once for one take and is ffmpeg for the others; it notes its starts."""
    program = tmp_path / "ffmpeg"
    real = commands.ffmpeg_program()
    program.write_text(
        "#!/usr/bin/env python3\n"  # no path of ours: it may hold a space
        "import os, sys, time\n"
        f"if '/live-work/{crashing}/' in os.getcwd():\n"
        f"    open({str(tmp_path / 'starts')!r}, 'a').write(f'{{time.monotonic()}}\\n')\n"
        "    sys.exit('out of luck')\n"
        f"os.execv({real!r}, [{real!r}, *sys.argv[1:]])\n"
    )
    program.chmod(0o755)
    return program


def test_e8_ffmpeg_that_always_crashes_is_tried_less_and_less(session, market, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "FIRST_BACKOFF", 0.3)
    other = make_session(host=market.host, shop=market.shop)
    recording = cut(record(seconds=4, folder=tmp_path), 4)
    doomed, healthy = make_take(session=session, at=utc_now()), make_take(session=other, at=utc_now())
    program = script(tmp_path, crashing=doomed.pk)
    monkeypatch.setattr(commands, "ffmpeg_program", lambda: str(program))
    broadcaster = Broadcaster()
    send(doomed, recording)
    send(healthy, recording)

    work(broadcaster, lambda: is_closed(doomed), seconds=60)

    starts = [float(line) for line in (tmp_path / "starts").read_text().split()]
    assert len(starts) == publishing.HOPELESS_RUNS == 5
    gaps = [after - before for before, after in pairwise(starts)]
    assert all(gap >= least for gap, least in zip(gaps, (0.3, 0.6, 1.2, 2.4), strict=True))
    assert (doomed.status, doomed.close_reason) == (TakeStatus.CLOSED, "unreadable")
    assert len(lengths(playlist(other))) >= 3
    for picture in broadcaster.pictures.values():
        picture.stop()


def test_one_show_that_fails_does_not_stop_the_others(session, market, tmp_path, monkeypatch):
    other = make_session(host=market.host, shop=market.shop)
    recording = cut(record(seconds=4, folder=tmp_path), 4)
    doomed, healthy = make_take(session=session, at=utc_now()), make_take(session=other, at=utc_now())
    send(doomed, recording)
    send(healthy, recording)
    step = TakePublisher.step

    def fails(self) -> bool:
        if self.take_id == doomed.pk:
            raise KeyError("a mistake of ours")
        return step(self)

    monkeypatch.setattr(TakePublisher, "step", fails)
    broadcaster = Broadcaster()

    work(broadcaster, lambda: len(lengths(playlist(other))) >= 3)

    assert playlist(session) == ""
    for picture in broadcaster.pictures.values():
        picture.stop()


def other_codec(tmp_path: Path) -> list[bytes]:
    return cut(record(seconds=3, folder=tmp_path, codec="libvpx"), 4)


def damaged_mp4(tmp_path: Path) -> list[bytes]:
    whole = record(seconds=4, folder=tmp_path, container="mp4")
    return [whole[: len(whole) // 2], *(os.urandom(40_000) for _ in range(5))]


def only_a_beginning(tmp_path: Path) -> list[bytes]:
    whole = record(seconds=4, folder=tmp_path)
    return [whole[:600], *(os.urandom(40_000) for _ in range(5))]


@pytest.mark.parametrize(
    ("mime", "chunks"),
    [
        (MIME, other_codec),
        (MP4, damaged_mp4),
        (MIME, only_a_beginning),
        (FLV, lambda _: [b"FLV\x01" + os.urandom(9000)] * 6),
    ],
    ids=["another codec than was said", "cut off and damaged", "header and noise", "flv noise"],
)
def test_unreadable_recording_ends_its_take(session, tmp_path, quick, monkeypatch, mime, chunks):
    monkeypatch.setattr(publishing, "BARREN_SECONDS", 0.6)
    monkeypatch.setattr(publishing, "STUCK_SECONDS", 3.0)
    take = make_take(session=session, mime=mime, at=utc_now())
    broadcaster = Broadcaster()
    sent = chunks(tmp_path)
    send(take, sent[:2])
    rest = iter(sent[2:])
    sent_at = time.monotonic()

    def is_over() -> bool:
        nonlocal sent_at
        # A phone goes on sending.
        if time.monotonic() - sent_at > 0.3 and not is_closed(take):
            sent_at = time.monotonic()
            send(take, [next(rest, None) or os.urandom(20_000)])
        return is_closed(take)

    work(broadcaster, is_over, seconds=60)

    assert (take.status, take.close_reason) == (TakeStatus.CLOSED, "unreadable")
    next_take = make_take(session=session, number=2, at=utc_now())
    send(next_take, cut(record(seconds=3, folder=tmp_path), 3))
    work(broadcaster, lambda: "takes/2/seg000001.m4s" in playlist(session))
    for picture in broadcaster.pictures.values():
        picture.stop()


def test_pictures_are_not_re_encoded_beyond_the_places(session, market, tmp_path, settings, monkeypatch):
    monkeypatch.setattr(publishing, "PLACE_SECONDS", 0.2)
    settings.TRANSCODED_STREAMS_MAX = 1
    other = make_session(host=market.host, shop=market.shop)
    sparse = cut(record(seconds=10, folder=tmp_path, keyframe_seconds=5), 10)
    first, second = make_take(session=session, at=utc_now()), make_take(session=other, at=utc_now())
    broadcaster = Broadcaster()
    send(first, sparse)
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 2)

    send(second, sparse)
    work(broadcaster, lambda: is_closed(second))

    assert (second.status, second.close_reason) == (TakeStatus.CLOSED, "too_many_transcodes")
    assert max(lengths(playlist(session))) <= 1.1
    assert playlist(other) == ""
    for picture in broadcaster.pictures.values():
        picture.stop()
