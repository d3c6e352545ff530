"""Strangers read our playlists: ffprobe plays them, the m3u8 package understands them."""

import json
import shutil
import subprocess
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import m3u8
import pytest

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.loop import Broadcaster
from livestreams.models import Replay
from livestreams.services import receiving
from livestreams.services.picture import load_picture
from livestreams.services.playlists import compose
from tests.factories.livestreams import MIME, cut, make_take, record
from tests.livestreams.pictures import end, lengths, playlist, send, work

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = (5, 4)
RENDITIONS = ("source", "low", "audio")


def probe(path: Path, *, kind: str, entries: str) -> dict:
    """Let ffprobe read a playlist or a file."""
    assert shutil.which("ffprobe"), "ffprobe comes with Debian's ffmpeg package"
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-select_streams", kind,
         "-show_entries", entries, "-of", "json", str(path)]
        if path.suffix == ".m3u8"
        else ["ffprobe", "-v", "error", "-select_streams", kind, "-show_entries", entries,
              "-of", "json", str(path)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture
def show(session, zhuoma, tmp_path):
    """Two takes a minute apart, of which the live playlists were kept while the second was on."""
    broadcaster = Broadcaster()
    first = make_take(session=session, at=utc_now() - timedelta(seconds=60))
    send(first, cut(record(seconds=SECONDS[0], folder=tmp_path, size="360x640"), 5))
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 3)
    grant = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now())
    send(grant.take, cut(record(seconds=SECONDS[1], folder=tmp_path, size="640x360"), 4))
    work(broadcaster, lambda: len(lengths(playlist(session))) >= 7)
    session.live = {name: playlist(session, f"{name}.m3u8") for name in ("live", *RENDITIONS)}
    end(session, zhuoma)
    work(broadcaster, lambda: Replay.objects.exclude(playlist_path="").exists())
    return session


@pytest.mark.parametrize("when", ["live", "over", "replay"])
@pytest.mark.parametrize("rendition", RENDITIONS)
def test_another_parser_understands_each_list(show, when, rendition):
    text = {
        "live": show.live[rendition],
        "over": playlist(show, f"{rendition}.m3u8"),
        "replay": playlist(show, f"full-{rendition}.m3u8"),
    }[when]

    read = m3u8.loads(text)

    assert read.is_endlist == (when != "live")
    assert read.playlist_type == ("vod" if when == "replay" else None)
    assert read.media_sequence == 0
    assert [segment.discontinuity for segment in read.segments].count(True) == 1
    (breaks,) = [index for index, segment in enumerate(read.segments) if segment.discontinuity]
    assert breaks == SECONDS[0]
    folder = storage.public_folder(show.broadcast.public_id)
    for index, segment in enumerate(read.segments):
        number = 1 if index < breaks else 2
        assert segment.init_section.uri == f"takes/{number}/{storage.init_name(rendition)}"
        assert (folder / segment.uri).stat().st_size > 0
        assert round(segment.duration) <= read.target_duration
    assert len(read.segment_map) == 2
    for before, after in pairwise(read.segments):
        gap = (after.current_program_date_time - before.current_program_date_time).total_seconds()
        if after.discontinuity:
            assert 50 < gap < 65
        else:
            assert gap == pytest.approx(before.duration, abs=0.03)
    if when != "live":
        assert sum(segment.duration for segment in read.segments) == pytest.approx(sum(SECONDS), abs=0.5)


@pytest.mark.parametrize("name", ["live", "full"])
def test_list_of_renditions_tells_the_truth(show, name):
    folder = storage.public_folder(show.broadcast.public_id)

    read = m3u8.loads((folder / f"{name}.m3u8").read_text())

    assert read.is_variant
    assert len(read.playlists) == 3
    for entry, rendition in zip(read.playlists, RENDITIONS, strict=True):
        media = m3u8.loads((folder / entry.uri).read_text())
        sizes = [(folder / segment.uri).stat().st_size for segment in media.segments]
        rates = [size * 8 / segment.duration for size, segment in zip(sizes, media.segments, strict=True)]
        seconds = sum(segment.duration for segment in media.segments)
        info = entry.stream_info
        assert info.bandwidth == pytest.approx(max(rates), rel=0.05)
        assert info.average_bandwidth == pytest.approx(sum(sizes) * 8 / seconds, rel=0.05)
        if rendition == "audio":
            assert (info.codecs, info.resolution) == ("mp4a.40.2", None)
            continue
        last = folder / "takes" / "2" / storage.init_name(rendition)
        (stream,) = probe(last, kind="v:0", entries="stream=width,height,level,profile")["streams"]
        assert info.resolution == (stream["width"], stream["height"])
        video, sound = info.codecs.split(",")
        assert sound == "mp4a.40.2"
        assert video.startswith("avc1.")
        assert int(video[-2:], 16) >= stream["level"]


@pytest.mark.parametrize("rendition", ["source", "low"])
def test_ffprobe_plays_the_replay_to_its_end(show, rendition):
    folder = storage.public_folder(show.broadcast.public_id)
    path = folder / f"full-{rendition}.m3u8"

    packets = probe(path, kind="v", entries="packet=pts_time")["packets"]

    assert len(packets) == sum(SECONDS) * 25
    for number, take in enumerate(load_picture(show.broadcast.public_id), start=1):
        whole = folder / f"whole-{number}.mp4"
        parts = [folder / "takes" / str(number) / storage.init_name(rendition)]
        parts += [
            parts[0].parent / storage.segment_name(index, rendition)
            for index in range(len(take.durations_ms))
        ]
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
        for kind, slack in (("v", 0.1), ("a", 0.1)):
            times = [
                (float(packet["pts_time"]), float(packet.get("duration_time", 0)))
                for packet in probe(whole, kind=kind, entries="packet=pts_time,duration_time")["packets"]
            ]
            length = max(at + duration for at, duration in times) - min(at for at, _ in times)
            assert length == pytest.approx(sum(take.renditions[rendition].durations_ms) / 1000, abs=0.5)
            assert length == pytest.approx(SECONDS[number - 1], abs=slack)


def test_sound_alone_is_heard_by_ffprobe(show):
    path = storage.public_folder(show.broadcast.public_id) / "full-audio.m3u8"

    streams = probe(path, kind="a", entries="stream=codec_name,sample_rate,channels")["streams"]

    assert streams == [{"codec_name": "aac", "sample_rate": "48000", "channels": 2}]
    assert probe(path, kind="v", entries="stream=codec_name").get("streams") == []


def test_cut_replay_is_as_valid(show):
    takes = load_picture(show.broadcast.public_id)
    folder = storage.public_folder(show.broadcast.public_id)
    texts = compose(takes, is_live=False, is_over=True, start_ms=2500, end_ms=7200)
    for name, text in texts.items():
        (folder / f"cut-{name}").write_text(text)

    read = m3u8.loads(texts["full-source.m3u8"])
    packets = probe(folder / "cut-full-source.m3u8", kind="v", entries="packet=pts_time")["packets"]

    assert [segment.uri for segment in read.segments] == [
        "takes/1/seg000002.m4s", "takes/1/seg000003.m4s", "takes/1/seg000004.m4s",
        "takes/2/seg000000.m4s", "takes/2/seg000001.m4s", "takes/2/seg000002.m4s",
    ]  # fmt: skip
    assert read.is_endlist
    assert len(packets) == 6 * 25
