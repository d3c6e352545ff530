"""Still-life settings for the demo's goods: wall or window, table, vessels, and things with real shadows."""

import math
from dataclasses import dataclass, field

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from backoffice.demo.landscapes import backdrop
from backoffice.demo.paint import Color, Size, glow, gradient, lay, mix, noise, ramp, rgb, soft
from backoffice.demo.pieces import piece, sized, tinted

EDGE = 0.5  # where the table's far edge lies, in parts of the picture's height


@dataclass(frozen=True)
class Setting:
    """Where goods are shown: a plain wall or a village's view behind a table of wood or cloth."""

    wall: str = "#e9d3a6"
    view: str = ""
    table: str = "#a9744a"
    cloth: str = ""
    stripe: str = "#c0392b"


@dataclass(frozen=True)
class Thing:
    """One object on the table; x, y is its foot, height its size, all in parts of the picture."""

    name: str
    x: float
    y: float
    height: float
    turn: float = 0
    flip: bool = False
    color: str = ""
    strength: float = 1.0
    flies: bool = False


@dataclass(frozen=True)
class Vessel:
    """A drawn tray, bowl or basket with things lying in it."""

    kind: str
    x: float
    y: float
    width: float
    color: str
    things: tuple[Thing, ...] = field(default=())


def room(setting: Setting, seed: str, size: Size, yonder: tuple[Thing, ...] = ()) -> Image.Image:
    """Return the empty set: background out of focus with what stands out there, light, table."""
    if setting.view:
        small = backdrop(seed, (480, 480 * size[1] // size[0]), setting.view, 0.4)
        small = small.filter(ImageFilter.GaussianBlur(5))
        place(small, list(yonder))
        small = small.filter(ImageFilter.GaussianBlur(1.6))
        picture = small.resize(size, Image.Resampling.BICUBIC)
    else:
        base = rgb(setting.wall)
        picture = gradient(size, ((0, mix(base, (255, 255, 255), 0.3)), (0.6, base), (1, base)))
        plaster = noise(f"wall {seed}", size, cells=5, octaves=5)
        picture = Image.blend(
            picture, ImageChops.soft_light(picture, Image.merge("RGB", (plaster,) * 3)), 0.3
        )
        lay(picture, (255, 250, 235), _window_light(size))
    front_table(picture, setting, seed, EDGE)
    return picture


def _window_light(size: Size) -> Image.Image:
    """Return four slanting panes of sunlight, as a window throws them on a wall."""
    small = Image.new("L", (240, 240 * size[1] // size[0]), 0)
    pen = ImageDraw.Draw(small)
    for column in range(2):
        for row in range(2):
            left, top = 30 + column * 62, 8 + row * 56 + column * 10
            pen.polygon(
                [(left, top), (left + 54, top + 9), (left + 54, top + 57), (left, top + 48)], fill=120
            )
    return small.filter(ImageFilter.GaussianBlur(3.5)).resize(size, Image.Resampling.BICUBIC)


def front_table(picture: Image.Image, setting: Setting, seed: str, edge: float) -> None:
    """Lay a table of wood or cloth over the picture from an edge (part of its height) downwards."""
    width, height = picture.size
    top = int(height * edge)
    board = (width, height - top)
    base = rgb(setting.cloth or setting.table)
    surface = gradient(
        board, ((0, mix(base, (255, 244, 220), 0.32)), (0.35, base), (1, mix(base, (40, 20, 5), 0.3)))
    )
    if setting.cloth:
        weave = noise(f"weave {seed}", board, cells=150, octaves=1)
        surface = Image.blend(surface, ImageChops.soft_light(surface, Image.merge("RGB", (weave,) * 3)), 0.35)
        _stripes(surface, rgb(setting.stripe))
    else:
        # Noise squeezed in one direction and stretched back: long fibres.
        grain = noise(f"grain {seed}", (40, 640), cells=4, octaves=4).resize(board)
        surface = ImageChops.soft_light(surface, Image.merge("RGB", (grain,) * 3))
        pen = ImageDraw.Draw(surface)
        # Planks widen towards the viewer.
        for share in (0.16, 0.42, 0.8):
            y = int(board[1] * share)
            pen.line([(0, y), (board[0], y)], fill=mix(base, (20, 8, 0), 0.6), width=max(2, height // 420))
            pen.line([(0, y + 3), (board[0], y + 3)], fill=mix(base, (255, 240, 210), 0.3), width=1)
    picture.paste(surface, (0, top))
    lip = Image.new("L", picture.size, 0)
    lip.paste(ramp((width, int(height * 0.05)), 90, 0), (0, top))
    lay(picture, (255, 248, 228), lip)
    lay(picture, (255, 246, 222), glow(picture.size, (0.3, 0.62), 0.6, 70))


def _stripes(surface: Image.Image, color: Color) -> None:
    """Lay a woven border across the cloth, in perspective."""
    width, height = surface.size
    bands = (
        (0.60, 0.66, color),
        (0.675, 0.69, rgb("#f6e7c1")),
        (0.70, 0.73, rgb("#1f5f4a")),
        (0.74, 0.80, color),
    )
    pen = ImageDraw.Draw(surface, "RGBA")
    for top, bottom, shade in bands:
        pen.rectangle((0, int(height * top), width, int(height * bottom)), fill=(*shade, 215))
    step = width / 14
    for number in range(15):
        x, y, r = number * step, height * 0.77, width * 0.013
        pen.polygon([(x - r, y), (x, y - r), (x + r, y), (x, y + r)], fill=(*rgb("#f6e7c1"), 235))


def _figure(thing: Thing, height: int) -> Image.Image:
    figure = piece(thing.name)
    if thing.color:
        figure = tinted(figure, rgb(thing.color), thing.strength)
    return sized(figure, thing.height * height, turn=thing.turn, flip=thing.flip)


def place(picture: Image.Image, things: list[Thing], ground: bool = True) -> None:
    """Put things on the table, far ones first, each with its touching and its thrown shadow."""
    width, height = picture.size
    ordered = sorted(things, key=lambda thing: thing.y)
    for thing in ordered:
        figure = _figure(thing, height)
        left, top = round(thing.x * width - figure.width / 2), round(thing.y * height - figure.height)
        if not thing.flies:
            _shadow(picture, figure, left, top, ground)
        picture.paste(figure, (left, top), figure)


def _shadow(picture: Image.Image, figure: Image.Image, left: int, top: int, ground: bool) -> None:
    margin = int(figure.width * 0.5)
    box = (figure.width + 2 * margin, figure.height + margin)
    shade = Image.new("L", box, 0)
    pen = ImageDraw.Draw(shade)
    foot = figure.height
    flat = figure.width * (0.13 if ground else 0.07)
    pen.ellipse(
        (margin + figure.width * 0.06, foot - flat, margin + figure.width * 0.94, foot + flat * 0.8), fill=165
    )
    if ground:
        thrown = figure.getchannel("A").resize((figure.width, max(2, int(figure.height * 0.38))))
        thrown = thrown.point(lambda value: value * 90 // 255)
        lean = int(figure.width * 0.3)
        slanted = thrown.transform(
            (thrown.width + lean, thrown.height),
            Image.Transform.AFFINE,
            (1, lean / thrown.height, -lean, 0, 1, 0),
        )
        part = Image.new("L", box, 0)
        part.paste(slanted, (margin, foot - thrown.height + int(flat * 0.3)))
        shade = ImageChops.lighter(shade, part)
    shade = soft(shade, max(2.0, figure.width * 0.045))
    picture.paste(Image.new("RGB", box, (36, 18, 4)), (left - margin, top), shade)


def _wobble(row: int, number: int, name: str) -> float:
    """Return -1..1, always the same for a place: irregular enough to look laid by hand."""
    return math.sin(12.9898 * (number + 1) + 78.233 * (row + 1) + 3.7 * len(name))


def heap(
    name: str,
    x: float,
    y: float,
    size: float,
    rows: tuple[tuple[int, float], ...],
    *,
    gap: float = 0.8,
    turn: float = 14,
    color: str = "",
    strength: float = 1.0,
) -> list[Thing]:
    """Return things heaped about a spot: each row is (how many, how high its feet lie above the spot)."""
    figure = piece(name)
    across = size * figure.width / figure.height * gap
    things = []
    for row, (count, lift) in enumerate(rows):
        for number in range(count):
            swing = _wobble(row, number, name)
            things.append(
                Thing(
                    name=name,
                    x=x + (number - (count - 1) / 2) * across + swing * across * 0.07,
                    y=y + size * 0.3 - lift + swing * 0.004,
                    height=size * (1 + swing * 0.05),
                    turn=swing * turn,
                    flip=swing > 0.2,
                    color=color,
                    strength=strength,
                )
            )
    return things


def pile(name: str, x: float, y: float, size: float, rows: tuple[int, ...], **look) -> list[Thing]:
    """Return things standing in rows on the table, the first row nearest."""
    return heap(
        name, x, y - size * 0.3, size, tuple((count, 0.5 * size * i) for i, count in enumerate(rows)), **look
    )


def vessel(picture: Image.Image, item: Vessel) -> None:
    """Draw a vessel with its back rim, then what lies in it, then its front."""
    width, height = picture.size
    across, x, y = int(item.width * width), int(item.x * width), int(item.y * height)
    depth = {"tray": 0.3, "bowl": 0.26, "basket": 0.26}[item.kind]
    wall = {"tray": 0.07, "bowl": 0.4, "basket": 0.38}[item.kind]
    rim = int(across * depth)
    deep = int(across * wall)
    base = rgb(item.color)
    box = (across, rim + deep)
    left, top = x - across // 2, y - rim // 2 - deep
    body = _vessel_body(item.kind, box, rim, deep, base)
    shade = Image.new("L", (across * 2, box[1] * 2), 0)
    ImageDraw.Draw(shade).ellipse(
        (across * 0.5, box[1] * 1.5 - rim * 0.62, across * 1.6, box[1] * 1.5 + rim * 0.32), fill=150
    )
    picture.paste(
        Image.new("RGB", shade.size, (30, 15, 3)),
        (left - across // 2, top - box[1] // 2),
        soft(shade, across * 0.05),
    )
    picture.paste(body, (left, top), body)
    inside = Image.new("RGBA", (across * 2, rim * 2), (0, 0, 0, 0))
    pen = ImageDraw.Draw(inside)
    thick = across * 0.035
    pen.ellipse(
        (thick * 2, thick * 2, across * 2 - thick * 2, rim * 2 - thick * 2),
        fill=(*mix(base, (20, 8, 0), 0.5), 255),
    )
    inside = inside.resize((across, rim), Image.Resampling.BOX)
    picture.paste(inside, (left, top), inside)
    for thing in sorted(item.things, key=lambda one: one.y):
        place(picture, [thing], ground=False)
    front = body.copy()
    front.putalpha(ImageChops.multiply(body.getchannel("A"), _front_mask(box, rim)))
    picture.paste(front, (left, top), front)


def _front_mask(box: Size, rim: int) -> Image.Image:
    """Return the part of a vessel that stands before its content: below the rim's near half."""
    mask = Image.new("L", (box[0] * 2, box[1] * 2), 0)
    pen = ImageDraw.Draw(mask)
    pen.rectangle((0, rim, box[0] * 2, box[1] * 2), fill=255)
    inset = box[0] * 0.035
    pen.ellipse((inset * 2, inset, box[0] * 2 - inset * 2, rim * 2 - inset), fill=0)
    return mask.resize(box, Image.Resampling.BOX)


def _vessel_body(kind: str, box: Size, rim: int, deep: int, base: Color) -> Image.Image:
    across, tall = box
    foot = 0.96 if kind == "tray" else (0.62 if kind == "bowl" else 0.76)
    size2 = (across * 2, tall * 2)
    mask = Image.new("L", size2, 0)
    pen = ImageDraw.Draw(mask)
    pen.ellipse((0, 0, across * 2, rim * 2), fill=255)
    narrow = across * (1 - foot)
    steps = 24
    side = [
        (narrow * (i / steps) ** (2.4 if kind == "bowl" else 1.2), rim + deep * 2 * i / steps)
        for i in range(steps + 1)
    ]
    pen.polygon([*side, *[(across * 2 - px, py) for px, py in reversed(side)]], fill=255)
    low = rim * foot * 0.9
    pen.ellipse((narrow, rim + deep * 2 - low, across * 2 - narrow, rim + deep * 2 + low), fill=255)
    mask = mask.resize(box, Image.Resampling.BOX)
    shine = Image.new("RGB", (64, 1))
    for i in range(64):
        light = math.cos((i / 63 - 0.3) * 2.6)
        shine.putpixel(
            (i, 0), mix(mix(base, (35, 15, 2), 0.55), mix(base, (255, 245, 225), 0.25), max(0.0, light))
        )
    body = shine.resize(box, Image.Resampling.BICUBIC)
    if kind == "basket":
        body = _woven(body, base)
    else:
        grain = noise(f"{kind} {base}", (across, max(8, tall // 8)), cells=4, octaves=4).resize(box)
        body = Image.blend(body, ImageChops.soft_light(body, Image.merge("RGB", (grain,) * 3)), 0.5)
    ring = Image.new("L", size2, 0)
    ImageDraw.Draw(ring).ellipse(
        (3, 3, across * 2 - 3, rim * 2 - 3), outline=255, width=max(4, int(across * 0.06))
    )
    lay(body, mix(base, (255, 240, 212), 0.3), ring.resize(box, Image.Resampling.BOX))
    body = body.convert("RGBA")
    body.putalpha(mask)
    return body


def _woven(body: Image.Image, base: Color) -> Image.Image:
    across, tall = body.size
    cell_w, cell_h = max(6, across // 22), max(5, across // 34)
    tile = Image.new("RGB", (cell_w * 2, cell_h * 2), mix(base, (30, 12, 0), 0.45))
    pen = ImageDraw.Draw(tile)
    for column, row in ((0, 0), (1, 1)):
        x, y = column * cell_w, row * cell_h
        pen.rounded_rectangle(
            (x, y + 1, x + cell_w * 1.5, y + cell_h - 1), cell_h // 3, fill=mix(base, (255, 240, 205), 0.3)
        )
    pen.rounded_rectangle(
        (-cell_w, cell_h + 1, cell_w // 2, cell_h * 2 - 1), cell_h // 3, fill=mix(base, (255, 240, 205), 0.3)
    )
    weave = Image.new("RGB", body.size)
    for x in range(0, across, cell_w * 2):
        for y in range(0, tall, cell_h * 2):
            weave.paste(tile, (x, y))
    return Image.blend(
        ImageChops.multiply(body, weave).point(lambda value: min(255, int(value * 1.5))), body, 0.25
    )
