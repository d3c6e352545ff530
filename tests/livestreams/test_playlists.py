"""Playlists composed by the server: numbers of the sliding window stay right across takes."""

from datetime import timedelta

from livestreams.services.picture import load_picture, save_picture
from livestreams.services.playlists import (
    WINDOW_SEGMENTS,
    Rendition,
    TakePicture,
    TakeSpan,
    compose,
    kept_span_ms,
    media_time_ms,
)
from tests.factories.livestreams import NOW

PUBLIC_ID = "6f1c1e6e-5a55-4b0e-9f0e-3f6d7ff0a001"


def rendition(count: int, *, codecs: str = "avc1.42c01e,mp4a.40.2", **fields) -> Rendition:
    values = {"width": 720, "height": 1280, "peak_bps": 1_500_000, "total_bytes": 125_000 * count} | fields
    return Rendition(durations_ms=[1000] * count, codecs=codecs, **values)


def sound(count: int) -> Rendition:
    return rendition(
        count, codecs="mp4a.40.2", width=0, height=0, peak_bps=98_000, total_bytes=12_000 * count
    )


def take(number: int, count: int, *, after: int = 0, **others: Rendition) -> TakePicture:
    return TakePicture(number, NOW + timedelta(seconds=after), {"source": rendition(count)} | others)


def live(takes: list[TakePicture], *, is_over: bool = False) -> str:
    return compose(takes, is_live=True, is_over=is_over)["source.m3u8"]


def full(takes: list[TakePicture], **cut) -> str:
    return compose(takes, is_live=False, is_over=True, **cut)["full-source.m3u8"]


def tags(text: str, name: str) -> list[str]:
    return [line.partition(":")[2] for line in text.splitlines() if line.startswith(f"#{name}:")]


def segments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_one_take():
    text = live([take(1, 2)])

    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:3\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="takes/1/init.mp4"\n#EXT-X-PROGRAM-DATE-TIME:2026-09-01T08:00:00.000Z\n'
        "#EXTINF:1.000,\ntakes/1/seg000000.m4s\n#EXTINF:1.000,\ntakes/1/seg000001.m4s\n"
    )


def test_two_takes_have_two_maps_and_one_discontinuity():
    text = live([take(1, 3), take(3, 2, after=60)], is_over=True)

    assert tags(text, "EXT-X-MAP") == ['URI="takes/1/init.mp4"', 'URI="takes/3/init.mp4"']
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_window_slides_and_its_numbers_follow():
    begins_at_break = live([take(1, 5), take(2, WINDOW_SEGMENTS, after=9)])
    inside_second = live([take(1, 5), take(2, WINDOW_SEGMENTS + 1, after=9)])

    assert tags(begins_at_break, "EXT-X-MEDIA-SEQUENCE") == ["5"]
    assert tags(begins_at_break, "EXT-X-DISCONTINUITY-SEQUENCE") == ["0"]
    assert begins_at_break.count("#EXT-X-DISCONTINUITY\n") == 1
    assert tags(inside_second, "EXT-X-MEDIA-SEQUENCE") == ["6"]
    assert tags(inside_second, "EXT-X-DISCONTINUITY-SEQUENCE") == ["1"]
    assert inside_second.count("#EXT-X-DISCONTINUITY\n") == 0
    assert tags(inside_second, "EXT-X-PROGRAM-DATE-TIME") == ["2026-09-01T08:00:10.000Z"]


def test_takes_that_left_the_window_count_their_breaks():
    text = live([take(1, 5), take(2, 3, after=9), take(3, WINDOW_SEGMENTS + 2, after=20)])

    assert tags(text, "EXT-X-MEDIA-SEQUENCE") == ["10"]
    assert tags(text, "EXT-X-DISCONTINUITY-SEQUENCE") == ["2"]
    assert segments(text)[0] == "takes/3/seg000002.m4s"


