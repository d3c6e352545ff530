"""Where reading can begin again: marks are found however the stream is cut into chunks."""

import pytest

from livestreams.broadcaster.containers import Mark, scanner_of
from tests.factories.livestreams import MIME, record

RECORDINGS = {
    "matroska": (MIME, {}),
    "mp4": ('video/mp4;codecs="avc1.42e01e,mp4a.40.2"', {"container": "mp4"}),
    "flv": ('video/x-flv;codecs="avc1,mp4a"', {"container": "flv"}),
}
BEGINS = {"matroska": b"\x1f\x43\xb6\x75", "mp4": b"moof", "flv": b"\x09"}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("recordings")
    return {name: record(seconds=5, folder=folder, **options) for name, (_, options) in RECORDINGS.items()}


def scan(name: str, data: bytes, size: int, *, header: bytes = b"", seq: int = 0, offset: int = 0):
    scanner = scanner_of(RECORDINGS[name][0], header=header)
    data = data[offset:] if seq == 0 else data[seq * size + offset :]
    scanner.feed(seq, data[: size - offset], offset=offset)
    rest = data[size - offset :]
    for index, start in enumerate(range(0, len(rest), size), start=seq + 1):
        scanner.feed(index, rest[start : start + size])
    return scanner


def place(mark: Mark, size: int) -> int:
    return mark.seq * size + mark.offset


@pytest.mark.parametrize("size", [1, 7, 1000, 30_000, 10_000_000])
@pytest.mark.parametrize("name", RECORDINGS)
def test_marks_do_not_depend_on_the_cuts(recordings, name, size):
    data = recordings[name] if size > 7 else recordings[name][:60_000]
    whole = scan(name, data, len(data))

    scanner = scan(name, data, size)

    assert not scanner.is_lost
    assert scanner.header == whole.header
    assert data.startswith(scanner.header) or name == "flv"
    found = {ms: scanner_mark(name, data, size, ms) for ms in (150, 500, 1100, 2500, 4900)}
    expected = {ms: scanner_mark(name, data, len(data), ms) for ms in found}
    assert found == expected
    for ms, (at, mark_ms) in found.items():
        begin = data[at + 4 : at + 8] if name == "mp4" else data[at : at + len(BEGINS[name])]
        assert begin == BEGINS[name]
        assert mark_ms <= ms


def scanner_mark(name: str, data: bytes, size: int, ms: int) -> tuple[int, int]:
    mark = scan(name, data, size).mark_before(ms)
    return place(mark, size), mark.ms


@pytest.mark.parametrize("name", RECORDINGS)
def test_scanning_goes_on_behind_a_mark(recordings, name):
    data, size = recordings[name], 9000
    first = scan(name, data, size)
    mark = first.mark_before(2000)
    expected = scan(name, data, size).mark_before(4000)

    again = scan(name, data, size, header=first.header, seq=mark.seq, offset=mark.offset)

    assert mark.ms > 1000
    assert again.mark_before(4000) == expected
    assert again.header == first.header


@pytest.mark.parametrize("name", RECORDINGS)
def test_scanner_that_lost_its_way_says_so_or_finds_nothing(name):
    scanner = scanner_of(RECORDINGS[name][0])

    for seq in range(200):
        scanner.feed(seq, bytes([seq, 0xFF, 0x1F]) * 3000)

    assert scanner.mark_before(10**9) is None
    assert scanner.is_lost
