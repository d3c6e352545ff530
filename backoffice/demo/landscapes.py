"""Mountain country, drawn by code: sky, snow ridges, mist, meadows, firs, houses, prayer flags."""

import math
import random
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from backoffice.demo.paint import (
    Size,
    dice,
    finish,
    glow,
    gradient,
    lay,
    mix,
    noise,
    polygon_mask,
    ramp,
    rgb,
    soft,
)
from backoffice.demo.pieces import piece, sized, tinted


@dataclass(frozen=True)
class Weather:
    """The light of one hour: sky from top to horizon, far and near rock, meadow, sun."""

    sky: tuple[str, str, str]
    haze: str
    far: str
    near: str
    meadow: tuple[str, str]
    sun: tuple[float, float]
    sun_color: str
    snow: str = "#ffffff"


WEATHERS = {
    "morning": Weather(
        ("#4f93c9", "#a9d0e6", "#fbe6c4"),
        "#f3e3cc",
        "#7d93ab",
        "#3f6a5c",
        ("#8fae55", "#3f6b35"),
        (0.72, 0.3),
        "#fff1c9",
    ),
    "noon": Weather(
        ("#2f7fc4", "#74b5e2", "#d9eef6"),
        "#d7e8ee",
        "#6f8cab",
        "#2f6650",
        ("#86b54c", "#2f6a33"),
        (0.25, 0.12),
        "#fffbe8",
    ),
    "dusk": Weather(
        ("#3f4f8a", "#c9849a", "#ffc98a"),
        "#f2b98c",
        "#77698f",
        "#4b4a5c",
        ("#8c8447", "#3c4730"),
        (0.6, 0.42),
        "#ffd79a",
        "#ffe3cf",
    ),
    "autumn": Weather(
        ("#3c86bd", "#8fc2df", "#f7ecd2"),
        "#efe2c6",
        "#7d90a3",
        "#5d6b3c",
        ("#d8a93c", "#8a6420"),
        (0.8, 0.2),
        "#fff3cf",
    ),
}

FLAGS = tuple(rgb(color) for color in ("#2b6cb0", "#f7f3ea", "#c0392b", "#1f7a52", "#e8b63a"))


def _ridge(rolls: random.Random, rough: float, steps: int = 9) -> list[float]:
    """Return a jagged line of heights about 0 by midpoint displacement."""
    line = [rolls.uniform(-0.3, 0.3), rolls.uniform(-0.3, 0.3)]
    reach = 1.0
    for _ in range(steps):
        finer = []
        for left, right in pairwise(line):
            finer += [left, (left + right) / 2 + rolls.uniform(-reach, reach)]
        line = [*finer, line[-1]]
        reach *= rough
    low, high = min(line), max(line)
    return [(value - low) / (high - low) for value in line]


def _outline(line: list[float], size: Size, base: float, height: float) -> list[tuple[float, float]]:
    """Return the ridge as points across the picture; base and height in parts of the picture's height."""
    last = len(line) - 1
    return [(size[0] * i / last, size[1] * (base - height * value)) for i, value in enumerate(line)]


def _closed(points: list[tuple[float, float]], size: Size) -> list[tuple[float, float]]:
    return [*points, (size[0], size[1]), (0, size[1])]


