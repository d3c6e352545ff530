"""Private talk through the pages of both sides, with and without the thread's script."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from notifications.models import Notification
from orders.models import Conversation, MessageReport, PrivateMessage
from orders.services.conversing import open_conversation, write_message
from orders.tasks import after_private_message
from tests.factories.cases import ask
from tests.factories.orders import make_shipped
from tests.factories.shops import NOW, make_photo
from tests.uploads.pictures import picture_bytes

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "thread"}


@pytest.fixture
def talk(market, arun) -> Conversation:
    return open_conversation(buyer=arun, shop_id=market.shop.pk, now=NOW)


def say(author, talk, text="在吗", now=NOW, **about) -> PrivateMessage:
    return write_message(author=author, conversation_id=talk.pk, text=text, now=now, **about)


def text_of(answer) -> str:
    return answer.content.decode()


def shown(answer) -> list[int]:
    return [int(pk) for pk in re.findall(r'data-message="(\d+)"', text_of(answer))]


def unread(client, path: str) -> int:
    found = re.search(r"data-talks-unread>(\d+)<", text_of(client.get(path)))
    return int(found[1]) if found else 0


def test_from_the_product_through_sign_in_to_the_first_word(client, market, arun):
    path = f"/shops/{market.shop.pk}/talk/"
    assert f"{path}?product={market.product.pk}" in text_of(client.get(f"/products/{market.product.pk}/"))
    assert client.get(f"{path}?product=5").url == f"/sign-in/?next={path}%3Fproduct%3D5"
    client.force_login(arun)

    page = client.get(f"{path}?product={market.product.pk}")
    assert (page.status_code, Conversation.objects.count()) == (200, 0)
    assert f'name="product" value="{market.product.pk}"' in text_of(page)
    answer = client.post(path, {"text": "<b>甜吗</b>", "product": market.product.pk})

    assert answer.url == f"{path}#newest"
    said = PrivateMessage.objects.get()
    assert (said.text, said.product, said.side) == ("<b>甜吗</b>", market.product, "buyer")
    page = text_of(client.get(path))
    assert "&lt;b&gt;甜吗" in page and "<b>甜吗" not in page


def test_both_sides_read_answer_and_count_what_is_new(client, market, talk, arun, mei):
    asked = say(arun, talk)
    client.force_login(mei)
    assert unread(client, "/desk/") == 1
    assert f"/desk/messages/{talk.pk}/" in text_of(client.get("/desk/messages/"))

    assert shown(client.get(f"/desk/messages/{talk.pk}/")) == [asked.pk]
    client.post(f"/desk/messages/{talk.pk}/", {"text": "在的"})

    assert unread(client, "/desk/") == 0
    client.force_login(arun)
    assert unread(client, "/me/") == 1
    assert f"/shops/{market.shop.pk}/talk/" in text_of(client.get("/messages/"))
    assert len(shown(client.get(f"/shops/{market.shop.pk}/talk/"))) == 2
    assert unread(client, "/me/") == 0


def test_the_script_gets_only_what_is_new(client, market, talk, arun, mei):
    first, second = say(arun, talk), say(mei, talk, "在的")
    path = f"/shops/{market.shop.pk}/talk/"
    client.force_login(arun)

    part = client.get(f"{path}?after={first.pk}", headers=SCRIPT)
    sent = client.post(f"{path}?after={second.pk}", {"text": "好"}, headers=SCRIPT)
    refused = client.post(path, {"text": " "}, headers=SCRIPT)

    assert shown(part) == [second.pk]
    assert "<html" not in text_of(part)
    assert shown(sent) == [PrivateMessage.objects.latest("pk").pk]
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert PrivateMessage.objects.count() == 3


def test_a_refusal_stands_in_place_and_keeps_the_words(client, market, talk, arun):
    client.force_login(arun)

    answer = client.post(f"/shops/{market.shop.pk}/talk/", {"text": "长" * 1001})

    assert answer.status_code == 400
    assert "长" * 1001 in text_of(answer)
    # However the minutes fall, more than two windows of the limit cannot be said.
    statuses = [
        client.post(f"/shops/{market.shop.pk}/talk/", {"text": "在吗"}).status_code for _ in range(41)
    ]
    assert set(statuses) == {302, 429}
    assert PrivateMessage.objects.count() == statuses.count(302)


def test_photos_of_a_talk_are_private(client, market, talk, arun, drain_outbox):
    client.force_login(arun)
    public, sent = make_photo(user=arun), make_photo(user=arun, is_private=True)
    file = SimpleUploadedFile("IMG.jpg", picture_bytes(), content_type="image/jpeg")
    path = f"/shops/{market.shop.pk}/talk/"

    client.post(path, {"text": "", "photos": [public.pk, sent.pk], "files": [file]})
    before = text_of(client.get(path))
    drain_outbox()

    photos = PrivateMessage.objects.get().photos.all()
    assert {photo.is_private for photo in photos} == {True}
    assert (len(photos), public in photos) == (2, False)
    assert ("data-waiting" in before, "data-waiting" in text_of(client.get(path))) == (True, False)
    assert text_of(client.get(path)).count('src="/media/private/photos/') == 2


def test_a_talk_may_be_about_an_order_or_a_case(client, market, arun, mei, zoya):
    order = make_shipped(buyer=arun, seller=mei, variant=market.variant, quantity=2)
    case = ask(order, arun)
    foreign = make_shipped(buyer=zoya, seller=mei, variant=market.variant)
    path = f"/shops/{market.shop.pk}/talk/"
    client.force_login(arun)
    assert f"{path}?order={order.number}" in text_of(client.get(f"/orders/{order.number}/"))
    assert f"{path}?case={case.pk}" in text_of(client.get(f"/after-sales/{case.pk}/"))
    assert foreign.number not in text_of(client.get(f"{path}?order={foreign.number}"))

    client.post(path, {"text": "这个", "case": case.pk})
    other = client.post(path, {"text": "那个", "order": foreign.number})

    assert (other.status_code, PrivateMessage.objects.get().case) == (404, case)
    client.force_login(mei)
    to_buyer = client.post(f"/desk/orders/{order.number}/talk/", {"case": case.pk})
    assert to_buyer.url == f"/desk/messages/{Conversation.objects.get().pk}/?case={case.pk}#newest"
    assert f'name="case" value="{case.pk}"' in text_of(client.get(to_buyer.url))
    assert f"/desk/after-sales/{case.pk}/" in text_of(client.get(to_buyer.url))
    before = Conversation.objects.count()
    client.post(f"/desk/orders/{foreign.number}/talk/")
    assert Conversation.objects.count() == before + 1


def test_strangers_find_no_talk_and_the_buyer_not_the_desks_page(client, market, talk, arun, zoya):
    said = say(arun, talk)

    for person in (zoya, arun):
        client.force_login(person)
        assert client.get(f"/desk/messages/{talk.pk}/").status_code == 404
        assert client.post(f"/desk/messages/{talk.pk}/", {"text": "x"}).status_code == 404
        assert client.get(f"/messages/{said.pk}/report/").status_code == 404
    client.force_login(zoya)
    assert shown(client.get(f"/shops/{market.shop.pk}/talk/")) == []
    assert client.get("/shops/999999/talk/").status_code == 404
    assert PrivateMessage.objects.count() == 1


def test_a_message_is_reported_once_with_a_reason(client, market, talk, arun, mei):
    said = say(mei, talk, "骂人的话")
    client.force_login(arun)
    path = f"/messages/{said.pk}/report/"
    assert path in text_of(client.get(f"/shops/{market.shop.pk}/talk/"))

    refused = client.post(path, {"reason": " "})
    sent = client.post(path, {"reason": "骂人"})

    assert (refused.status_code, sent.url) == (400, f"/shops/{market.shop.pk}/talk/")
    assert MessageReport.objects.get().message == said


def test_notifications_lead_to_the_talk(market, talk, arun, mei):
    for message in (say(arun, talk), say(mei, talk, "在的")):
        after_private_message(message_id=message.pk)

    urls = set(Notification.objects.filter(kind="private_message").values_list("url", flat=True))
    assert urls == {f"/desk/messages/{talk.pk}/", f"/shops/{market.shop.pk}/talk/"}


def test_a_long_talk_is_read_page_by_page(client, market, talk, arun, mei):
    times = [NOW + timedelta(minutes=number) for number in range(28)]
    pks = [say(author, talk, now=now).pk for now in times for author in (arun, mei)]
    path = f"/shops/{market.shop.pk}/talk/"
    client.force_login(arun)

    newest = client.get(path)

    assert shown(newest) == pks[-50:]
    assert f"?before={pks[-50]}" in text_of(newest)
    assert shown(client.get(f"{path}?before={pks[-50]}")) == pks[:-50]
