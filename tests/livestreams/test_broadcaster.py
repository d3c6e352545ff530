"""The broadcaster end to end, with real ffmpeg: chunks in, playlists and segments out, whatever dies."""

import json
import os
import signal
from datetime import timedelta

import pytest

from common.clock import utc_now
from common.models import OutboxMessage
from livestreams import storage
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import Chapter, Replay
from livestreams.services import receiving
from livestreams.statuses import ReplayStatus
from tests.factories.livestreams import MIME, cut, make_pin, make_take, record
from tests.livestreams.pictures import (
    broadcaster_process,
    decode,
    end,
    lengths,
    playlist,
    send,
    wait_for,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_takes_become_one_show(session, item, zhuoma, tmp_path, market, drain_outbox, settings):
    first = make_take(session=session, at=utc_now())
    broadcaster = Broadcaster()
    send(first, cut(record(seconds=5, folder=tmp_path), 7))
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 4)
    session.broadcast.refresh_from_db()
    assert session.broadcast.picture_at is not None
    assert "#EXT-X-ENDLIST" not in playlist(session)
    make_pin(item=item, at=first.started_at + timedelta(seconds=2))

    grant = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now())
    send(grant.take, cut(record(seconds=4, folder=tmp_path), 3))
    end(session, zhuoma)
    work(broadcaster, lambda: Replay.objects.exclude(playlist_path="").exists())

    live, full = playlist(session), playlist(session, "full-source.m3u8")
    assert live.count("#EXT-X-MAP") == full.count("#EXT-X-MAP") == 2
    assert live.count("#EXT-X-DISCONTINUITY\n") == full.count("#EXT-X-DISCONTINUITY\n") == 1
    assert live.endswith("#EXT-X-ENDLIST\n")
    assert full.endswith("#EXT-X-ENDLIST\n")
    assert abs(sum(lengths(full)) - 9) <= 0.5
    for line in full.splitlines():
        if line and not line.startswith("#"):
            assert (storage.public_folder(session.broadcast.public_id) / line).stat().st_size > 0
    assert [decode(session, number=number)[0] for number in (1, 2)] == [125, 100]
    assert drain_outbox() == ["livestreams.make_replay", "livestreams.make_master"]
    replay = Replay.objects.get()
    assert replay.status == ReplayStatus.READY
    assert abs(replay.duration_ms - 9000) <= 500
    poster = settings.MEDIA_ROOT / replay.poster_path
    assert poster.read_bytes()[:2] == b"\xff\xd8"
    assert [(c.title, c.starts_ms) for c in Chapter.objects.all()] == [(market.product.title, 2000)]


def test_killed_ffmpeg_repeats_nothing(session, zhuoma, tmp_path):
    take = make_take(session=session, at=utc_now())
    broadcaster = Broadcaster()
    chunks = cut(record(seconds=8, folder=tmp_path), 8)
    send(take, chunks[:4])
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 2)
    (picture,) = broadcaster.pictures.values()
    folder = storage.take_folder(session.broadcast.public_id, 1)
    published = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    os.kill(picture.publishers[take.pk].run.process.pid, signal.SIGKILL)
    send(take, chunks[4:])
    end(session, zhuoma)
    work(broadcaster, lambda: Replay.objects.exclude(playlist_path="").exists())

    assert abs(sum(lengths(playlist(session, "full-source.m3u8"))) - 8) <= 0.5
    assert decode(session, number=1)[0] == 200
    assert {name: (folder / name).stat().st_mtime_ns for name in published} == published
    assert playlist(session).count("#EXT-X-MAP") == 1


def test_killed_broadcaster_goes_on_from_what_is_kept(session, zhuoma, tmp_path, settings):
    take = make_take(session=session, at=utc_now())
    chunks = cut(record(seconds=8, folder=tmp_path), 8)
    with broadcaster_process(settings) as process:
        send(take, chunks[:5])
        wait_for(lambda: len(lengths(playlist(session))) >= 2)
        process.kill()
        process.wait()
    before = playlist(session)
    send(take, chunks[5:])

    with broadcaster_process(settings) as process:
        wait_for(lambda: len(lengths(playlist(session))) > len(lengths(before)))
        end(session, zhuoma)
        wait_for(lambda: Replay.objects.exclude(playlist_path="").exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    full = playlist(session, "full-source.m3u8")
    assert abs(sum(lengths(full)) - 8) <= 0.5
    assert lengths(full)[: len(lengths(before))] == lengths(before)
    assert decode(session, number=1)[0] == 200
    assert [message.task for message in OutboxMessage.objects.order_by("pk")] == [
        "livestreams.make_replay",
        "livestreams.make_master",
    ]


@pytest.mark.parametrize(
    ("mime", "recording"),
    [
        (MIME, {"keyframe_seconds": 4}),
        ("video/webm;codecs=vp8,opus", {"codec": "libvpx", "keyframe_seconds": 4}),
    ],
    ids=["sparse keyframes", "vp8"],
)
def test_what_cannot_be_cut_is_transcoded(session, zhuoma, tmp_path, mime, recording):
    take = make_take(session=session, mime=mime, at=utc_now())
    send(take, cut(record(seconds=6, folder=tmp_path, **recording), 6))
    end(session, zhuoma)

    work(Broadcaster(), lambda: Replay.objects.exclude(playlist_path="").exists(), seconds=60)

    durations = lengths(playlist(session, "full-source.m3u8"))
    assert max(durations) <= 2
    assert abs(sum(durations) - 6) <= 0.5
    assert abs(decode(session, number=1)[1] - 6) <= 0.5
    assert json.loads(storage.state_path(take.pk).read_text())["is_copy"] is False


def test_rubbish_is_given_up_and_the_next_take_is_shown(session, zhuoma, tmp_path, monkeypatch):
    monkeypatch.setattr("livestreams.broadcaster.publishing.FIRST_BACKOFF", 0.01)
    bad = make_take(session=session, at=utc_now())
    send(bad, [b"\x1a\x45\xdf\xa3" + os.urandom(20_000), os.urandom(20_000)])
    receiving.close_receiving_take(take_id=bad.pk, reason="stopped", now=utc_now())
    good = make_take(session=session, number=2, at=utc_now())
    send(good, cut(record(seconds=3, folder=tmp_path), 3))
    end(session, zhuoma)

    work(Broadcaster(), lambda: Replay.objects.exclude(playlist_path="").exists())

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.duration_ms, bad.finished_at is not None) == (0, True)
    assert abs(good.duration_ms - 3000) <= 500


def test_crafted_playlist_reads_no_file(session, zhuoma, tmp_path):
    take = make_take(session=session, at=utc_now())
    crafted = b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"

    with pytest.raises(receiving.UnknownRecording):
        send(take, [crafted])

    assert not storage.chunk_path(take.pk, 0).exists()


def test_show_without_a_picture_has_no_replay(session, zhuoma):
    make_take(session=session, at=utc_now())
    end(session, zhuoma)

    work(Broadcaster(), lambda: Replay.objects.filter(status=ReplayStatus.FAILED).exists())

    assert Replay.objects.get().error == "no picture arrived"
    assert playlist(session) == ""
