"""The pictures that are shared: they decode, their code leads to the show, nothing private is on them."""

import io
from datetime import timedelta

import pytest
import segno
from PIL import Image

from livestreams.models import LiveSession
from livestreams.services import drawing
from shops.models import Photo
from tests.factories.livestreams import NOW, make_session
from tests.factories.shops import make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(market, valkey, settings):
    settings.PUBLIC_URL = "https://market.example"
    return make_session(
        host=market.host, shop=market.shop, status="scheduled", at=NOW + timedelta(days=1), title="青稞丰收"
    )


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content), formats=["JPEG"])
    picture.load()
    return picture


def modules_of(
    picture: Image.Image, code: segno.QRCode, side: int, margin: tuple[int, int]
) -> list[list[bool]]:
    """Read the modules of a code whose lower right corner keeps this margin."""
    size = code.symbol_size(border=2)[0]
    scale = max(side // size, 2)
    left, top = picture.width - margin[0] - size * scale, picture.height - margin[1] - size * scale
    grey = picture.convert("L")
    return [
        [
            grey.getpixel((left + column * scale + scale // 2, top + row * scale + scale // 2)) < 128
            for column in range(size)
        ]
        for row in range(size)
    ]


@pytest.mark.parametrize(
    ("name", "size", "side", "margin"),
    [("share", (1200, 630), 168, (48, 44)), ("poster", (1080, 1440), 250, (64, 64))],
)
def test_picture_decodes_and_its_code_leads_to_the_show(announced, client, name, size, side, margin):
    answer = client.get(f"/live/{announced.pk}/{name}.jpg")

    assert answer["Content-Type"] == "image/jpeg"
    picture = opened(b"".join(answer.streaming_content))
    assert picture.size == size
    code = segno.make(f"https://market.example/live/{announced.pk}/", error="m", micro=False)
    wanted = [[bool(module) for module in row] for row in code.matrix_iter(border=2)]
    assert modules_of(picture, code, side, margin) == wanted


def test_pictures_carry_no_metadata(announced, client):
    picture = opened(b"".join(client.get(f"/live/{announced.pk}/share.jpg").streaming_content))

    assert dict(picture.getexif()) == {}


def test_picture_is_drawn_once_for_each_version(announced, client, monkeypatch, market):
    drawn = []
    real = drawing._draw_card
    monkeypatch.setattr(drawing, "_draw_card", lambda session: drawn.append(session.title) or real(session))
    path = f"/live/{announced.pk}/share.jpg"

    first = client.get(path)
    again = client.get(path)
    unchanged = client.get(path, headers={"If-None-Match": first["ETag"]})
    LiveSession.objects.filter(pk=announced.pk).update(title="蜂蜜专场")
    changed = client.get(path, headers={"If-None-Match": first["ETag"]})

    assert drawn == ["青稞丰收", "蜂蜜专场"]
    assert (again["ETag"], unchanged.status_code) == (first["ETag"], 304)
    assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)
    assert len(list(drawing.storage.share_folder(announced.pk).iterdir())) == 1


def test_version_in_the_address_may_be_kept_for_good(announced, client):
    plain = client.get(f"/live/{announced.pk}/share.jpg")
    version = plain["ETag"].strip('"').removeprefix("card-")

    assert plain["Cache-Control"] == "public, max-age=300"
    assert "immutable" in client.get(f"/live/{announced.pk}/share.jpg?v={version}")["Cache-Control"]
    assert "immutable" not in client.get(f"/live/{announced.pk}/share.jpg?v=guess")["Cache-Control"]


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_what_is_not_public_is_not_drawn_even_for_its_host(market, valkey, client, zhuoma, status):
    session = make_session(host=market.host, shop=market.shop, status=status)
    client.force_login(zhuoma)

    assert client.get(f"/live/{session.pk}/share.jpg").status_code == 404
    assert not drawing.storage.share_folder(session.pk).exists()


@pytest.mark.parametrize("title", ["长" * 80, "W" * 80, "a b " * 20, "\u202e\u200b🙂", "‏עברית", "<b>&\"'"])
@pytest.mark.parametrize("status", ["scheduled", "live", "ended"])
def test_any_title_and_state_can_be_drawn(announced, title, status):
    announced.title, announced.status = title, status

    for kind, size in drawing.SIZES.items():
        with Image.open(drawing.share_picture(announced, kind).path) as picture:
            assert picture.size == size


@pytest.mark.parametrize("content", [None, b"not a picture", b""])
def test_cover_that_cannot_be_read_is_replaced(announced, media_root, market, content):
    announced.cover = make_photo(product=market.product)
    Photo.objects.filter(pk=announced.cover_id)
    path = media_root / announced.cover.sizes["720"]
    if content is not None:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)

    with Image.open(drawing.share_picture(announced, "card").path) as picture:
        assert picture.size == drawing.CARD


def test_cover_is_shown(announced, media_root, market):
    announced.cover = make_photo(product=market.product)
    path = media_root / announced.cover.sizes["720"]
    path.parent.mkdir(parents=True)
    Image.new("RGB", (720, 540), "#0000ff").save(path, "WEBP")

    with Image.open(drawing.share_picture(announced, "card").path) as picture:
        red, green, blue = picture.convert("RGB").getpixel((200, 400))

    assert blue > 240 > 20 > max(red, green)


@pytest.mark.parametrize(
    ("text", "width", "most", "lines"),
    [
        ("abcdef", 3, 2, ["abc", "def"]),
        ("abcdefgh", 3, 2, ["abc", "de…"]),
        ("one two six", 8, 3, ["one two", "six"]),
        ("  a \n b ", 10, 3, ["a b"]),
        ("", 10, 3, []),
        ("abc", 1, 1, ["…"]),
    ],
)
def test_wrapping(text, width, most, lines):
    assert drawing.wrapped(text, len, width, most) == lines


def test_room_tells_messengers_what_to_show(announced, client):
    page = client.get(f"/live/{announced.pk}/").content.decode()

    version = drawing.version_of(announced)
    assert (
        f'<meta property="og:image" content="https://market.example/live/{announced.pk}/share.jpg?v={version}">'
        in page
    )
    assert '<meta property="og:title" content="青稞丰收">' in page
    assert f'<meta property="og:url" content="https://market.example/live/{announced.pk}/">' in page


def test_hostile_title_stays_in_its_attribute(announced, client):
    LiveSession.objects.filter(pk=announced.pk).update(title='"><script>alert(1)</script>')

    page = client.get(f"/live/{announced.pk}/").content.decode()

    assert "<script>alert(1)" not in page
    assert 'content="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
