"""The demo's pictures, made by code: goods on a table, faces of the people, villages, covers of shows."""

from PIL import Image, ImageFilter

from backoffice.demo.landscapes import backdrop, landscape, prayer_flags, stand
from backoffice.demo.paint import Size, finish
from backoffice.demo.portraits import bust, portrait
from backoffice.demo.recipes import SCENES
from backoffice.demo.tables import Setting, front_table, place, room, vessel

__all__ = ["cover", "landscape", "portrait", "product_picture"]


def product_picture(key: str, size: Size = (1600, 1600)) -> Image.Image:
    """Return the photograph-like picture of one demo product; the same every time."""
    scene = SCENES[key]
    picture = room(scene.setting, key, size, scene.yonder)
    place(picture, list(scene.behind))
    for item in scene.vessels:
        vessel(picture, item)
    place(picture, list(scene.front))
    return finish(picture, key)


def cover(
    host: str, goods: str, size: Size = (1080, 1920), weather: str = "morning", seed: str = ""
) -> Image.Image:
    """Return an upright cover of a live session: the host behind a table with one of the goods."""
    picture = backdrop(f"cover {host} {seed}", size, weather, 0.4)
    picture = picture.filter(ImageFilter.GaussianBlur(size[0] / 400))
    for x, y, tall in ((0.08, 0.56, 0.1), (0.2, 0.53, 0.07), (0.86, 0.55, 0.09), (0.95, 0.58, 0.12)):
        stand(picture, "fir", x, y, tall, color="#3f7d56", strength=0.45)
    prayer_flags(picture, (-0.05, 0.05), (1.05, 0.13), 0.06)
    bust(picture, host, 0.5, 0.74, 0.7)
    scene = SCENES[goods]
    front_table(picture, scene.setting if not scene.setting.view else Setting(table="#a9744a"), goods, 0.7)
    square = Image.new("RGBA", (size[0], size[0]))
    _goods_only(square, goods)
    square = square.resize((int(size[0] * 0.62),) * 2, Image.Resampling.LANCZOS)
    picture.paste(square, (int(size[0] * 0.19), int(size[1] * 0.93) - square.height), square)
    return finish(picture, f"{host} {goods}", 70)


def _goods_only(square: Image.Image, goods: str) -> None:
    """Draw a scene's things without its room, on a clear ground."""
    scene = SCENES[goods]
    for item in scene.vessels:
        vessel(square, item)
    place(square, list(scene.front))
