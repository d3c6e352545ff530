"""Still pictures of a show: a poster, a sheet of small pictures to find a place by."""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from PIL import Image

from livestreams.montage.joining import TakeFiles
from livestreams.montage.running import MP4, MontageError, Unplayable, run

SECONDS = 30
LOG_BYTES = 1024**2
SHEET_WIDTH = 120
SHEET_COLUMNS = 10
SHEET_MOST = 100
INTERVAL_MS = 10_000
SHORTEST_INTERVAL_MS, USUAL_COUNT = 1000, 40  # a short show has its pictures closer together
TALLEST = 2.2  # height of a small picture by its width


@dataclass(frozen=True)
class Layout:
    """How a sheet is laid out; the first picture is of `starts_ms`, the next `interval_ms` later."""

    columns: int
    rows: int
    width: int
    height: int
    count: int
    starts_ms: int
    interval_ms: int

    def as_data(self) -> dict[str, int]:
        """Return it for the database."""
        return asdict(self)


def still(takes: Sequence[TakeFiles], *, at_ms: int, width: int, is_exact: bool = True) -> bytes:
    """Return a JPEG of the picture at a place of the whole show; Unplayable without one.

    `is_exact=False` is quicker: the picture with which the second around that place begins.
    """
    if not takes:
        raise Unplayable("no take has a picture")
    take, index, inside_ms = _segment_at(takes, at_ms)
    seek = ["-ss", f"{inside_ms / 1000:.3f}"] if is_exact and inside_ms else []
    arguments = [
        *MP4, "-i", "pipe:0", *seek, "-an", "-frames:v", "1", "-vf", f"scale={int(width)}:-2",
        "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "4", "pipe:1",
    ]  # fmt: skip
    parts = [take.read(take.init), take.read(take.segments[index])]
    picture = run(arguments, feed=parts, seconds=SECONDS, file_bytes=LOG_BYTES, is_answer_wanted=True)
    if not picture and seek:
        return still(takes, at_ms=at_ms, width=width, is_exact=False)
    if not picture:
        raise Unplayable("ffmpeg gave no picture")
    return picture


def _segment_at(takes: Sequence[TakeFiles], at_ms: int) -> tuple[TakeFiles, int, int]:
    """Return the take, the number of its segment and the place in it; past the end, the last segment."""
    passed = 0
    for take in takes:
        for index, duration in enumerate(take.durations_ms):
            if at_ms < passed + duration:
                return take, index, max(at_ms - passed, 0)
            passed += duration
    return takes[-1], len(takes[-1].segments) - 1, 0


def sheet(takes: Sequence[TakeFiles], *, starts_ms: int, ends_ms: int) -> tuple[bytes, Layout]:
    """Return a WebP sheet of small pictures of a stretch of the show, at most a hundred, and its layout."""
    length = max(ends_ms - starts_ms, 1)
    wanted = min(INTERVAL_MS, max(length // USUAL_COUNT, SHORTEST_INTERVAL_MS))
    interval = max(wanted, -(-length // SHEET_MOST))
    count = max(-(-length // interval), 1)
    pictures: list[Image.Image | None] = []
    for number in range(count):
        try:
            picture = still(takes, at_ms=starts_ms + number * interval, width=SHEET_WIDTH, is_exact=False)
            pictures.append(Image.open(io.BytesIO(picture), formats=["JPEG"]).convert("RGB"))
        except MontageError:
            # One second that cannot be read leaves its neighbour's picture in its place.
            pictures.append(pictures[-1] if pictures else None)
    first = next((picture for picture in pictures if picture is not None), None)
    if first is None:
        raise Unplayable("no picture can be read")
    height = min(first.height, round(SHEET_WIDTH * TALLEST))
    columns = min(SHEET_COLUMNS, count)
    layout = Layout(
        columns=columns, rows=-(-count // columns), width=SHEET_WIDTH, height=height, count=count,
        starts_ms=starts_ms, interval_ms=interval,
    )  # fmt: skip
    whole = Image.new("RGB", (layout.columns * layout.width, layout.rows * layout.height), "black")
    for number, picture in enumerate(pictures):
        fitted = picture or first
        if fitted.height > height:
            fitted = fitted.resize((max(round(fitted.width * height / fitted.height), 1), height))
        x, y = number % columns * layout.width, number // columns * layout.height
        whole.paste(fitted, (x + (layout.width - fitted.width) // 2, y + (height - fitted.height) // 2))
    target = io.BytesIO()
    whole.save(target, "WEBP", quality=68, method=4)
    return target.getvalue(), layout
