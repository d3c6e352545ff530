"""Brushes for the demo pictures: seeded noise, gradients, soft light; the same picture every time."""

import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Size = tuple[int, int]


def rgb(hex_color: str) -> Color:
    """Return "#c8862b" as (200, 134, 43)."""
    value = hex_color.lstrip("#")
    return int(value[0:2], 16), int(value[2:4], 16), int(value[4:6], 16)


def mix(first: Color, second: Color, share: float) -> Color:
    """Return the colour that lies `share` of the way from the first to the second."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))


def dice(seed: str) -> random.Random:
    """Return dice that always fall the same way for a seed."""
    return random.Random(seed)  # noqa: S311 - pictures must repeat; nothing secret is drawn


def noise(seed: str, size: Size, cells: int = 4, octaves: int = 4) -> Image.Image:
    """Return cloudy grey noise; `cells` is how many blobs the coarsest layer has across."""
    rolls = dice(seed)
    small = (min(size[0], 640), max(1, min(size[0], 640) * size[1] // size[0]))
    result = None
    for octave in range(octaves):
        across = min(cells * 2**octave, small[0])
        down = max(2, across * small[1] // small[0])
        layer = Image.frombytes("L", (across, down), rolls.randbytes(across * down))
        layer = layer.resize(small, Image.Resampling.BICUBIC)
        result = layer if result is None else Image.blend(result, layer, 0.5 ** (octave + 0.6))
    return result.resize(size, Image.Resampling.BICUBIC)


def gradient(size: Size, stops: Sequence[tuple[float, Color]]) -> Image.Image:
    """Return a vertical gradient through (position 0..1, colour) stops."""
    column = Image.new("RGB", (1, 256))
    for y in range(256):
        place = y / 255
        below = max((stop for stop in stops if stop[0] <= place), key=lambda stop: stop[0], default=stops[0])
        above = min((stop for stop in stops if stop[0] >= place), key=lambda stop: stop[0], default=stops[-1])
        span = above[0] - below[0]
        column.putpixel((0, y), mix(below[1], above[1], (place - below[0]) / span if span else 0))
    return column.resize(size, Image.Resampling.BILINEAR)


def ramp(size: Size, top: int, bottom: int) -> Image.Image:
    """Return a grey mask that goes from `top` to `bottom` (0..255)."""
    column = Image.new("L", (1, 64))
    column.putdata([round(top + (bottom - top) * y / 63) for y in range(64)])
    return column.resize(size, Image.Resampling.BILINEAR)


def glow(size: Size, center: tuple[float, float], radius: float, strength: int = 255) -> Image.Image:
    """Return a mask of light that fades from a centre; centre and radius in parts of the width."""
    small = (256, max(1, 256 * size[1] // size[0]))
    x, y, r = center[0] * small[0], center[1] * small[0], radius * small[0]
    disc = Image.radial_gradient("L").resize((max(2, int(2 * r)), max(2, int(2 * r))))
    mask = Image.new("L", small, 0)
    fade = disc.point(lambda value: max(0, 178 - value) ** 2 * strength // 178**2)
    mask.paste(fade, (round(x - r), round(y - r)))
    return mask.resize(size, Image.Resampling.BICUBIC)


def lay(picture: Image.Image, color: Color, mask: Image.Image) -> None:
    """Paint a colour through a mask onto the picture, in place."""
    picture.paste(Image.new("RGB", picture.size, color), (0, 0), mask)


def soft(mask: Image.Image, radius: float) -> Image.Image:
    """Return a mask blurred by a radius in its own pixels, cheaply for wide radii."""
    if radius < 6:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    factor = max(1, int(radius // 4))
    small = mask.resize((max(1, mask.width // factor), max(1, mask.height // factor)), Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(radius / factor))
    return small.resize(mask.size, Image.Resampling.BICUBIC)


def finish(picture: Image.Image, seed: str, vignette: int = 90) -> Image.Image:
    """Return the picture with darker corners and a breath of grain, as a lens would."""
    size = picture.size
    edge = Image.radial_gradient("L").resize(size).point(lambda value: max(0, value - 130) * vignette // 125)
    lay(picture, (38, 22, 6), edge)
    grain = Image.frombytes("L", (320, 320), dice(seed).randbytes(320 * 320))
    tile = Image.new("L", size)
    for x in range(0, size[0], 320):
        for y in range(0, size[1], 320):
            tile.paste(grain, (x, y))
    speck = Image.merge("RGB", (tile, tile, tile))
    return Image.blend(picture, ImageChops.soft_light(picture, speck), 0.08)


def polygon_mask(size: Size, points: Sequence[tuple[float, float]]) -> Image.Image:
    """Return a smooth-edged mask of a polygon."""
    mask = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    ImageDraw.Draw(mask).polygon([(x * 2, y * 2) for x, y in points], fill=255)
    return mask.resize(size, Image.Resampling.BOX)