def _relief(seed: str, size: Size) -> Image.Image:
    """Return grey light and shade as on folded rock, lit from the upper right."""
    half = (size[0] // 2, size[1] // 2)
    ground = noise(seed, (half[0] + 8, half[1] + 8), cells=7, octaves=6)
    lit = ImageChops.subtract(ground, ImageChops.offset(ground, -3, 2), 0.16, 128)
    # The shifted copy wraps round at the edges; they are cut off.
    lit = lit.crop((4, 4, 4 + half[0], 4 + half[1]))
    return lit.filter(ImageFilter.GaussianBlur(0.7)).resize(size, Image.Resampling.BICUBIC)


def _mountains(picture: Image.Image, seed: str, weather: Weather, horizon: float) -> None:
    size = picture.size
    rolls = dice(f"mountains {seed}")
    relief = _relief(seed, size)
    layers = 4
    for depth in range(layers):
        share = depth / (layers - 1)
        line = _ridge(rolls, 0.5 + 0.03 * depth)
        height = (0.34, 0.24, 0.17, 0.11)[depth]
        base = horizon + (0.0, 0.02, 0.05, 0.08)[depth]
        points = _outline(line, size, base, height)
        mask = polygon_mask(size, _closed(points, size))
        rock = mix(mix(rgb(weather.far), rgb(weather.haze), 0.25), rgb(weather.near), share)
        body = ImageChops.soft_light(Image.new("RGB", size, rock), Image.merge("RGB", (relief,) * 3))
        if depth < 2:
            # Snow lies on what is high, and reaches lower in gullies: a jagged lower edge.
            jag = _ridge(rolls, 0.86)
            reach = (0.62, 0.34)[depth]
            edge = [
                (x, y + size[1] * height * reach * max(0.0, line[i] - 0.25 * depth) * (0.25 + 0.75 * jag[i]))
                for i, (x, y) in enumerate(points)
            ]
            snow = polygon_mask(size, [*points, *reversed(edge)])
            shaded = ImageChops.soft_light(
                Image.new("RGB", size, mix(rgb(weather.snow), rgb(weather.far), 0.16)),
                Image.merge("RGB", (relief.point(lambda value: max(0, min(255, value * 2 - 118))),) * 3),
            )
            body.paste(shaded, (0, 0), snow)
        picture.paste(body, (0, 0), mask)
        top, bottom = int(size[1] * (base - height * 0.45)), int(size[1] * (base + 0.1))
        mist = Image.new("L", size, 0)
        mist.paste(ramp((size[0], bottom - top), 0, 225 - 40 * depth), (0, top))
        lay(picture, mix(rgb(weather.haze), rgb(weather.near), share * 0.5), ImageChops.darker(mist, mask))


def _clouds(picture: Image.Image, seed: str, weather: Weather, horizon: float) -> None:
    size = picture.size
    band = (size[0], max(2, int(size[1] * horizon)))
    shape = noise(f"clouds {seed}", (band[0], band[1] * 2), cells=3, octaves=5).resize(band)
    shape = shape.point(lambda value: max(0, min(215, (value - 138) * 5)))
    mask = Image.new("L", size, 0)
    mask.paste(ImageChops.darker(shape, ramp(band, 230, 90)), (0, 0))
    lay(picture, mix(rgb("#ffffff"), rgb(weather.haze), 0.25), soft(mask, 2.5))


def _meadow(picture: Image.Image, seed: str, weather: Weather, horizon: float) -> None:
    size = picture.size
    rolls = dice(f"meadow {seed}")
    grass = noise(f"grass {seed}", (size[0], size[1] * 3), cells=70, octaves=3).resize(size)
    grass = grass.point(lambda value: 128 + (value - 128) * 2 // 3)
    for depth, base in enumerate((horizon + 0.1, horizon + 0.19, horizon + 0.32)):
        swing, shift = rolls.uniform(0.6, 1.3), rolls.uniform(0, 6)
        points = [
            (size[0] * i / 60, size[1] * (base + 0.03 * math.sin(shift + swing * i / 9))) for i in range(61)
        ]
        mask = polygon_mask(size, _closed(points, size))
        top, low = (rgb(color) for color in weather.meadow)
        light = mix(top, rgb(weather.haze), 0.3 - 0.15 * depth)
        body = gradient(size, ((0, light), (max(0.01, base), light), (1, mix(low, top, 0.25))))
        body = ImageChops.soft_light(body, Image.merge("RGB", (grass,) * 3))
        picture.paste(body, (0, 0), mask)


def stand(picture: Image.Image, name: str, x: float, y: float, height: float, **look) -> None:
    """Stand one piece on a spot (its foot; parts of the picture's size) with a soft shadow under it."""
    width, tall = picture.size
    color = look.pop("color", None)
    strength = look.pop("strength", 0.5)
    figure = piece(name)
    if color:
        figure = tinted(figure, rgb(color), strength, gray=False)
    figure = sized(figure, height * tall, **look)
    left, top = round(x * width - figure.width / 2), round(y * tall - figure.height)
    shade = Image.new("L", picture.size, 0)
    foot = figure.height * 0.07
    ImageDraw.Draw(shade).ellipse(
        (left + figure.width * 0.05, y * tall - foot, left + figure.width * 0.95, y * tall + foot), fill=110
    )
    lay(picture, (20, 30, 10), soft(shade, max(1.5, foot * 0.7)))
    picture.paste(figure, (left, top), figure)


def prayer_flags(
    picture: Image.Image, start: tuple[float, float], end: tuple[float, float], sag: float
) -> None:
    """Hang a string of five-coloured flags between two points (parts of the picture's size)."""
    # Drawn twice as large and shrunk, so that the flags' edges are smooth.
    width, height = picture.width * 2, picture.height * 2
    band = int(height * (max(start[1], end[1]) + sag + 0.14))
    layer = Image.new("RGBA", (width, band), (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)

    def at(t: float) -> tuple[float, float]:
        x = start[0] + (end[0] - start[0]) * t
        y = start[1] + (end[1] - start[1]) * t + sag * 4 * t * (1 - t)
        return x * width, y * height

    pen.line([at(i / 60) for i in range(61)], fill=(90, 70, 50, 255), width=max(1, width // 500))
    count = 17
    for number in range(count):
        left, right = at((number + 0.12) / count), at((number + 0.88) / count)
        drop = (right[0] - left[0]) * 1.05
        lean = drop * 0.16 * math.sin(number * 1.7)
        color = FLAGS[number % len(FLAGS)]
        low_left, low_right = (left[0] + lean, left[1] + drop), (right[0] + lean, right[1] + drop * 0.94)
        pen.polygon([left, right, low_right, low_left], fill=(*color, 245))
        fold = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
        pen.polygon(
            [fold, right, low_right, ((low_left[0] + low_right[0]) / 2, low_left[1])],
            fill=(*mix(color, (0, 0, 0), 0.14), 245),
        )
    layer = layer.resize((picture.width, band // 2), Image.Resampling.BOX)
    picture.paste(layer, (0, 0), layer)


def backdrop(key: str, size: Size, weather: str, horizon: float = 0.55) -> Image.Image:
    """Return sky, mountains and meadow without anything standing on them."""
    light = WEATHERS[weather]
    picture = gradient(
        size, ((0, rgb(light.sky[0])), (horizon * 0.6, rgb(light.sky[1])), (horizon, rgb(light.sky[2])))
    )
    lay(picture, rgb(light.sun_color), glow(size, (light.sun[0], light.sun[1]), 0.55, 235))
    _clouds(picture, key, light, horizon)
    _mountains(picture, key, light, horizon)
    _meadow(picture, key, light, horizon)
    return picture


def landscape(key: str, size: Size = (1600, 1000)) -> Image.Image:
    """Return a village's view: the key chooses hour, peaks, houses and animals, always the same."""
    rolls = dice(f"landscape {key}")
    weather = VIEWS.get(key) or rolls.choice(sorted(WEATHERS))
    is_tall = size[1] > size[0]
    horizon = 0.44 if is_tall else 0.54
    picture = backdrop(key, size, weather, horizon)
    unit = 0.1 if is_tall else 0.16
    firs = [(rolls.uniform(0, 1), horizon + rolls.uniform(0.11, 0.2)) for _ in range(16)]
    for x, y in sorted(firs, key=lambda spot: spot[1]):
        kind = "tree" if weather == "autumn" else "fir"
        color = "#e0a23a" if weather == "autumn" else "#3f7d56"
        grow = unit * (0.3 + 1.6 * (y - horizon - 0.08)) * rolls.uniform(0.8, 1.15)
        stand(picture, kind, x, y, grow, color=color, strength=0.45, flip=rolls.random() < 0.5)
    home = rolls.uniform(0.2, 0.42)
    for step in range(3):
        stand(
            picture,
            "house",
            home + 0.1 * step,
            horizon + 0.2 + 0.012 * (step % 2),
            unit * (0.62 - 0.07 * step),
        )
    for _ in range(3):
        x, y = rolls.uniform(0.55, 0.92), horizon + rolls.uniform(0.25, 0.34)
        stand(picture, "ox", x, y, unit * 0.42, flip=rolls.random() < 0.5, color="#7a5c48", strength=0.5)
    for _ in range(26):
        name = rolls.choice(("daisy", "blossom", "herb"))
        stand(
            picture, name, rolls.random(), rolls.uniform(horizon + 0.36, 1.02), unit * rolls.uniform(0.1, 0.2)
        )
    stand(picture, "sheep", rolls.uniform(0.1, 0.3), horizon + 0.33, unit * 0.36)
    prayer_flags(picture, (-0.05, 0.06), (1.05, 0.16), 0.07)
    return finish(picture, key, 70)


VIEWS = {"yunling": "morning", "qingke": "autumn", "songhua": "noon"}
