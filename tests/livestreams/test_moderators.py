"""Whom a host trusts with the chat: named, asked, carried over, sent away; and what they may do."""

import pytest
from rest_framework.test import APIClient

from common.errors import MoveRefused, NotFound, TooMany
from livestreams.models import ChatMessage, ModerationAction, PinEvent, QuickReply, SessionModerator
from livestreams.services.appointing import (
    INVITATIONS,
    accept_invitation,
    appoint_author,
    carry_over,
    dismiss,
    invite,
)
from livestreams.services.chatting import post_message
from livestreams.services.silencing import silence
from livestreams.statuses import SessionStatus
from notifications.models import Notification
from tests.factories.livestreams import NOW, make_session
from tests.factories.shops import make_host, make_person


def as_(person) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


def url(session, rest="") -> str:
    return f"/api/v1/live-sessions/{session.pk}/{rest}"


@pytest.fixture
def line(session, arun) -> ChatMessage:
    return post_message(author=arun, session_id=session.pk, text="我来帮忙", now=NOW)


def appointed(session) -> list[int]:
    return list(SessionModerator.objects.filter(session=session).values_list("user", flat=True))


def test_who_wrote_a_line_is_made_a_moderator_once(session, line, arun, zhuoma):
    first = as_(zhuoma).post(url(session, "moderators/"), {"message": line.pk})
    again = as_(zhuoma).post(url(session, "moderators/"), {"message": line.pk})

    assert (first.status_code, again.status_code) == (200, 200)
    assert [(one["person"], one["name"]) for one in again.json()] == [(arun.pk, "阿润")]
    assert ModerationAction.objects.filter(kind="appoint", person=arun, moderator=zhuoma).count() == 1


def test_hosts_and_the_markets_own_lines_name_nobody(session, zhuoma, mei):
    own = post_message(author=mei, session_id=session.pk, text="欢迎", now=NOW)
    market = ChatMessage.objects.create(session=session, kind="sale", created_at=NOW)

    for message in (own, market):
        with pytest.raises(MoveRefused):
            appoint_author(actor=zhuoma, session_id=session.pk, message_id=message.pk, now=NOW)
    assert appointed(session) == []


def test_a_muted_person_who_becomes_a_helper_speaks_again(session, line, arun, zhuoma):
    for kind in ("mute", "ban"):
        silence(actor=zhuoma, session_id=session.pk, message_id=line.pk, kind=kind, now=NOW)

    appoint_author(actor=zhuoma, session_id=session.pk, message_id=line.pk, now=NOW)

    assert post_message(author=arun, session_id=session.pk, text="好了", now=NOW).pk
    written = ModerationAction.objects.order_by("pk").values_list("kind", flat=True)
    assert list(written) == ["mute", "ban", "unmute", "unban", "appoint"]


@pytest.mark.parametrize("identifier", ["13800000003", "+86 138 0000 0003", "ARUN@example.com"])
def test_who_is_asked_decides(session, zhuoma, arun, identifier):
    answer = as_(zhuoma).post(url(session, "moderators/"), {"identifier": identifier})

    assert (answer.status_code, answer.json()) == (200, [])
    asked = Notification.objects.get()
    assert (asked.contact.user, asked.url) == (arun, f"/desk/live/{session.pk}/moderate/")
    assert as_(arun).get(url(session, "mutes/")).status_code == 404
    assert as_(arun).post(url(session, "moderators/join/")).status_code == 200
    assert appointed(session) == [arun.pk]
    assert as_(arun).get(url(session, "mutes/")).status_code == 200


@pytest.mark.parametrize("identifier", ["13999999999", "nobody@example.com", "gibberish", "13800000002"])
def test_the_answer_does_not_tell_who_exists(session, zhuoma, arun, identifier):
    known = as_(zhuoma).post(url(session, "moderators/"), {"identifier": "13800000003"})
    other = as_(zhuoma).post(url(session, "moderators/"), {"identifier": identifier})

    assert (known.status_code, known.content) == (other.status_code, other.content)
    assert as_(zhuoma).get(url(session, "moderators/")).json() == []


def test_asking_is_limited(session, zhuoma):
    for number in range(INVITATIONS):
        invite(actor=zhuoma, session_id=session.pk, identifier=f"1390000000{number}", now=NOW)

    with pytest.raises(TooMany):
        invite(actor=zhuoma, session_id=session.pk, identifier="13800000003", now=NOW)
    assert not Notification.objects.exists()


def test_nobody_joins_unasked_or_after_being_sent_away(session, zhuoma, arun, zoya):
    invite(actor=zhuoma, session_id=session.pk, identifier="13800000003", now=NOW)
    with pytest.raises(NotFound):
        accept_invitation(person=zoya, session_id=session.pk, now=NOW)
    accept_invitation(person=arun, session_id=session.pk, now=NOW)

    dismiss(actor=zhuoma, session_id=session.pk, person_id=arun.pk, now=NOW)

    with pytest.raises(NotFound):
        accept_invitation(person=arun, session_id=session.pk, now=NOW)
    assert as_(arun).get(url(session, "mutes/")).status_code == 404
    assert appointed(session) == []


def test_who_was_sent_away_may_be_asked_again(session, zhuoma, arun):
    later = NOW.replace(hour=9)
    invite(actor=zhuoma, session_id=session.pk, identifier="13800000003", now=NOW)
    accept_invitation(person=arun, session_id=session.pk, now=NOW)
    dismiss(actor=zhuoma, session_id=session.pk, person_id=arun.pk, now=NOW)

    invite(actor=zhuoma, session_id=session.pk, identifier="13800000003", now=later)
    accept_invitation(person=arun, session_id=session.pk, now=later)

    assert appointed(session) == [arun.pk]
    assert Notification.objects.count() == 2


