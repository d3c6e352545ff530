"""Just enough of FLV to cut a file that still grows between two of its tags, and to know what is inside."""

from dataclasses import dataclass

HEADER_BYTES = 9 + 4
TAG_HEADER_BYTES = 11
AUDIO, VIDEO, SCRIPT = 8, 9, 18
H264 = 7


class BadFlv(ValueError):
    """The bytes are not FLV, or hold a picture other than H.264."""


@dataclass(frozen=True)
class Cut:
    """How many bytes are whole tags, and the time in ms of the first and the last of them."""

    size: int
    first_ms: int | None
    last_ms: int | None


def cut_whole(data: bytes, *, is_start: bool, largest: int) -> Cut:
    """Return how much of `data` ends with a whole tag, at most `largest` bytes.

    `data` begins at a tag, or with the file's header when `is_start`. Raises BadFlv.
    """
    place = 0
    if is_start:
        if data[:4] != b"FLV\x01"[: len(data)]:
            raise BadFlv("no FLV header")
        if len(data) < HEADER_BYTES:
            return Cut(0, None, None)
        place = HEADER_BYTES
    first = last = None
    while place + TAG_HEADER_BYTES <= len(data):
        kind = data[place]
        length = int.from_bytes(data[place + 1 : place + 4])
        end = place + TAG_HEADER_BYTES + length + 4
        if kind not in (AUDIO, VIDEO, SCRIPT) or data[place + 8 : place + 11] != b"\0\0\0":
            raise BadFlv("no FLV tag")
        if end - place > largest:
            raise BadFlv("a tag larger than a chunk")
        if end > len(data) or end > largest:
            break
        if int.from_bytes(data[end - 4 : end]) != TAG_HEADER_BYTES + length:
            raise BadFlv("a tag of another length than it says")
        if kind == VIDEO and length and data[place + TAG_HEADER_BYTES] & 0x8F != H264:
            raise BadFlv("the picture is not H.264")
        if kind != SCRIPT:
            last = int.from_bytes(bytes([data[place + 7]]) + data[place + 4 : place + 7])
            first = last if first is None else first
        place = end
    # A file header alone is no chunk: it goes with the first tag.
    return Cut(0 if is_start and place == HEADER_BYTES else place, first, last)
