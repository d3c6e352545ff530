"""The demo's pictures and film, drawn by other processes while the seeding goes on."""

import io
import multiprocessing
import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from PIL import Image

from backoffice.demo.film import make_film
from backoffice.demo.pictures import cover, landscape, portrait, product_picture
from common.processes import die_with_parent

QUALITY = 90
FILM = "film"
FILM_GOODS = ("matsutake", "honey", "dried-apricots")
# Covers of shows: which of the goods lies on the host's table, in which light.
COVERS = {"past": ("matsutake", "dusk"), "next": ("chestnuts", "morning")}


class Studio:
    """Draws what was ordered, by name: "product/honey", "portrait/tashi", "village/yunling", "cover/next".

    `is_small` draws small pictures and a short film: tests look at what is done with them, not at them.
    """

    def __init__(self, *, is_small: bool = False):
        self.is_small = is_small
        self.film_seconds = 4.0 if is_small else 20.0
        self._ordered: dict[str, Future] = {}

    def __enter__(self) -> "Studio":
        self._folder = tempfile.TemporaryDirectory(prefix="village-film-")
        self._pool = ProcessPoolExecutor(
            max_workers=max(2, min(os.cpu_count() or 2, 6)),
            # A fresh interpreter: a forked one would share our database connection.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=die_with_parent,
        )
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def order(self, names: Iterable[str]) -> None:
        """Begin to draw, in this order."""
        for name in names:
            if name == FILM:
                target = Path(self._folder.name) / "film.mp4"
                self._ordered[name] = self._pool.submit(_shoot, str(target), self.film_seconds)
            elif name not in self._ordered:
                self._ordered[name] = self._pool.submit(_draw, name, self.is_small)

    def picture(self, name: str) -> bytes:
        """Return a JPEG, waiting for it if need be."""
        self.order([name])
        return self._ordered[name].result()

    def film(self) -> Path:
        """Return the path of the film (mp4), valid inside the `with` block."""
        if FILM not in self._ordered:
            self.order([FILM])
        return Path(self._ordered[FILM].result())


def _draw(name: str, is_small: bool) -> bytes:
    kind, key = name.split("/")
    part = 0.3 if is_small else 1
    side, tall, face = int(1200 * part), int(1440 * part), int(720 * part)
    picture: Image.Image
    if kind == "product":
        picture = product_picture(key, (side, side))
    elif kind == "portrait":
        picture = portrait(key, (face, face))
    elif kind == "village":
        picture = landscape(key, (int(1280 * part), int(800 * part)))
    else:
        goods, weather = COVERS[key]
        picture = cover("zhuoma", goods, (int(tall * 0.5625), tall), weather, key)
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _shoot(target: str, seconds: float) -> str:
    return str(make_film(Path(target), goods=FILM_GOODS, seconds=seconds))
