"""Private talk: both sides, what it may be about, unread counts, reports, strangers, evidence."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from common.errors import Invalid, NotFound, TooMany
from notifications.models import Notification
from orders.models import Conversation, MessageReport, PrivateMessage
from orders.selectors.talking import list_conversations
from orders.services.conversing import open_conversation, read_until, report_message, write_message
from orders.tasks import after_private_message
from shops.models import Photo
from tests.factories.orders import make_paid
from tests.factories.shops import make_product

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(market, arun) -> Conversation:
    return open_conversation(buyer=arun, shop_id=market.shop.pk, now=NOW)


def say(author, talk, text="在吗", now=NOW, **about) -> PrivateMessage:
    return write_message(author=author, conversation_id=talk.pk, text=text, now=now, **about)


def test_buyer_and_shop_talk_about_an_order_and_a_product(talk, market, arun, mei):
    order = make_paid(buyer=arun, variant=market.variant, now=NOW)

    asked = say(arun, talk, order_number=order.number)
    answered = say(mei, talk, "在的", product_id=market.product.pk)

    assert (asked.side, asked.order, answered.side, answered.product) == (
        "buyer",
        order,
        "shop",
        market.product,
    )
    assert open_conversation(buyer=arun, shop_id=market.shop.pk, now=NOW) == talk


def test_each_side_counts_what_the_other_has_said_since(talk, arun, mei):
    first, second = say(arun, talk), say(arun, talk, "多少钱")
    say(mei, talk, "五十九")

    def unread(user) -> tuple[int, int]:
        found = list_conversations(user=user).get()
        return found.unread_by_buyer, found.unread_by_shop

    assert unread(arun) == unread(mei) == (1, 2)
    read_until(reader=mei, conversation_id=talk.pk, message_id=second.pk)
    read_until(reader=mei, conversation_id=talk.pk, message_id=first.pk)
    assert unread(mei) == (1, 0)


def test_strangers_and_what_belongs_to_others_are_not_there(talk, market, arun, mei, zoya):
    foreign = make_paid(buyer=zoya, variant=market.variant, now=NOW)
    said = say(arun, talk)
    photo = Photo.objects.create(uploaded_by=zoya, is_private=True, original_sha256="0", created_at=NOW)

    for attempt in (
        lambda: say(zoya, talk),
        lambda: read_until(reader=zoya, conversation_id=talk.pk, message_id=said.pk),
        lambda: report_message(reporter=zoya, message_id=said.pk, reason="x", now=NOW),
        lambda: say(arun, talk, order_number=foreign.number),
        lambda: say(arun, talk, photo_ids=[photo.pk]),
        lambda: say(arun, talk, product_id=10**9),
        lambda: open_conversation(buyer=arun, shop_id=10**9, now=NOW),
    ):
        with pytest.raises(NotFound):
            attempt()

    assert (PrivateMessage.objects.count(), MessageReport.objects.count()) == (1, 0)
    assert not list_conversations(user=zoya).exists()


@pytest.mark.parametrize("text", ["", "  ", "长" * 1001])
def test_nothing_and_too_much_are_not_said(talk, arun, text):
    with pytest.raises(Invalid):
        say(arun, talk, text)

    assert not PrivateMessage.objects.exists()


def test_nobody_talks_with_their_own_shop(market, mei):
    with pytest.raises(Invalid):
        open_conversation(buyer=mei, shop_id=market.shop.pk, now=NOW)

    assert not Conversation.objects.exists()


def test_flooding_is_stopped(talk, arun):
    for _ in range(20):
        say(arun, talk)

    with pytest.raises(TooMany):
        say(arun, talk)

    assert PrivateMessage.objects.count() == 20


def test_the_database_keeps_what_was_said(talk, arun):
    said = say(arun, talk)

    for change in (
        lambda: PrivateMessage.objects.filter(pk=said.pk).update(text="别的"),
        lambda: PrivateMessage.objects.filter(pk=said.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="evidence"), transaction.atomic():
            change()

    said.refresh_from_db()
    assert said.text == "在吗"


def test_the_other_side_reports_a_message_once(talk, arun, mei):
    said = say(arun, talk, "骂人的话")

    for _ in range(2):
        report_message(reporter=mei, message_id=said.pk, reason="骂人", now=NOW)
    with pytest.raises(NotFound):
        report_message(reporter=arun, message_id=said.pk, reason="自己", now=NOW)

    assert MessageReport.objects.get().reporter == mei


def test_the_other_side_is_told_once_until_it_has_read(talk, arun, mei):
    first, second = say(arun, talk), say(arun, talk)
    for message in (first, first, second):
        after_private_message(message_id=message.pk)
    assert Notification.objects.filter(kind="private_message").count() == 1

    read_until(reader=mei, conversation_id=talk.pk, message_id=second.pk)
    after_private_message(message_id=say(arun, talk, now=NOW + timedelta(hours=1)).pk)

    assert Notification.objects.filter(kind="private_message").count() == 2


def test_the_api_carries_a_talk(market, arun, mei, client):
    other = make_product(shop=market.shop, farmer=market.farmer, title="花椒", price_fen=2000)
    client.force_login(arun)
    json = {"content_type": "application/json"}

    talk = client.post("/api/v1/conversations/", {"shop": market.shop.pk}, **json).json()
    messages = f"/api/v1/conversations/{talk['id']}/messages/"
    said = client.post(messages, {"text": "<b>在吗</b>", "product": other.pk}, **json)

    assert (said.status_code, said.json()["side"], said.json()["product"]) == (201, "buyer", other.pk)
    client.force_login(mei)
    assert client.get("/api/v1/conversations/").json()["results"][0]["unread"] == 1
    assert client.get(messages).json()["results"][0]["text"] == "<b>在吗</b>"
    read = client.post(f"/api/v1/conversations/{talk['id']}/read/", {"message": said.json()["id"]}, **json)
    assert read.status_code == 204
    assert client.get("/api/v1/conversations/").json()["results"][0]["unread"] == 0
