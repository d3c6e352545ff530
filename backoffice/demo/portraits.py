"""Portraits of the demo people: a face, a Tibetan coat or a jacket drawn under it, their mountains behind."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from backoffice.demo.landscapes import backdrop
from backoffice.demo.paint import Size, finish, gradient, lay, mix, noise, rgb, soft
from backoffice.demo.pieces import piece, sized, tinted


@dataclass(frozen=True)
class Look:
    """A person's face (piece), coat, trim and sash colours, and the weather behind; `robe` = crossed coat."""

    face: str
    coat: str
    trim: str = "#f6e7c1"
    sash: str = "#c0392b"
    weather: str = "morning"
    robe: bool = True
    flip: bool = False


LOOKS: dict[str, Look] = {
    "zhuoma": Look("woman", "#a8324a", "#f6e7c1", "#e8b63a", "morning"),
    "mei": Look("woman-tan", "#2f6f78", "#e9dcc0", "#c8862b", "noon", robe=False),
    "arun": Look("man-brown", "#2b6cb0", "#f3efe4", "#1f5f4a", "noon", robe=False),
    "zoya": Look("woman-curly", "#6d5a92", "#f0e6da", "#c0392b", "dusk", robe=False),
    "operator": Look("neighbour", "#4b5563", "#ffffff", "#1f5f4a", "noon", robe=False),
    "cashier": Look("woman-white", "#51607a", "#ffffff", "#a8324a", "noon", robe=False),
    "tashi": Look("man-tan", "#6f3b2a", "#e7cfa0", "#c8862b", "autumn"),
    "dolma": Look("grandmother", "#3f4f6b", "#d9c7a0", "#c0392b", "morning"),
    "norbu": Look("grandfather", "#5b4632", "#e7cfa0", "#a8324a", "noon"),
    "lhamo": Look("woman-white", "#7a2f4a", "#f6e7c1", "#2f6f78", "dusk"),
    "sonam": Look("man", "#2f5a46", "#e7cfa0", "#e8b63a", "morning"),
    "pema": Look("woman", "#c0602b", "#f6e7c1", "#1f5f4a", "autumn", flip=True),
    "kelsang": Look("beard", "#4a3a5a", "#e7cfa0", "#c8862b", "dusk"),
    "yangchen": Look("grandmother-tan", "#8a2f2f", "#f6e7c1", "#2b6cb0", "autumn"),
    "tenzin": Look("neighbour", "#33576f", "#e7cfa0", "#c0392b", "noon", flip=True),
    "wangmo": Look("woman-tan", "#875a1f", "#f6e7c1", "#7a2f4a", "morning", flip=True),
    "dorje": Look("man-white", "#41543a", "#e7cfa0", "#c8862b", "autumn"),
    "lobsang": Look("elder-tan", "#6b2f2f", "#e8b63a", "#c8862b", "dusk"),
}


