"""The host's settings of the chat."""

import pytest

from livestreams.models import BlockedWord, QuickReply, SessionModerator
from notifications.models import Notification
from tests.factories.livestreams import NOW, make_session


@pytest.fixture
def session(market, valkey):
    return make_session(host=market.host, shop=market.shop)


@pytest.fixture
def host(client, zhuoma):
    client.force_login(zhuoma, backend="accounts.backends.IdentifierBackend")
    return client


@pytest.fixture
def owner(client, mei):
    client.force_login(mei, backend="accounts.backends.IdentifierBackend")
    return client


def page(session) -> str:
    return f"/desk/live/{session.pk}/chat/"


def do(client, session, what, **data):
    return client.post(page(session), {"do": what, **data})


def test_quick_replies(host, session):
    assert do(host, session, "add_reply", text="今天发货").status_code == 302
    reply = QuickReply.objects.get()
    do(host, session, "change_reply", number=reply.pk, text="明天发货")
    assert "明天发货" in host.get(page(session)).content.decode()
    do(host, session, "remove_reply", number=reply.pk)

    assert not QuickReply.objects.exists()


def test_empty_reply_is_refused_and_said(host, session):
    answer = do(host, session, "add_reply", text="   ")

    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not QuickReply.objects.exists()


def test_words_of_the_shop(owner, session, market):
    answer = do(owner, session, "add_words", lines="假货\n骗子", reaction="refuse")

    assert answer.status_code == 302
    assert list(BlockedWord.objects.order_by("pk").values_list("text", "shop", "reaction")) == [
        ("假货", market.shop.pk, "refuse"), ("骗子", market.shop.pk, "refuse"),
    ]  # fmt: skip
    do(owner, session, "remove_word", number=BlockedWord.objects.first().pk)
    assert BlockedWord.objects.count() == 1


def test_crooked_words_stay_in_the_field(owner, session):
    answer = do(owner, session, "add_words", lines="！！！", reaction="hold")

    assert answer.status_code == 400
    assert "！！！</textarea>" in answer.content.decode()
    assert not BlockedWord.objects.exists()


def test_a_host_who_is_not_of_the_shop_keeps_no_list(host, session):
    assert 'name="lines"' not in host.get(page(session)).content.decode()
    assert do(host, session, "add_words", lines="假货", reaction="hold").status_code == 404
    assert not BlockedWord.objects.exists()


def test_helpers(host, session, market, arun, zhuoma):
    earlier = make_session(host=market.host, shop=market.shop, status="ended")
    SessionModerator.objects.create(session=earlier, user=arun, appointed_by=zhuoma, created_at=NOW)

    assert "阿润" in host.get(page(session)).content.decode()
    assert do(host, session, "bring_helpers").status_code == 302
    assert SessionModerator.objects.filter(session=session, user=arun).exists()
    assert do(host, session, "dismiss", number=arun.pk).status_code == 302
    assert not SessionModerator.objects.filter(session=session).exists()


def test_asking_reads_the_same_for_everybody(host, session):
    answers = [do(host, session, "ask_helper", identifier=who) for who in ("13800000003", "13977777777")]

    assert [(one.status_code, one["Location"]) for one in answers] == [(302, page(session))] * 2
    assert Notification.objects.count() == 1


def test_pace(host, session):
    do(host, session, "set_pace", number=30)

    session.refresh_from_db()
    assert session.slow_mode_seconds == 30
    assert do(host, session, "set_pace", number=900).status_code == 400


@pytest.mark.parametrize("what", ["", "nonsense", "dismiss", "remove_word"])
def test_unknown_buttons(host, session, what):
    assert do(host, session, what, number="x").status_code == 404


def test_texts_are_escaped(host, session, arun):
    do(host, session, "add_reply", text='"><script>alert(1)</script>')
    arun.display_name = "<img src=x onerror=alert(1)>"
    arun.save(update_fields=["display_name"])
    SessionModerator.objects.create(session=session, user=arun, created_at=NOW)

    text = host.get(page(session)).content.decode()

    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text
