"""OBS and apps over RTMP: the shipped nginx, real hooks, real ffmpeg as the sender."""

import os
import signal
import subprocess

import imageio_ffmpeg
import pytest

from common.clock import utc_now
from livestreams import storage
from livestreams.models import Replay, Take
from livestreams.services import keys, presenting
from livestreams.statuses import SessionStatus, TakeKind, TakeStatus
from tests.factories.livestreams import make_session
from tests.livestreams.rtmp import Relay, market_process, media_server, publish, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = 65534


@pytest.fixture
def senders():
    """A function that starts a sender which does not outlive the test."""
    running = []

    def start(*arguments, **options) -> subprocess.Popen:
        running.append(publish(*arguments, **options))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def nginx(live_server, settings, tmp_path):
    server = media_server(live_server, settings, tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def key(session, zhuoma) -> str:
    return keys.issue_key(actor=zhuoma, session_id=session.pk, now=utc_now())[1]


def received(number: int) -> int:
    """How many bytes of a take are safely kept."""
    return Take.objects.filter(number=number).values_list("received_bytes", flat=True).first() or 0


def kept(take: Take) -> bytes:
    return b"".join(storage.chunk_path(take.pk, seq).read_bytes() for seq in range(take.next_seq))


def frames(recording: bytes) -> int:
    """How many pictures a recording holds; it must decode without an error."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-f", "flv", "-i", "pipe:0",
         "-map", "0:v", "-f", "null", "-", "-progress", "pipe:1"],
        input=recording, capture_output=True, check=True,
    )  # fmt: skip
    return int(dict(line.split("=", 1) for line in done.stdout.decode().split() if "=" in line)["frame"])


def test_picture_and_replay_in_the_same_room(nginx, session, zhuoma, key, settings, senders):
    with market_process(settings, "receive_rtmp"), market_process(settings, "broadcast"):
        sender = senders(nginx.url, key, seconds=6)
        live = storage.public_folder(session.broadcast.public_id) / "source.m3u8"
        wait_for(lambda: live.exists() and live.read_text().count("#EXTINF") >= 2)

        assert sender.wait(30) == 0
        take = wait_for(lambda: Take.objects.filter(status=TakeStatus.CLOSED).first())
        presenting.end_session(actor=zhuoma, session_id=session.pk, now=utc_now())
        replay = wait_for(lambda: Replay.objects.exclude(playlist_path="").first())
        wait_for(lambda: not storage.rtmp_path(take.pk).exists())

    take.refresh_from_db()
    assert (take.kind, take.close_reason, take.mime) == (
        TakeKind.RTMP,
        "stopped",
        "video/x-flv;codecs=avc1,mp4a",
    )
    assert take.started_at <= take.began_at <= take.closed_at
    assert frames(kept(take)) == 150
    assert abs(take.duration_ms - 6000) <= 500
    assert replay.session_id == session.pk
    written = nginx.log.read_text(errors="replace")
    names = [path.name for path in settings.VAR_DIR.rglob("*")]
    assert key not in written
    assert not any(key in name for name in names)


def test_ordinary_user_and_shut_doors(live_server, settings, tmp_path, session, market, zhuoma, key, senders):
    """Without root nginx works as well; what has no right to publish leaves nothing."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o011)
    settings.VAR_DIR.mkdir(exist_ok=True)
    settings.VAR_DIR.chmod(0o755)
    server = media_server(live_server, settings, tmp_path, uid=NOBODY if os.getuid() == 0 else None)
    server.start()
    try:
        later = make_session(host=market.host, shop=market.shop, status=SessionStatus.SCHEDULED)
        early = keys.issue_key(actor=zhuoma, session_id=later.pk, now=utc_now())[1]
        wrong = keys.PREFIX + "A" * 43
        hostile = ["..%2f..%2fetc%2fpasswd", "../../../tmp/x", "a\nb", "世界", "x" * 10_000, ""]
        hostile += [f"{wrong}?name={key}", f"{key}?clientid=1&addr=9.9.9.9"]

        ends = [senders(server.url, name, seconds=20).wait(30) for name in (wrong, early, *hostile)]

        assert all(ends), ends
        assert Take.objects.count() == 0
        assert list(storage.rtmp_folder().glob("*.flv")) == []
        assert not list(settings.VAR_DIR.rglob("passwd*"))
        senders(server.url, key)
        wait_for(lambda: list(storage.rtmp_folder().glob("take-*.flv")))
    finally:
        server.kill()


@pytest.mark.parametrize("way", ["revoke", "rotate", "end"])
def test_no_right_ends_the_running_picture(nginx, session, zhuoma, key, settings, senders, way):
    acts = {"revoke": keys.revoke_key, "rotate": keys.issue_key, "end": presenting.end_session}
    with market_process(settings, "receive_rtmp"):
        sender = senders(nginx.url, key)
        wait_for(lambda: received(1) > 0)

        acts[way](actor=zhuoma, session_id=session.pk, now=utc_now())
        take = Take.objects.get()
        size = take.received_bytes

        assert sender.wait(10) != 0
    take.refresh_from_db()
    reason = "ended" if way == "end" else "revoked"
    assert (take.status, take.close_reason, take.received_bytes) == (TakeStatus.CLOSED, reason, size)
    assert senders(nginx.url, key).wait(20) != 0
    assert Take.objects.count() == 1


def test_newer_sender_wins_and_the_older_does_not_win_back(nginx, session, key, settings, senders):
    with market_process(settings, "receive_rtmp"):
        older = senders(nginx.url, key)
        wait_for(lambda: received(1) > 0)

        newer = senders(nginx.url, key)
        wait_for(lambda: received(2) > 0)
        assert older.wait(10) != 0
        assert senders(nginx.url, key).wait(20) != 0
        assert newer.poll() is None

    assert [(take.number, take.status) for take in Take.objects.all()] == [(1, "closed"), (2, "receiving")]
    assert Take.objects.get(number=1).close_reason == "replaced"


def test_killed_media_server_comes_back_as_the_next_take(nginx, session, key, settings, senders):
    with market_process(settings, "receive_rtmp"):
        senders(nginx.url, key)
        wait_for(lambda: received(1) > 20_000)
        nginx.kill()
        nginx.start()
        senders(nginx.url, key)
        wait_for(lambda: received(2) > 20_000)

    first = Take.objects.get(number=1)
    assert (first.status, first.close_reason) == (TakeStatus.CLOSED, "replaced")
    assert frames(kept(first)) > 0


def test_killed_receiver_loses_nothing(nginx, session, key, settings, senders):
    with market_process(settings, "receive_rtmp") as receiver:
        sender = senders(nginx.url, key, seconds=10)
        wait_for(lambda: received(1) > 20_000)
        receiver.send_signal(signal.SIGKILL)
        receiver.wait()
        at_death = received(1)
    size = storage.rtmp_path(Take.objects.get().pk).stat().st_size
    wait_for(lambda: storage.rtmp_path(Take.objects.get().pk).stat().st_size > size)
    with market_process(settings, "receive_rtmp"):
        wait_for(lambda: received(1) > at_death)
        assert sender.wait(30) == 0
        wait_for(lambda: Take.objects.get().status == TakeStatus.CLOSED)

    assert frames(kept(Take.objects.get())) == 250


def test_picture_that_cannot_be_shown_is_turned_away(nginx, session, key, settings, senders):
    with market_process(settings, "receive_rtmp"):
        sender = senders(nginx.url, key, codec="flv1")

        assert sender.wait(20) != 0

    take = Take.objects.get()
    assert (take.close_reason, take.next_seq) == ("unreadable", 0)


def test_pages_that_restart_end_no_picture_and_let_nobody_in(
    live_server, session, zhuoma, key, settings, tmp_path, senders
):
    relay = Relay(live_server.url.removeprefix("http://"))
    server = media_server(live_server, settings, tmp_path, pages=relay.address)
    server.start()
    try:
        with market_process(settings, "receive_rtmp"):
            sender = senders(server.url, key)
            wait_for(lambda: received(1) > 0)
            relay.is_away.set()
            wait_for(lambda: relay.turned_away >= 2)
            size = received(1)
            wait_for(lambda: received(1) > size)

            assert sender.poll() is None
            assert senders(server.url, key).wait(20) != 0
            assert Take.objects.count() == 1
            relay.is_away.clear()
            keys.revoke_key(actor=zhuoma, session_id=session.pk, now=utc_now())
            assert sender.wait(10) != 0
    finally:
        server.kill()
        relay.shutdown()
        relay.server_close()
    assert len(list(storage.rtmp_folder().glob("*.flv"))) <= 1
    assert key not in server.log.read_text(errors="replace")
