"""Small three-dimensional objects (MIT-licensed Fluent emoji) that the demo pictures are composed of."""

from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from backoffice.demo.paint import Color

FOLDER = Path(__file__).resolve().parents[2] / "static" / "vendor" / "demo"

# What the pictures call a piece → the file's name (its Unicode code points).
PIECES = {
    line.split()[1]: line.split()[0]
    for line in (Path(__file__).parent / "pieces.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
}


class PiecesMissingError(RuntimeError):
    """The picture parts were not set up."""


@lru_cache(maxsize=128)
def piece(name: str) -> Image.Image:
    """Return one object as RGBA, trimmed to what is visible."""
    path = FOLDER / f"{PIECES[name]}.webp"
    if not path.is_file():
        raise PiecesMissingError(f"{path} is missing; run script/setup again to fetch the picture parts")
    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    return picture.crop(picture.getchannel("A").point(lambda value: 255 if value > 8 else 0).getbbox())


def tinted(picture: Image.Image, color: Color, strength: float = 1.0, gray: bool = True) -> Image.Image:
    """Return the object dyed: its light and shade kept, its hue moved to a colour."""
    alpha = picture.getchannel("A")
    base = picture.convert("RGB")
    shade = base
    if gray:
        grey = base.convert("L")
        # Dyeing darkens; lifting the shade to a bright mean first keeps the object near the wanted colour.
        mean = max(40.0, ImageStat.Stat(grey, alpha).mean[0])
        shade = grey.point(lambda value: min(255, int(205 + (value - mean) * 0.85))).convert("RGB")
    dyed = ImageChops.multiply(shade, Image.new("RGB", base.size, color))
    result = Image.blend(base, dyed, strength)
    result.putalpha(alpha)
    return result


def sized(picture: Image.Image, height: float, *, turn: float = 0, flip: bool = False) -> Image.Image:
    """Return the object at a height in pixels, turned by degrees and perhaps mirrored."""
    width = max(1, round(picture.width * height / picture.height))
    result = picture.resize((width, max(1, round(height))), Image.Resampling.LANCZOS)
    if flip:
        result = result.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return result.rotate(turn, Image.Resampling.BICUBIC, expand=True) if turn else result