def test_helpers_come_along_to_the_next_show_when_the_host_wants(session, market, line, arun, zhuoma):
    appoint_author(actor=zhuoma, session_id=session.pk, message_id=line.pk, now=NOW)
    following = make_session(host=market.host, shop=market.shop, status=SessionStatus.SCHEDULED)
    assert appointed(following) == []

    answer = as_(zhuoma).post(url(following, "moderators/"), {"carry_over": True}, format="json")

    assert [one["person"] for one in answer.json()] == [arun.pk]
    assert carry_over(actor=zhuoma, session_id=following.pk, now=NOW) == []
    assert ModerationAction.objects.filter(session=following, kind="appoint", person=arun).count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"message": 1, "identifier": "x"}, {"identifier": ""}, {"carry_over": False}]
)
def test_crooked_namings(session, zhuoma, body):
    assert as_(zhuoma).post(url(session, "moderators/"), body, format="json").status_code == 400


def test_nobody_is_named_when_the_show_is_over(session, line, zhuoma):
    session.status = SessionStatus.ENDED
    session.save(update_fields=["status"])

    with pytest.raises(MoveRefused):
        appoint_author(actor=zhuoma, session_id=session.pk, message_id=line.pk, now=NOW)


def test_what_a_moderator_may_and_may_not(session, item, market, line, arun, zhuoma, client):
    appoint_author(actor=zhuoma, session_id=session.pk, message_id=line.pk, now=NOW)
    other = make_session(host=market.host, shop=market.shop)
    helper = as_(arun)
    client.force_login(arun, backend="accounts.backends.IdentifierBackend")

    may = {
        "pin": helper.post(url(session, "pin/"), {"rundown_item": item.pk}, format="json"),
        "held": helper.get(url(session, "messages/?status=held")),
        "mutes": helper.get(url(session, "mutes/")),
        "replies": helper.get(url(session, "quick-replies/")),
        "pace": helper.put(url(session, "slow-mode/"), {"seconds": 5}),
        "page": client.get(f"/desk/live/{session.pk}/moderate/"),
    }
    may_not = {
        "end": helper.post(url(session, "end/")),
        "plan": helper.patch(url(session), {"title": "我的"}),
        "rundown": helper.post(url(session, "rundown/"), {"variant": market.variant.pk}),
        "price": helper.patch(url(session, f"rundown/{item.pk}/"), {"live_price_fen": 1}, format="json"),
        "takes": helper.post(url(session, "takes/"), {"mime": "video/webm;codecs=h264,opus"}),
        "key": helper.post(url(session, "media-key/")),
        "moderators": helper.get(url(session, "moderators/")),
        "name": helper.post(url(session, "moderators/"), {"message": line.pk}),
        "remove": helper.delete(url(session, f"moderators/{arun.pk}/")),
        "keep": helper.post(url(session, "quick-replies/"), {"text": "x"}),
        "other pin": helper.post(url(other, "pin/"), {"rundown_item": None}, format="json"),
        "other mutes": helper.get(url(other, "mutes/")),
        "console": client.get(f"/desk/live/{session.pk}/console/"),
        "show": client.get(f"/desk/live/{session.pk}/"),
        "chat": client.get(f"/desk/live/{session.pk}/chat/"),
        "obs": client.get(f"/desk/live/{session.pk}/obs/"),
        "other page": client.get(f"/desk/live/{other.pk}/moderate/"),
    }

    assert {name: answer.status_code for name, answer in may.items()} == dict.fromkeys(may, 200)
    assert {name: answer.status_code for name, answer in may_not.items()} == dict.fromkeys(may_not, 404)
    assert PinEvent.objects.get().opened_by == arun
    session.refresh_from_db()
    assert (session.status, session.title) == (SessionStatus.LIVE, "青稞丰收")


def test_page_of_who_is_asked(session, zhuoma, arun, client):
    client.force_login(arun, backend="accounts.backends.IdentifierBackend")
    page = f"/desk/live/{session.pk}/moderate/"
    assert client.get(page).status_code == 404
    invite(actor=zhuoma, session_id=session.pk, identifier="13800000003", now=NOW)

    asked = client.get(page)
    joined = client.post(page + "join/")

    assert asked.templates[0].name == "livestreams/moderate_asked.html"
    assert (joined.status_code, joined["Location"]) == (302, page)
    assert client.get(page).templates[0].name == "livestreams/moderate.html"


def test_quick_replies_are_kept_changed_and_forgotten(session, market, zhuoma, mei, zoya):
    host = as_(zhuoma)
    added = [
        host.post(url(session, "quick-replies/"), {"text": text}).json() for text in ("今天发货", "包邮")
    ]

    first = added[0]["id"]
    changed = host.patch(url(session, f"quick-replies/{first}/"), {"text": "明天发货\u202e"})
    assert changed.json() == {"id": first, "text": "明天发货"}
    assert [one["text"] for one in as_(mei).get(url(session, "quick-replies/")).json()] == [
        "明天发货",
        "包邮",
    ]
    assert as_(zoya).delete(url(session, f"quick-replies/{first}/")).status_code == 404
    assert host.post(url(session, "quick-replies/"), {"text": " \u200b "}).status_code == 400
    assert host.delete(url(session, f"quick-replies/{first}/")).status_code == 204

    assert list(QuickReply.objects.values_list("text", flat=True)) == ["包邮"]


def test_quick_replies_of_another_host_are_not_there(session, market, zhuoma, mei):
    other = make_host(user=make_person(name="别人", phone="13800000066"), village=market.village)
    reply = QuickReply.objects.create(host=other, text="别家的")

    assert as_(zhuoma).delete(url(session, f"quick-replies/{reply.pk}/")).status_code == 404
    assert QuickReply.objects.get() == reply
