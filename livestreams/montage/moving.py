"""Move our own fMP4 segments in time (ISO/IEC 14496-12)."""

from livestreams.broadcaster.boxes import Box, boxes


def child(data: bytes, box: Box, kind: bytes) -> Box:
    """Return the first box of a type inside another; ValueError without one."""
    found = next((one for one in boxes(data, box.body, box.end) if one.kind == kind), None)
    if found is None:
        raise ValueError(f"no {kind.decode()} box")
    return found


def shifted(segment: bytes, ticks: dict[int, int]) -> bytes:
    """Return the segment moved in time, each track by so many of its ticks, never before the beginning."""
    changed = bytearray(segment)
    fragment = None
    for box in boxes(segment):
        if box.kind == b"sidx":
            # It is optional, and its times would have to follow.
            changed[box.start + 4 : box.start + 8] = b"free"
        elif box.kind == b"moof":
            fragment = box
    if fragment is None:
        raise ValueError("no moof box")
    for part in (box for box in boxes(segment, fragment.body, fragment.end) if box.kind == b"traf"):
        head, clock = child(segment, part, b"tfhd"), child(segment, part, b"tfdt")
        number = int.from_bytes(segment[head.body + 4 : head.body + 8], "big")
        width = 8 if segment[clock.body] else 4
        at = slice(clock.body + 4, clock.body + 4 + width)
        begins = int.from_bytes(segment[at], "big") + ticks.get(number, 0)
        changed[at] = max(begins, 0).to_bytes(width, "big")
    return bytes(changed)
