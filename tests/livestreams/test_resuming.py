"""A take that goes on in its middle: no picture twice, none lost, no long recording read again."""

import json
import os
import signal
from itertools import pairwise

import pytest

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import Replay
from tests.factories.livestreams import MIME, cut, make_take, record
from tests.livestreams.pictures import (
    broadcaster_process,
    decode,
    end,
    lengths,
    playlist,
    send,
    spans,
    wait_for,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)

RECORDINGS = {
    "matroska": (MIME, {}),
    "matroska, keyframes every 2 s": (MIME, {"keyframe_seconds": 2}),
    "fragmented mp4": ('video/mp4;codecs="avc1.42e01e,mp4a.40.2"', {"container": "mp4"}),
    "flv with reordered frames": (
        'video/x-flv;codecs="avc1,mp4a"',
        {"container": "flv", "is_reordered": True},
    ),
    "vp8, re-encoded": ("video/webm;codecs=vp8,opus", {"codec": "libvpx", "keyframe_seconds": 3}),
}


def assert_whole(session, *, seconds: int, rendition: str = "source") -> None:
    """No gap and nothing twice: each segment begins where the one before it ends, picture and sound."""
    tracks, segments = spans(session, rendition=rendition)
    frame = {"video": tracks["video"].timescale // 25, "audio": 1024}
    for kind, slack in frame.items():
        for before, after in pairwise(segments):
            # Sound may be stretched by a few samples to stay with the picture.
            assert abs(after[kind].begins - before[kind].begins - before[kind].length) < slack
        length = segments[-1][kind].begins + segments[-1][kind].length - segments[0][kind].begins
        assert abs(length / tracks[kind].timescale - seconds) <= 0.2


@pytest.mark.parametrize("name", RECORDINGS)
def test_killed_ffmpeg_goes_on_in_the_middle(session, zhuoma, tmp_path, name):
    mime, recording = RECORDINGS[name]
    take = make_take(session=session, mime=mime, at=utc_now())
    broadcaster = Broadcaster()
    seconds = 28 if "libvpx" in recording.values() else 14
    chunks = cut(record(seconds=seconds, folder=tmp_path, **recording), 28)
    send(take, chunks[:20])
    work(broadcaster, lambda: sum(lengths(playlist(session))) >= seconds / 2)
    (picture,) = broadcaster.pictures.values()
    publisher = picture.publishers[take.pk]
    folder = storage.take_folder(session.broadcast.public_id, 1)
    published = {path.name: path.read_bytes() for path in folder.iterdir()}

    first = publisher.run
    os.kill(first.process.pid, signal.SIGKILL)
    work(broadcaster, lambda: publisher.run not in (first, None))
    second = publisher.run
    send(take, chunks[20:])
    end(session, zhuoma)
    work(broadcaster, lambda: Replay.objects.exclude(playlist_path="").exists())

    assert second.joint.mark.seq >= 1
    assert publisher._runs == 2
    assert decode(session, number=1)[0] == seconds * 25
    assert_whole(session, seconds=seconds)
    assert_whole(session, seconds=seconds, rendition="low")
    assert abs(sum(lengths(playlist(session, "full-source.m3u8"))) - seconds) <= 0.1
    assert {name: (folder / name).read_bytes() for name in published} == published


def test_killed_broadcaster_reads_only_the_end_again(session, zhuoma, tmp_path, settings):
    take = make_take(session=session, at=utc_now())
    chunks = cut(record(seconds=16, folder=tmp_path), 32)
    with broadcaster_process(settings) as process:
        send(take, chunks[:22])
        wait_for(lambda: sum(lengths(playlist(session))) >= 8)
        process.kill()
        process.wait()
    mark = json.loads(storage.state_path(take.pk).read_text())["mark"]
    assert mark["seq"] >= 6
    for seq in range(1, mark["seq"]):
        # Whoever reads these fails.
        storage.chunk_path(take.pk, seq).write_bytes(os.urandom(5000))

    with broadcaster_process(settings):
        send(take, chunks[22:])
        end(session, zhuoma)
        wait_for(lambda: Replay.objects.exclude(playlist_path="").exists())

    assert decode(session, number=1)[0] == 16 * 25
    assert_whole(session, seconds=16)


def test_without_a_place_to_go_on_it_reads_from_the_beginning(session, zhuoma, tmp_path):
    take = make_take(session=session, at=utc_now())
    chunks = cut(record(seconds=8, folder=tmp_path), 8)
    send(take, chunks[:6])
    first = Broadcaster()
    work(first, lambda: len(lengths(playlist(session))) >= 4)
    for picture in first.pictures.values():
        picture.stop()
    path = storage.state_path(take.pk)
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | {"mark": None, "header": ""}))
    second = Broadcaster()
    second.look()
    second.step()
    (picture,) = second.pictures.values()
    assert picture.publishers[take.pk].run.joint is None

    send(take, chunks[6:])
    end(session, zhuoma)
    work(second, lambda: Replay.objects.exclude(playlist_path="").exists())

    assert decode(session, number=1)[0] == 200
    assert_whole(session, seconds=8)


def test_joint_that_does_not_meet_what_is_out_is_not_used(session, zhuoma, tmp_path, monkeypatch):
    monkeypatch.setattr("livestreams.broadcaster.publishing.FIRST_BACKOFF", 0.01)
    take = make_take(session=session, at=utc_now())
    chunks = cut(record(seconds=12, folder=tmp_path), 12)
    send(take, chunks[:11])
    first = Broadcaster()
    work(first, lambda: len(lengths(playlist(session))) >= 4)
    for picture in first.pictures.values():
        picture.stop()
    path = storage.state_path(take.pk)
    state = json.loads(path.read_text())
    # A place behind the newest segment: what lies between would be lost.
    state["mark"] |= {"seq": 10, "offset": 0}
    path.write_text(json.dumps(state))

    send(take, chunks[11:])
    end(session, zhuoma)
    work(Broadcaster(), lambda: Replay.objects.exclude(playlist_path="").exists())

    assert decode(session, number=1)[0] == 300
    assert_whole(session, seconds=12)
