"""Playlists composed by the server: numbers of the sliding window stay right across takes."""

from datetime import timedelta

from livestreams.services.playlists import (
    WINDOW_SEGMENTS,
    TakePicture,
    full_playlist,
    live_playlist,
    media_time_ms,
)
from tests.factories.livestreams import NOW


def take(number: int, count: int, *, after: int = 0) -> TakePicture:
    return TakePicture(number, NOW + timedelta(seconds=after), [1000] * count)


def tags(text: str, name: str) -> list[str]:
    return [line.partition(":")[2] for line in text.splitlines() if line.startswith(f"#{name}")]


def test_one_take():
    text = live_playlist([take(1, 2)], is_over=False)

    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:3\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
        '#EXT-X-MAP:URI="takes/1/init.mp4"\n#EXT-X-PROGRAM-DATE-TIME:2026-09-01T08:00:00.000Z\n'
        "#EXTINF:1.000,\ntakes/1/seg000000.m4s\n#EXTINF:1.000,\ntakes/1/seg000001.m4s\n"
    )


def test_two_takes_have_two_maps_and_one_discontinuity():
    text = live_playlist([take(1, 3), take(3, 2, after=60)], is_over=True)

    assert tags(text, "EXT-X-MAP") == ['URI="takes/1/init.mp4"', 'URI="takes/3/init.mp4"']
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_window_slides_and_its_numbers_follow():
    begins_at_break = live_playlist([take(1, 5), take(2, WINDOW_SEGMENTS, after=9)], is_over=False)
    inside_second = live_playlist([take(1, 5), take(2, WINDOW_SEGMENTS + 1, after=9)], is_over=False)

    assert tags(begins_at_break, "EXT-X-MEDIA-SEQUENCE") == ["5"]
    assert tags(begins_at_break, "EXT-X-DISCONTINUITY-SEQUENCE") == ["0"]
    assert begins_at_break.count("#EXT-X-DISCONTINUITY\n") == 1
    assert tags(inside_second, "EXT-X-MEDIA-SEQUENCE") == ["6"]
    assert tags(inside_second, "EXT-X-DISCONTINUITY-SEQUENCE") == ["1"]
    assert inside_second.count("#EXT-X-DISCONTINUITY\n") == 0
    assert tags(inside_second, "EXT-X-PROGRAM-DATE-TIME") == ["2026-09-01T08:00:10.000Z"]


def test_full_list_holds_everything():
    text = full_playlist([take(1, 40), take(2, 2, after=99)])

    assert len(tags(text, "EXTINF")) == 42
    assert tags(text, "EXT-X-PLAYLIST-TYPE") == ["VOD"]
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_media_time_of_a_moment():
    takes = [take(1, 10), take(2, 5, after=60)]

    def at(seconds: float) -> int:
        return media_time_ms(takes, NOW + timedelta(seconds=seconds))

    assert [at(-5), at(0), at(4.25), at(30), at(60), at(62), at(99)] == [
        0,
        0,
        4250,
        10000,
        10000,
        12000,
        15000,
    ]
