"""The pictures that announce a show where its link is shared: a wide card and a tall poster with a QR code.

They show only what the announced show's page shows to everybody. A picture is drawn once for each version of
what stands on it, and kept; older versions of a show are forgotten.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pylopdf_fonts_zh_cn
import segno
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont, ImageOps

from livestreams import storage
from livestreams.models import LiveSession
from livestreams.statuses import ON_AIR, SessionStatus
from shops.models import Photo

LAYOUT = 1  # another number draws all pictures anew
CARD, POSTER = (1200, 630), (1080, 1440)
SIZES = {"card": CARD, "poster": POSTER}
PAPER, INK, SOFT, BARLEY, FLAG, NIGHT = "#fffdf8", "#1d1b16", "#5f5747", "#c8862b", "#c0392b", "#3f2808"
TITLE = 50  # pixels; from this size on a line is a title
JPEG_QUALITY = 86
LARGEST_COVER = 40_000_000  # pixels


@dataclass(frozen=True)
class Shared:
    """A drawn picture: its file, and the version of what it shows."""

    path: Path
    version: str


def version_of(session: LiveSession) -> str:
    """Return the name of what stands on the pictures now, in the language that is active."""
    shown = [
        LAYOUT, session.title, session.status, session.scheduled_at.isoformat(), session.host.name,
        session.shop.name, _cover_path(session), get_language(), settings.PUBLIC_URL, settings.SHARE_FONT,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()[:20]


def share_picture(session: LiveSession, kind: str) -> Shared:
    """Return the picture "card" (1200 × 630) or "poster" (1080 × 1440), drawn now where it was not yet."""
    version = version_of(session)
    folder = storage.share_folder(session.pk)
    path = folder / f"{kind}-{get_language()}-{version}.jpg"
    if not path.exists():
        picture = _draw_card(session) if kind == "card" else _draw_poster(session)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
        storage.write_atomically(path, file.getvalue())
        for old in folder.glob(f"{kind}-{get_language()}-*.jpg"):
            if old != path:
                old.unlink(missing_ok=True)
    return Shared(path, version)


def share_url(session: LiveSession) -> str:
    """Return the absolute address that the pictures' QR code holds."""
    return f"{settings.PUBLIC_URL}/live/{session.pk}/"


def _draw_card(session: LiveSession) -> Image.Image:
    width, height = CARD
    picture = Image.new("RGB", CARD, PAPER)
    cover_width = 520
    picture.paste(_cover(session, (cover_width, height)), (0, 0))
    draw = ImageDraw.Draw(picture)
    left, right = cover_width + 48, width - 48
    _badge(draw, session, (left, 48), 30)
    bottom = _paragraph(draw, session.title, (left, 122), right - left, size=52, most=3, fill=INK)
    bottom = _paragraph(
        draw, session.host.name, (left, bottom + 18), right - left, size=32, most=1, fill=SOFT
    )
    _paragraph(draw, session.shop.name, (left, bottom + 4), right - left, size=28, most=1, fill=SOFT)
    code = _qr(share_url(session), 168)
    picture.paste(code, (right - code.width, height - 44 - code.height))
    room = right - left - code.width - 20
    _paragraph(draw, _when(session), (left, height - 188), room, size=38, most=2, fill=FLAG)
    _paragraph(draw, _market(), (left, height - 76), room, size=24, most=1, fill=SOFT)
    return picture


def _draw_poster(session: LiveSession) -> Image.Image:
    width, height = POSTER
    picture = Image.new("RGB", POSTER, PAPER)
    cover_height = 860
    picture.paste(_cover(session, (width, cover_height)), (0, 0))
    draw = ImageDraw.Draw(picture)
    _badge(draw, session, (56, 56), 38)
    left, right = 64, width - 64
    bottom = _paragraph(
        draw, session.title, (left, cover_height + 44), right - left, size=64, most=2, fill=INK
    )
    code = _qr(share_url(session), 250)
    picture.paste(code, (right - code.width, height - 64 - code.height))
    room = right - left - code.width - 36
    bottom = _paragraph(draw, _when(session), (left, bottom + 30), room, size=48, most=2, fill=FLAG)
    bottom = _paragraph(draw, session.host.name, (left, bottom + 20), room, size=38, most=1, fill=INK)
    _paragraph(draw, session.shop.name, (left, bottom + 6), room, size=32, most=1, fill=SOFT)
    _paragraph(
        draw, _("Scan to watch and be reminded"), (left, height - 104), room, size=28, most=1, fill=SOFT
    )
    return picture


def _market() -> str:
    return _("Village Market")


