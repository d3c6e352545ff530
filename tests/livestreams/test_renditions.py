"""Smaller pictures beside the source: cut alike, counted, given up when the machine is too slow."""

import subprocess
from datetime import timedelta

import imageio_ffmpeg
import pytest

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import Chapter, PinEvent, Replay
from livestreams.services import receiving
from livestreams.services.picture import load_picture
from tests.factories.livestreams import cut, make_pin, make_session, make_take, record
from tests.livestreams.pictures import decode, end, lengths, playlist, send, spans, work

pytestmark = pytest.mark.django_db(transaction=True)


def is_done() -> bool:
    return Replay.objects.exclude(playlist_path="").exists()


def test_small_pictures_are_cut_where_the_source_is(session, zhuoma, tmp_path, settings):
    settings.RENDITION_MID_STREAMS_MAX = 1
    take = make_take(session=session, at=utc_now())
    send(take, cut(record(seconds=6, folder=tmp_path, size="540x960"), 6))
    end(session, zhuoma)

    work(Broadcaster(), is_done)

    (picture,) = load_picture(session.broadcast.public_id)
    assert sorted(picture.renditions) == ["audio", "low", "mid", "source"]
    sizes = {name: (one.width, one.height) for name, one in picture.renditions.items()}
    assert sizes == {"source": (540, 960), "mid": (480, 854), "low": (240, 426), "audio": (0, 0)}
    assert {len(one.durations_ms) for one in picture.renditions.values()} == {6}
    assert picture.renditions["low"].peak_bps < picture.renditions["mid"].peak_bps
    cuts = {}
    for name in ("source", "mid", "low"):
        tracks, segments = spans(session, rendition=name)
        assert all(segment["video"].is_key for segment in segments)
        cuts[name] = [segment["video"].shows / tracks["video"].timescale for segment in segments]
    assert cuts["low"] == pytest.approx(cuts["source"], abs=0.002)
    assert cuts["mid"] == pytest.approx(cuts["source"], abs=0.002)
    assert "RESOLUTION=240x426\nlow.m3u8" in playlist(session, "live.m3u8")
    assert 'CODECS="mp4a.40.2"\naudio.m3u8' in playlist(session, "live.m3u8")


def test_only_so_many_shows_get_a_small_picture(session, zhuoma, market, tmp_path, settings):
    settings.RENDITION_STREAMS_MAX = 1
    other = make_session(host=market.host, shop=market.shop)
    recording = cut(record(seconds=4, folder=tmp_path), 4)
    first, second = make_take(session=session, at=utc_now()), make_take(session=other, at=utc_now())
    broadcaster = Broadcaster()
    send(first, recording)
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 2)
    send(second, recording)
    receiving.close_receiving_take(take_id=second.pk, reason="stopped", now=utc_now())
    work(broadcaster, lambda: len(lengths(playlist(other))) == 4)
    assert playlist(session, "low.m3u8") != ""
    assert playlist(other, "low.m3u8") == ""

    receiving.close_receiving_take(take_id=first.pk, reason="stopped", now=utc_now())
    work(broadcaster, lambda: len(lengths(playlist(session))) == 4)
    third = make_take(session=other, number=2, at=utc_now())
    send(third, recording)
    work(broadcaster, lambda: len(lengths(playlist(other))) >= 6)

    listed = [line for line in playlist(other, "low.m3u8").splitlines() if line.endswith(".m4s")]
    assert listed[3:6] == ["takes/1/seg000003.m4s", "takes/2/low-000000.m4s", "takes/2/low-000001.m4s"]
    for picture in broadcaster.pictures.values():
        picture.stop()


def test_machine_that_is_too_slow_goes_on_with_the_source(session, zhuoma, tmp_path, monkeypatch):
    monkeypatch.setattr("livestreams.broadcaster.publishing.LATE_LAG_SECONDS", 0.0)
    monkeypatch.setattr("livestreams.broadcaster.publishing.LATE_SECONDS", 0.0)
    take = make_take(session=session, at=utc_now())
    broadcaster = Broadcaster()
    chunks = cut(record(seconds=8, folder=tmp_path, size="720x1280"), 8)
    send(take, chunks)
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 2)
    end(session, zhuoma)

    work(broadcaster, is_done)

    (picture,) = load_picture(session.broadcast.public_id)
    assert sorted(picture.renditions) == ["audio", "source"]
    assert decode(session, number=1)[0] == 200


def test_recording_without_sound_has_no_sound_alone(session, zhuoma, tmp_path):
    take = make_take(session=session, mime='video/webm;codecs="h264"', at=utc_now())
    whole = tmp_path / "whole.mkv"
    whole.write_bytes(record(seconds=4, folder=tmp_path))
    silent = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(whole), "-c", "copy", "-an",
         "-f", "matroska", "-"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    send(take, cut(silent, 3))
    end(session, zhuoma)

    work(Broadcaster(), is_done)

    (picture,) = load_picture(session.broadcast.public_id)
    assert sorted(picture.renditions) == ["low", "source"]
    assert decode(session, number=1)[0] == 100


def test_pin_lies_where_the_recorder_was(session, item, zhuoma, tmp_path):
    opened_at = utc_now()
    take = make_take(session=session, at=opened_at, began_at=opened_at + timedelta(milliseconds=1500))
    make_pin(item=item, at=opened_at + timedelta(milliseconds=3700))
    send(take, cut(record(seconds=4, folder=tmp_path), 4))
    end(session, zhuoma)

    work(Broadcaster(), is_done)

    assert PinEvent.objects.get().media_time_ms == 2200
    assert Chapter.objects.get().starts_ms == 2200
    clock = (opened_at + timedelta(milliseconds=1500)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    assert f"#EXT-X-PROGRAM-DATE-TIME:{clock}Z" in playlist(session, "full-source.m3u8")


def test_other_containers_than_matroska_have_small_pictures_too(session, zhuoma, tmp_path):
    take = make_take(session=session, mime='video/x-flv;codecs="avc1,mp4a"', at=utc_now())
    send(take, cut(record(seconds=4, folder=tmp_path, container="flv", is_reordered=True), 4))
    end(session, zhuoma)

    work(Broadcaster(), is_done)

    (picture,) = load_picture(session.broadcast.public_id)
    assert sorted(picture.renditions) == ["audio", "low", "source"]
    assert storage.segment_name(3, "low") in playlist(session, "full-low.m3u8")