def _coat(look: Look, size: Size) -> Image.Image:
    """Return the shoulders and chest as RGBA, `size` wide and high."""
    width, height = size[0] * 2, size[1] * 2
    coat, trim, sash = rgb(look.coat), rgb(look.trim), rgb(look.sash)
    shape = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(shape)
    pen.rounded_rectangle((width * 0.04, height * 0.12, width * 0.96, height * 1.6), width * 0.3, fill=255)
    pen.rounded_rectangle((width * 0.36, 0, width * 0.64, height * 0.4), width * 0.08, fill=255)
    cloth = gradient(
        (width, height), ((0, mix(coat, (255, 240, 220), 0.18)), (1, mix(coat, (10, 5, 0), 0.3)))
    )
    weave = noise(f"coat {look.coat}", (width, height), cells=40, octaves=3)
    cloth = Image.blend(cloth, ImageChops.soft_light(cloth, Image.merge("RGB", (weave,) * 3)), 0.35)
    pen = ImageDraw.Draw(cloth)
    neck, deep = (width * 0.5, height * 0.08), height * 0.95
    if look.robe:
        pen.polygon(
            [(width * 0.33, 0), (width * 0.67, 0), (width * 0.53, height * 0.62)],
            fill=mix(trim, (255, 255, 255), 0.5),
        )
        band = width * 0.075
        pen.line(
            [(width * 0.69, -10), (width * 0.5, height * 0.5), (width * 0.3, height * 1.1)],
            fill=trim,
            width=int(band),
            joint="curve",
        )
        pen.line(
            [(width * 0.31, -10), (width * 0.47, height * 0.46)],
            fill=mix(trim, (90, 60, 20), 0.12),
            width=int(band),
        )
        edge = mix(trim, coat, 0.65)
        pen.line(
            [(width * 0.735, -10), (width * 0.545, height * 0.5), (width * 0.345, height * 1.1)],
            fill=edge,
            width=int(band * 0.22),
        )
        pen.rectangle((0, height * 0.86, width, height * 1.1), fill=sash)
        for number in range(9):
            x = width * (0.06 + 0.11 * number)
            pen.rectangle((x, height * 0.86, x + width * 0.028, height * 1.1), fill=mix(sash, trim, 0.45))
    else:
        pen.polygon([(width * 0.36, 0), (width * 0.64, 0), (width * 0.5, height * 0.42)], fill=trim)
        pen.line(
            [(width * 0.5, height * 0.4), (width * 0.5, deep * 1.1)],
            fill=mix(coat, (0, 0, 0), 0.35),
            width=int(width * 0.012),
        )
        for side in (-1, 1):
            pen.polygon(
                [
                    neck,
                    (width * (0.5 + 0.16 * side), 0),
                    (width * (0.5 + 0.2 * side), height * 0.24),
                    (width * 0.5, height * 0.46),
                ],
                fill=mix(coat, (255, 245, 230), 0.16),
            )
            pen.polygon(
                [
                    (width * 0.5, height * 0.46),
                    (width * (0.5 + 0.14 * side), 0),
                    (width * (0.5 + 0.1 * side), 0),
                ],
                fill=trim,
            )
    light = Image.new("L", (width, height), 0)
    ImageDraw.Draw(light).ellipse((width * 0.5, -height * 0.2, width * 1.05, height * 0.7), fill=80)
    lay(cloth, (255, 240, 214), soft(light, width * 0.06))
    inner = soft(shape, width * 0.05)
    lay(cloth, (15, 6, 0), ImageChops.invert(inner).point(lambda value: value * 2 // 3))
    cloth.putalpha(shape)
    return cloth.resize(size, Image.Resampling.LANCZOS)


def _head(look: Look, height: float) -> Image.Image:
    """Return the face, browned by mountain sun, with the red cheeks of the high country."""
    face = piece(look.face)
    face = tinted(face, (255, 226, 192), 1.0, gray=False)
    face = sized(face, height, flip=look.flip)
    blush = Image.new("L", face.size, 0)
    pen = ImageDraw.Draw(blush)
    w, h = face.size
    for x in (0.27, 0.73):
        pen.ellipse((w * (x - 0.08), h * 0.6, w * (x + 0.08), h * 0.72), fill=95)
    blush = ImageChops.multiply(soft(blush, w * 0.03), face.getchannel("A"))
    face.paste(Image.new("RGBA", face.size, (206, 62, 48, 255)), (0, 0), blush)
    return face


def bust(picture: Image.Image, key: str, x: float, foot: float, width: float) -> None:
    """Draw a person on a picture: x is the middle, foot the chest's lower edge, width the shoulders'."""
    look = LOOKS[key]
    across = int(width * picture.width)
    coat = _coat(look, (across, int(across * 0.62)))
    left, top = int(x * picture.width - across / 2), int(foot * picture.height - coat.height)
    head = _head(look, across * 0.74)
    head_left, head_top = int(x * picture.width - head.width / 2), int(top - head.height * 0.84)
    shade = Image.new("L", picture.size, 0)
    shade.paste(
        coat.getchannel("A").point(lambda value: value * 120 // 255),
        (left + across // 30, top + across // 40),
    )
    shade.paste(
        head.getchannel("A").point(lambda value: value * 120 // 255),
        (head_left + across // 30, head_top),
        head,
    )
    lay(picture, (20, 12, 4), soft(shade, across * 0.05))
    picture.paste(coat, (left, top), coat)
    under = Image.new("L", picture.size, 0)
    ImageDraw.Draw(under).ellipse(
        (
            head_left + head.width * 0.14,
            top - across * 0.06,
            head_left + head.width * 0.86,
            top + across * 0.12,
        ),
        fill=120,
    )
    inside = Image.new("L", picture.size, 0)
    inside.paste(coat.getchannel("A"), (left, top))
    lay(picture, (30, 10, 0), ImageChops.multiply(soft(under, across * 0.03), inside))
    picture.paste(head, (head_left, head_top), head)


def portrait(key: str, size: Size = (800, 800)) -> Image.Image:
    """Return a person's portrait before their mountains, out of focus; the same every time."""
    look = LOOKS[key]
    small = backdrop(f"portrait {key}", (320, 320 * size[1] // size[0]), look.weather, 0.6)
    picture = small.filter(ImageFilter.GaussianBlur(3)).resize(size, Image.Resampling.BICUBIC)
    bust(picture, key, 0.5, 1.06, 0.8)
    return finish(picture, key, 60)