def _when(session: LiveSession) -> str:
    if session.status in ON_AIR:
        return _("On air now")
    if session.status == SessionStatus.ENDED:
        return _("Watch again")
    start = timezone.localtime(session.scheduled_at)
    days = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    return f"{start:%Y-%m-%d} {days[start.weekday()]} {start:%H:%M}"


def _badge(draw: ImageDraw.ImageDraw, session: LiveSession, at: tuple[int, int], size: int) -> None:
    words = (
        _("Live") if session.status in ON_AIR or session.status == SessionStatus.SCHEDULED else _("Replay")
    )
    font = _font(size)
    length = draw.textlength(words, font=font)
    box = (at[0], at[1], at[0] + length + size, at[1] + size * 1.7)
    draw.rounded_rectangle(box, radius=size * 0.4, fill=FLAG)
    middle = (at[0] + size / 2, at[1] + size * 0.85)
    draw.text(middle, words, font=font, fill=PAPER, anchor="lm")


def _paragraph(
    draw: ImageDraw.ImageDraw,
    text: str,
    at: tuple[int, int],
    width: int,
    *,
    size: int,
    most: int,
    fill: str,
) -> int:
    """Write at most so many lines, an ellipsis for what does not fit; return where the next may begin."""
    font = _font(size)
    top = at[1]
    for line in wrapped(text, lambda part: draw.textlength(part, font=font), width, most):
        # The package has one weight; a title is written bolder by its outline.
        draw.text((at[0], top), line, font=font, fill=fill, stroke_width=1 if size >= TITLE else 0)
        top += round(size * 1.3)
    return top


def wrapped(text: str, length_of, width: float, most: int) -> list[str]:
    """Break a text into at most `most` lines no wider than `width`: at spaces, else between any two signs."""
    rest = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    lines = []
    while rest and len(lines) < most:
        if length_of(rest) <= width:
            lines.append(rest)
            return lines
        end = _fitting(rest, length_of, width)
        space = rest.rfind(" ", 0, end + 1)
        # A word is only kept whole where little is lost by it; Chinese knows no spaces.
        cut = space if space > end * 0.6 else end
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest and lines:
        last = lines[-1]
        while last and length_of(f"{last}…") > width:
            last = last[:-1].rstrip()
        lines[-1] = f"{last}…"
    return lines


def _fitting(text: str, length_of, width: float) -> int:
    """Return how many signs fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if length_of(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _font(size: int) -> ImageFont.FreeTypeFont:
    path = settings.SHARE_FONT or pylopdf_fonts_zh_cn.sans_path()
    return ImageFont.truetype(str(path), size)


def _qr(address: str, side: int) -> Image.Image:
    """Return a code of about `side` pixels with its quiet zone, each module a whole number of pixels."""
    code = segno.make(address, error="m", micro=False)
    modules = code.symbol_size(border=2)[0]
    file = io.BytesIO()
    code.save(file, kind="png", scale=max(side // modules, 2), border=2, dark=INK, light="#ffffff")
    return Image.open(file).convert("RGB")


def _cover_photo(session: LiveSession) -> Photo | None:
    return session.cover or session.host.portrait


def _cover_path(session: LiveSession) -> str:
    photo = _cover_photo(session)
    sizes = photo.sizes if photo is not None else None
    return sizes[max(sizes, key=int)] if sizes else ""


def _cover(session: LiveSession, size: tuple[int, int]) -> Image.Image:
    """Return the cover cut to size; without one, or where its file cannot be read, a night sky of ours."""
    path = _cover_path(session)
    if path:
        try:
            with Image.open(Path(settings.MEDIA_ROOT) / path, formats=("WEBP", "JPEG", "PNG")) as photo:
                if photo.width * photo.height <= LARGEST_COVER:
                    return ImageOps.fit(photo.convert("RGB"), size, Image.Resampling.LANCZOS)
        except (OSError, ValueError, Image.DecompressionBombError):
            pass
    return _mountains(size)


def _mountains(size: tuple[int, int]) -> Image.Image:
    width, height = size
    picture = Image.new("RGB", size, BARLEY)
    draw = ImageDraw.Draw(picture)
    for share, peaks, fill in ((0.45, 3, "#a96c1e"), (0.62, 4, "#7a4d14"), (0.8, 5, NIGHT)):
        step = width / peaks
        points = [(0, height), (0, height * (share + 0.1))]
        for peak in range(peaks):
            points.append((step * (peak + 0.5), height * (share - 0.08 * (1 + peak % 2))))
            points.append((step * (peak + 1), height * (share + 0.1)))
        draw.polygon([*points, (width, height)], fill=fill)
    return picture
