"""Pictures from phones are checked before they are decoded, then drawn anew (rules.md 9).

The new files carry nothing of the old one but its pixels: no EXIF, no GPS, no tail.
"""

import hashlib
import io
import math
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import pillow_heif
from django.conf import settings
from PIL import Image, ImageCms, ImageOps

from uploads.errors import BrokenPicture, NotAPicture, PictureTooSmall, TooManyPixels
from uploads.services.storing import clear_parts, private_root, public_root, whole_file

WIDTHS = (360, 720, 1280)
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
OPENED_AS = frozenset({*FORMATS, "MPO"})  # MPO: a JPEG with a second picture inside, as many phones write it
HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
LEAST_SIDE = 64
MOST_ELONGATED = 5
QUALITY = 80
# What decoders raise on hostile or broken bytes; an OSError with errno is the disk's, not the picture's.
DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error)

pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True)
class Picture:
    """A picture made ready: size in pixels, "#rrggbb", and width → path relative to its folder."""

    width: int
    height: int
    dominant_color: str
    sizes: dict[str, str]


def check_picture(path: Path) -> None:
    """Look at the first bytes and the header only; nothing is decoded.

    Raises NotAPicture, TooManyPixels or PictureTooSmall.
    """
    with _opened(path):
        pass


def make_sizes(path: Path, *, name: str, is_private: bool = False) -> Picture:
    """Draw the picture anew as WebP at up to three widths under `photos/`; a repeat gives the same files.

    File names carry the first 16 digits of their SHA-256, so they never change their contents.
    Raises a NotAPicture subclass when the bytes are at fault, DiskFull or OSError when the disk is.
    """
    image = _decoded(path)
    root = private_root() if is_private else public_root()
    folder = Path("photos") / name[:2] / name
    sizes = {}
    for width in _target_widths(image.width):
        data = _encoded(image, width)
        relative = folder / f"{width}-{hashlib.sha256(data).hexdigest()[:16]}.webp"
        with whole_file(root / relative) as file:
            file.write(data)
        sizes[str(width)] = relative.as_posix()
    clear_parts(root / folder)
    width = max(int(key) for key in sizes)
    return Picture(
        width=width,
        height=_height(image, width),
        dominant_color=_dominant_color(image),
        sizes=sizes,
    )


def _opened(path: Path) -> Image.Image:
    """Open by magic bytes and an explicit list of formats; check the header's size before any decoding."""
    with path.open("rb") as file:
        if not _has_magic(file.read(32)):
            raise NotAPicture()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own cap, below, is lower
            image = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise TooManyPixels() from error
    except DECODE_ERRORS as error:
        if getattr(error, "errno", None):
            raise
        raise NotAPicture() from error
    if image.format not in OPENED_AS:
        image.close()
        raise NotAPicture()
    width, height = image.size
    if width * height > settings.PHOTO_MAX_PIXELS:
        image.close()
        raise TooManyPixels()
    if min(width, height) < LEAST_SIDE or max(width, height) > MOST_ELONGATED * min(width, height):
        image.close()
        raise PictureTooSmall()
    return image


def _has_magic(head: bytes) -> bool:
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS)
    )


def _decoded(path: Path) -> Image.Image:
    """Return the upright sRGB picture, on white where it was transparent, no wider or higher than needed."""
    image = _opened(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            profile = image.info.get("icc_profile")
            image.draft("RGB", (WIDTHS[-1], WIDTHS[-1]))  # JPEG decodes at a fraction: less memory
            image.load()
            upright = ImageOps.exif_transpose(_reduced(image))
            return _flattened(upright, profile)
    except Image.DecompressionBombError as error:
        raise TooManyPixels() from error
    except DECODE_ERRORS as error:
        if getattr(error, "errno", None):
            raise
        raise BrokenPicture() from error
    finally:
        image.close()


def _reduced(image: Image.Image) -> Image.Image:
    """Make the shorter side no longer than the widest target, before anything copies the picture."""
    ratio = WIDTHS[-1] / min(image.size)
    if ratio >= 1:
        return image
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    image.thumbnail((math.ceil(image.width * ratio), math.ceil(image.height * ratio)), reducing_gap=3.0)
    return image


def _flattened(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")  # 16 bits to 8
    if image.mode in ("LA", "PA", "La", "RGBa", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    if image.mode not in ("RGB", "CMYK"):
        image = image.convert("RGB")
    if profile:
        image = _in_srgb(image, profile)
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # a profile that does not fit its picture: plain colours are good enough


def _target_widths(width: int) -> list[int]:
    return [*(target for target in WIDTHS if target < width), *([width] if width <= WIDTHS[-1] else [])]


def _height(image: Image.Image, width: int) -> int:
    return max(1, round(image.height * width / image.width))


def _encoded(image: Image.Image, width: int) -> bytes:
    resized = image.resize((width, _height(image, width)), Image.Resampling.LANCZOS, reducing_gap=3.0)
    resized.info.clear()  # a profile or comment in `info` would be written out again
    buffer = io.BytesIO()
    resized.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()


def _dominant_color(image: Image.Image) -> str:
    palette = image.resize((32, 32)).quantize(5)
    _, index = max(palette.getcolors())
    red, green, blue = palette.getpalette()[index * 3 : index * 3 + 3]
    return f"#{red:02x}{green:02x}{blue:02x}"
