"""Photos of cases and of private talk: only the two sides and the market's operators can fetch them."""

import io

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from common.clock import utc_now
from common.errors import NotFound
from orders.models import AfterSaleCase, PrivateMessage
from orders.services.conversing import open_conversation, write_message
from shops.models import Photo
from shops.selectors import photo_url, srcset
from shops.services.photos import add_photo, arrange_photos
from tests.factories.cases import ask
from tests.factories.orders import make_shipped
from tests.factories.shops import make_photo
from tests.uploads.pictures import picture_bytes
from villagemarket.grants import _may_open

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keep_connection(monkeypatch):
    """The door closes stale connections; a test's own transaction lives on this one."""
    monkeypatch.setattr("villagemarket.grants.close_old_connections", lambda: None)


def sent(person, drain_outbox, *, is_private: bool = True) -> Photo:
    file = SimpleUploadedFile("IMG.jpg", picture_bytes(), content_type="image/jpeg")
    photo = add_photo(actor=person, product=None, file=file, now=utc_now(), is_private=is_private)
    drain_outbox()
    photo.refresh_from_db()
    return photo


def asked(person, path: str, *more: tuple[bytes, bytes]) -> bool:
    headers = [(b"host", b"testserver"), *more]
    if person is not None:
        client = Client()
        client.force_login(person)
        cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        headers.append((b"cookie", cookie.encode()))
    return _may_open({"headers": headers}, path)


def path_of(photo: Photo) -> str:
    return photo_url(photo).removeprefix(settings.MEDIA_URL)


def test_a_private_photo_lies_where_no_public_door_leads(arun, media_root, drain_outbox):
    photo = sent(arun, drain_outbox)

    assert photo.sizes
    assert all((media_root / "private" / path).is_file() for path in photo.sizes.values())
    assert not (media_root / "public").exists()
    assert path_of(photo).startswith("private/photos/")
    assert all(part.startswith("/media/private/photos/") for part in srcset(photo).split(", "))
    drawn = Image.open(io.BytesIO((media_root / path_of(photo)).read_bytes()))
    assert not drawn.getexif()


def test_evidence_is_seen_by_its_buyer_its_shop_and_operators(
    market, arun, mei, zoya, zhuoma, operator, drain_outbox
):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2)
    photo = sent(arun, drain_outbox)
    assert (asked(arun, path_of(photo)), asked(mei, path_of(photo))) == (True, False)

    ask(order, arun, photo_ids=[photo.pk])

    seen = {person: asked(person, path_of(photo)) for person in (arun, mei, operator, zoya, zhuoma, None)}
    assert seen == {arun: True, mei: True, operator: True, zoya: False, zhuoma: False, None: False}
    assert not asked(arun, path_of(photo), (b"sec-fetch-site", b"cross-site"))


def test_a_photo_of_a_talk_is_seen_by_its_two_sides(market, arun, mei, zoya, drain_outbox):
    talk = open_conversation(buyer=arun, shop_id=market.shop.pk, now=utc_now())
    photo = sent(mei, drain_outbox)
    write_message(author=mei, conversation_id=talk.pk, text="", photo_ids=[photo.pk], now=utc_now())

    assert [asked(person, path_of(photo)) for person in (arun, mei, zoya)] == [True, True, False]
    mei.is_active = False
    mei.save(update_fields=["is_active"])
    assert not asked(mei, path_of(photo))


def test_only_photos_are_opened(arun, operator, drain_outbox):
    photo = sent(arun, drain_outbox)

    for path in (
        photo.original_path,
        "private/photos/../originals/ab/x.bin",
        f"private/photos/ab/{photo.public_id.hex}/360.webp",
        "private/photos/ab/" + "0" * 32 + "/360-" + "0" * 16 + ".webp",
    ):
        assert not asked(operator, path)


def test_what_everybody_sees_is_no_evidence_and_evidence_no_picture_of_goods(
    market, arun, mei, drain_outbox, client
):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2)
    talk = open_conversation(buyer=arun, shop_id=market.shop.pk, now=utc_now())
    public, private = make_photo(user=arun), make_photo(user=mei, is_private=True)
    before = list(market.product.photos.values_list("pk", flat=True))

    with pytest.raises(NotFound):
        ask(order, arun, photo_ids=[public.pk])
    with pytest.raises(NotFound):
        write_message(author=arun, conversation_id=talk.pk, text="", photo_ids=[public.pk], now=utc_now())
    with pytest.raises(NotFound):
        arrange_photos(actor=mei, product=market.product, photo_ids=[*before, private.pk])
    client.force_login(mei)
    face = client.patch(
        f"/api/v1/farmers/{market.farmer.pk}/", {"portrait": private.pk}, content_type="application/json"
    )

    assert face.status_code == 404
    assert not (AfterSaleCase.objects.exists() or PrivateMessage.objects.exists())
    assert list(market.product.photos.values_list("pk", flat=True)) == before


def test_a_phone_says_that_a_photo_is_private(client, arun):
    client.force_login(arun)
    file = SimpleUploadedFile("IMG.jpg", picture_bytes(), content_type="image/jpeg")

    answer = client.post("/api/v1/photos/", {"file": file, "private": "true"})

    assert answer.status_code == 201
    assert Photo.objects.get(pk=answer.json()["id"]).is_private


def test_a_message_is_about_a_case_of_these_two(market, arun, mei, zoya):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2)
    case = ask(order, arun)
    foreign = ask(make_shipped(buyer=zoya, seller=mei, variant=market.variant), zoya)
    talk = open_conversation(buyer=arun, shop_id=market.shop.pk, now=utc_now())

    said = write_message(author=arun, conversation_id=talk.pk, text="请看", case_id=case.pk, now=utc_now())
    with pytest.raises(NotFound):
        write_message(author=mei, conversation_id=talk.pk, text="别人的", case_id=foreign.pk, now=utc_now())

    assert (said.case, PrivateMessage.objects.count()) == (case, 1)