def test_full_list_holds_everything():
    text = full([take(1, 40), take(2, 2, after=99)])

    assert len(tags(text, "EXTINF")) == 42
    assert tags(text, "EXT-X-PLAYLIST-TYPE") == ["VOD"]
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_full_list_is_cut_on_segments():
    takes = [take(1, 4), take(2, 4, after=60)]

    text = full(takes, start_ms=2500, end_ms=5500)

    assert segments(text) == [
        f"takes/{n}.m4s" for n in ("1/seg000002", "1/seg000003", "2/seg000000", "2/seg000001")
    ]
    assert tags(text, "EXT-X-PROGRAM-DATE-TIME") == ["2026-09-01T08:00:02.000Z", "2026-09-01T08:01:00.000Z"]
    assert kept_span_ms(takes, start_ms=2500, end_ms=5500) == (2000, 6000)
    assert segments(full(takes, start_ms=4000, end_ms=5000)) == ["takes/2/seg000000.m4s"]
    assert kept_span_ms(takes, start_ms=4000, end_ms=None) == (4000, 8000)


def test_list_of_renditions_says_what_each_needs():
    small = rendition(
        5, codecs="avc1.42c015,mp4a.40.2", width=240, height=426, peak_bps=300_000, total_bytes=150_000
    )
    takes = [
        take(1, 2),
        take(2, 5, after=60, low=small, audio=sound(5)),
    ]

    texts = compose(takes, is_live=True, is_over=False)

    assert sorted(texts) == ["audio.m3u8", "live.m3u8", "low.m3u8", "source.m3u8"]
    assert texts["live.m3u8"].splitlines()[3:] == [
        '#EXT-X-STREAM-INF:BANDWIDTH=1500000,AVERAGE-BANDWIDTH=1000000,CODECS="avc1.42c01e,mp4a.40.2",'
        "RESOLUTION=720x1280",
        "source.m3u8",
        '#EXT-X-STREAM-INF:BANDWIDTH=1500000,AVERAGE-BANDWIDTH=457142,CODECS="avc1.42c015,mp4a.40.2",'
        "RESOLUTION=240x426",
        "low.m3u8",
        '#EXT-X-STREAM-INF:BANDWIDTH=1500000,AVERAGE-BANDWIDTH=354285,CODECS="mp4a.40.2"',
        "audio.m3u8",
    ]
    # The first take has no small picture: its own is shown there, and the numbers stay the same.
    assert segments(texts["low.m3u8"])[1:3] == ["takes/1/seg000001.m4s", "takes/2/low-000000.m4s"]
    assert tags(texts["low.m3u8"], "EXT-X-MAP") == ['URI="takes/1/init.mp4"', 'URI="takes/2/low-init.mp4"']
    assert sorted(compose(takes, is_live=False, is_over=True)) == [
        "full-audio.m3u8",
        "full-low.m3u8",
        "full-source.m3u8",
        "full.m3u8",
    ]


def test_codecs_are_the_most_demanding_of_all_takes():
    takes = [
        TakePicture(n, NOW, {"source": rendition(1, codecs=codecs)})
        for n, codecs in enumerate(["avc1.42c01f,mp4a.40.2", "avc1.64001e", "avc1.64001f,mp4a.40.2"], 1)
    ]

    text = compose(takes, is_live=True, is_over=False)["live.m3u8"]

    assert 'CODECS="avc1.64001f,mp4a.40.2"' in text


def test_recorder_that_stood_still_is_covered_by_the_full_list_only():
    still = TakePicture(1, NOW, {"source": Rendition([1000, 9600], "avc1.42c01f", 720, 1280, 9, 9)})

    assert tags(full([still]), "EXT-X-TARGETDURATION") == ["10"]
    assert tags(live([still]), "EXT-X-TARGETDURATION") == ["3"]


def test_picture_is_kept_as_it_was(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    takes = [take(1, 2), take(2, 5, after=60, audio=sound(5))]
    assert load_picture(PUBLIC_ID) == []

    save_picture(PUBLIC_ID, takes)

    assert load_picture(PUBLIC_ID) == takes
    assert [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.json")] == ["private"]


def test_media_time_of_a_moment():
    spans = [TakeSpan(NOW, 10_000), TakeSpan(NOW + timedelta(seconds=60), 5_000)]

    def at(seconds: float) -> int:
        moment = NOW + timedelta(seconds=seconds)
        assert media_time_ms(spans, moment) == media_time_ms([take(1, 10), take(2, 5, after=60)], moment)
        return media_time_ms(spans, moment)

    moments = [-5, 0, 4.25, 30, 60, 62, 99]
    assert [at(seconds) for seconds in moments] == [0, 0, 4250, 10000, 10000, 12000, 15000]
