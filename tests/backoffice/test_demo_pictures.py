"""The demo village's pictures and lists."""

import hashlib

import imageio_ffmpeg
import pytest

from backoffice.demo.film import make_film
from backoffice.demo.goods import CATEGORIES, DEMO_PRODUCTS
from backoffice.demo.people import DEMO_FARMERS, DEMO_PEOPLE, DEMO_SHOPS, VILLAGES
from backoffice.demo.pictures import cover, landscape, portrait, product_picture
from backoffice.demo.pieces import FOLDER, PIECES, PiecesMissingError, piece
from backoffice.demo.portraits import LOOKS
from backoffice.demo.recipes import SCENES


def test_every_product_farmer_and_village_fits_together():
    villages, farmers = {one.key for one in VILLAGES}, {one.key for one in DEMO_FARMERS}

    assert len(VILLAGES) == 3
    assert len(DEMO_FARMERS) == 12
    assert len({product.key for product in DEMO_PRODUCTS}) == 24
    assert {product.key for product in DEMO_PRODUCTS} == set(SCENES)
    assert {product.category for product in DEMO_PRODUCTS} == {category.slug for category in CATEGORIES}
    assert {product.farmer for product in DEMO_PRODUCTS} == farmers
    assert {product.village for product in DEMO_PRODUCTS} == villages
    assert {key for shop in DEMO_SHOPS for key in shop.farmers} == farmers
    assert farmers | {person.key for person in DEMO_PEOPLE} == set(LOOKS)


def test_every_piece_was_set_up():
    assert [name for name, code in PIECES.items() if not (FOLDER / f"{code}.webp").is_file()] == []


def test_a_missing_piece_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("backoffice.demo.pieces.FOLDER", tmp_path)
    piece.cache_clear()

    with pytest.raises(PiecesMissingError, match="run script/setup"):
        piece("apple")


@pytest.mark.parametrize("key", sorted(SCENES))
def test_product_picture_is_colourful_and_fills_its_frame(key):
    picture = product_picture(key, (240, 240))

    assert picture.mode == "RGB"
    assert picture.size == (240, 240)
    assert len(picture.quantize(64).getcolors()) > 40


def test_pictures_repeat_to_the_last_pixel():
    def digest():
        made = (
            product_picture("honey", (200, 200)),
            portrait("zhuoma", (200, 200)),
            landscape("yunling", (300, 200)),
            cover("zhuoma", "apples", (180, 320)),
        )
        return [hashlib.sha256(picture.tobytes()).hexdigest() for picture in made]

    assert digest() == digest()


def test_film_holds_picture_and_sound_of_the_asked_length(tmp_path):
    film = make_film(tmp_path / "shows" / "film.mp4", goods=("honey",), seconds=2.0)

    assert film.stat().st_size > 20_000
    reader = imageio_ffmpeg.read_frames(str(film))
    about = next(reader)
    reader.close()
    assert about["size"] == (540, 960)
    assert about["duration"] == pytest.approx(2.0, abs=0.2)
    assert (about["codec"], about["audio_codec"]) == ("h264", "aac")
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]
