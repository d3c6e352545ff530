"""Lines of the market: in the reader's language, the buyer masked, few however much is sold."""

from datetime import timedelta

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from common.models import OutboxMessage
from livestreams.models import ChatMessage
from livestreams.selectors import recent_messages
from livestreams.services.announcing import announce_sale
from livestreams.services.chatting import say_for_market
from livestreams.statuses import SessionStatus
from livestreams.wording import line_text, line_words, sentence_name
from realtime.services.publishing import stream_key
from tests.factories.livestreams import NOW
from tests.factories.orders import make_paid


def sell(session, *, title="高山青稞米", quantity=1, after=0.0, buyer="阿*"):
    announce_sale(
        session_id=session.pk, buyer_masked=buyer, title=title, quantity=quantity,
        now=NOW + timedelta(seconds=after),
    )  # fmt: skip


def lines() -> list[dict]:
    return list(ChatMessage.objects.order_by("pk").values_list("params", flat=True))


def test_sales_of_two_seconds_share_a_line(session):
    for after in (0, 0.5, 1.9, 2.0, 5.0):
        sell(session, quantity=2, after=after)

    first, second, third = lines()
    assert first == {"buyer": "阿*", "title": "高山青稞米", "quantity": 6, "people": 3}
    assert (second["people"], third["people"]) == (1, 1)


def test_other_goods_have_a_line_of_their_own(session):
    sell(session)
    sell(session, title="雪菊", after=0.1)
    sell(session, after=0.2)

    assert [(one["title"], one["people"]) for one in lines()] == [("高山青稞米", 2), ("雪菊", 1)]


def test_talk_in_between_does_not_part_them(session, arun):
    sell(session)
    for number in range(50):
        ChatMessage.objects.create(session=session, author=arun, text=str(number), created_at=NOW)
    sell(session, after=1)

    assert ChatMessage.objects.filter(kind="sale").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_rush_is_two_events(session, valkey, drain_outbox):
    for number in range(40):
        sell(session, after=number * 0.04)
    assert valkey.xlen(stream_key(f"session:{session.pk}")) == 1

    assert drain_outbox() == ["livestreams.tell_sales"]

    (_, first), (_, last) = valkey.xrange(stream_key(f"session:{session.pk}"))
    assert '"people":1' in first["data"]
    assert '"people":40' in last["data"]


def test_the_count_is_told_after_the_two_seconds(session):
    sell(session)
    sell(session, after=1)
    sell(session, after=1.5)

    message = OutboxMessage.objects.get(task="livestreams.tell_sales")
    assert message.kwargs == {"message_id": ChatMessage.objects.get().pk}
    assert (message.due_at - message.created_at).total_seconds() >= 2


def test_nothing_is_said_off_air(session):
    session.status = SessionStatus.ENDED
    session.save(update_fields=["status"])

    sell(session)

    assert lines() == []


@pytest.mark.django_db(transaction=True)
def test_a_paid_order_of_the_show_is_a_line_with_a_masked_name(session, market, arun, drain_outbox):
    order = make_paid(buyer=arun, variant=market.variant)
    order.lines.update(live_session=session)

    drain_outbox()

    line = ChatMessage.objects.get()
    assert (line.author, line.kind, line.text) == (None, "sale", "")
    assert (line.params["buyer"], line.params["quantity"]) == ("阿*", 1)
    assert "阿润" not in str(line.params)


def test_each_reader_has_it_in_their_own_language(session):
    sell(session, quantity=2)
    with translation.override("en"):
        ((english),) = recent_messages(session)
    answer = (
        APIClient()
        .get(f"/api/v1/live-sessions/{session.pk}/messages/", headers={"accept-language": "en"})
        .json()["results"][0]
    )

    assert english["text"] == answer["text"] == "阿* bought 高山青稞米 × 2"
    assert (answer["kind"], answer["author"]) == ("sale", None)
    assert answer["params"]["people"] == 1


@pytest.mark.parametrize(
    ("kind", "params", "text"),
    [
        ("sale", {"buyer": "T***", "title": "{quantity}", "quantity": 2}, "T*** bought {quantity} × 2"),
        ("sale", {"people": 3, "title": "米", "quantity": 5}, "3 people bought 米, 5 in all"),
        (
            "deal",
            {"event": "started", "title": "米", "price_fen": 4980, "quantity": 20},
            "Flash deal: 米, ¥49.80, only 20",
        ),
        ("deal", {"event": "sold_out", "title": "米"}, "Sold out: 米"),
        ("deal", {"event": "ended", "title": "米"}, "The flash deal is over: 米"),
        ("notice", {"event": "slow", "seconds": 10}, "Slow chat: one line every 10 s each"),
        ("notice", {"event": "slow_off", "seconds": 0}, "The chat is back to its usual pace"),
        ("notice", {"event": "unheard of"}, ""),
    ],
)
def test_sentences(kind, params, text):
    with translation.override("en"):
        assert line_text(kind, params) == text
        if text:
            assert sentence_name(kind, params) in line_words()


def test_params_are_shown_as_text_wherever_they_come_from(session, client):
    title = "</script><script>alert(1)</script>"
    say_for_market(
        session_id=session.pk, kind="sale", now=NOW,
        params={"buyer": "<b>*", "title": title, "quantity": 1, "people": 1},
    )  # fmt: skip

    page = client.get(f"/live/{session.pk}/").content.decode()

    assert title not in page
    assert "<b>*" not in page
