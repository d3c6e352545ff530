"""The rules of the chat: what waits, how fast, who may speak, who may come in."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common import limits
from common.clock import utc_now
from common.errors import NotFound
from livestreams.errors import Banned, Muted, OfTheCrew, SlowChat, StillWaiting
from livestreams.models import ChatMessage, ModerationAction, SessionModerator
from livestreams.selectors import is_banned, list_silenced, recent_messages
from livestreams.services.chatting import BURST, post_message
from livestreams.services.moderating import hide_message, show_message
from livestreams.services.pacing import set_pace
from livestreams.services.silencing import lift_silences, silence
from livestreams.statuses import MessageStatus, ModerationKind
from realtime.services.publishing import stream_key
from tests.factories.livestreams import NOW
from tests.factories.shops import make_person

MINUTE = timedelta(minutes=1)


def as_(person) -> APIClient:
    client = APIClient()
    client.force_authenticate(person)
    return client


def say(person, session, text="好吃", *, at=NOW) -> ChatMessage:
    return post_message(author=person, session_id=session.pk, text=text, now=at)


def url(session, rest="") -> str:
    return f"/api/v1/live-sessions/{session.pk}/{rest}"


@pytest.fixture
def helper(session, zhuoma):
    person = make_person(name="帮手", phone="13800000088")
    SessionModerator.objects.create(session=session, user=person, appointed_by=zhuoma, created_at=NOW)
    return person


def texts(session, viewer=None) -> list[str]:
    return [line["text"] for line in recent_messages(session, viewer=viewer)]


@pytest.mark.parametrize(
    ("text", "reason"), [("看 www.example.com", "link"), ("打13800138000", "phone"), ("加我微信", "account")]
)
def test_what_leads_out_waits_and_only_its_author_sees_it(session, arun, zoya, zhuoma, text, reason):
    answer = as_(arun).post(url(session, "messages/"), {"text": text})

    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["held_reason"]) == ("held", reason)
    assert texts(session, arun) == [text]
    assert texts(session, zoya) == texts(session) == texts(session, zhuoma) == []
    assert as_(zoya).get(url(session, "messages/?status=held")).status_code == 404
    waiting = as_(zhuoma).get(url(session, "messages/?status=held")).json()["results"]
    assert [(line["text"], line["held_reason"]) for line in waiting] == [(text, reason)]


@pytest.mark.django_db(transaction=True)
def test_a_held_line_never_reaches_the_stream(session, arun, zhuoma, valkey):
    line = say(arun, session, "看 www.example.com")
    assert valkey.xlen(stream_key(f"session:{session.pk}")) == 0

    show_message(actor=zhuoma, message_id=line.pk, now=NOW)

    ((_id, fields),) = valkey.xrange(stream_key(f"session:{session.pk}"))
    assert fields["event"] == "chat"
    assert '"status":"visible"' in fields["data"]


def test_a_helper_lets_in_and_hides_and_each_is_written_down(session, arun, helper):
    line = say(arun, session, "看 www.example.com")

    show_message(actor=helper, message_id=line.pk, now=NOW)
    show_message(actor=helper, message_id=line.pk, now=NOW)
    assert texts(session) == [line.text]
    hide_message(actor=helper, message_id=line.pk, reason="广告", now=NOW)
    hide_message(actor=helper, message_id=line.pk, now=NOW)
    assert texts(session, arun) == []
    show_message(actor=helper, message_id=line.pk, reason="弄错了", now=NOW)

    written = ModerationAction.objects.order_by("pk").values_list("kind", "reason", "moderator", "person")
    assert list(written) == [
        ("show", "", helper.pk, arun.pk), ("hide", "广告", helper.pk, arun.pk),
        ("show", "弄错了", helper.pk, arun.pk),
    ]  # fmt: skip
    assert ChatMessage.objects.get().text == "看 www.example.com"


def test_few_lines_of_one_person_may_wait(session, arun, zoya):
    for number in range(3):
        say(arun, session, f"www.example.com/{number}", at=NOW + number * MINUTE)

    with pytest.raises(StillWaiting):
        say(arun, session, "www.example.com/4", at=NOW + 5 * MINUTE)

    assert ChatMessage.objects.count() == 3
    assert say(arun, session, "好吃", at=NOW + 6 * MINUTE).status == MessageStatus.VISIBLE
    assert say(zoya, session, "www.example.com", at=NOW + 6 * MINUTE).status == MessageStatus.HELD


def test_slow_mode_counts_for_everybody_but_the_crew(session, arun, zoya, zhuoma, helper):
    set_pace(actor=zhuoma, session_id=session.pk, seconds=30, now=NOW)
    say(arun, session)

    with pytest.raises(SlowChat) as refused:
        say(arun, session, at=NOW + timedelta(seconds=10.5))
    assert (refused.value.retry_after, "20" in str(refused.value.message)) == (20, True)
    say(zoya, session, at=NOW + timedelta(seconds=11))
    for person in (zhuoma, helper):
        say(person, session), say(person, session)
    say(arun, session, at=NOW + timedelta(seconds=30))

    assert ChatMessage.objects.filter(author=arun).count() == 2
    notice = ChatMessage.objects.get(kind="notice")
    assert notice.params == {"event": "slow", "seconds": 30}
    assert ModerationAction.objects.get(kind=ModerationKind.SLOW).reason == "30"


def test_pace_is_set_by_the_crew_within_bounds(session, arun, helper):
    assert as_(arun).put(url(session, "slow-mode/"), {"seconds": 5}).status_code == 404
    assert as_(helper).put(url(session, "slow-mode/"), {"seconds": 301}).status_code == 400
    assert as_(helper).put(url(session, "slow-mode/"), {"seconds": -1}).status_code == 400
    assert as_(helper).put(url(session, "slow-mode/"), {"seconds": 5}).json() == {"seconds": 5}
    assert as_(helper).put(url(session, "slow-mode/"), {"seconds": 5}).json() == {"seconds": 5}

    assert APIClient().get(url(session)).json()["slow_mode_seconds"] == 5
    assert ModerationAction.objects.count() == ChatMessage.objects.count() == 1


def test_a_mute_ends_by_itself(session, arun, helper):
    line = say(arun, session)
    silence(actor=helper, session_id=session.pk, message_id=line.pk, kind="mute", minutes=5, now=NOW)

    with pytest.raises(Muted) as refused:
        say(arun, session, at=NOW + 3 * MINUTE)
    assert refused.value.retry_after == 120
    assert "2" in str(refused.value.message)
    assert [action.person for action in list_silenced(session, now=NOW + 4 * MINUTE)] == [arun]

    assert say(arun, session, at=NOW + 5 * MINUTE)
    assert list_silenced(session, now=NOW + 5 * MINUTE) == []


def test_a_muted_person_goes_on_reading_a_banned_one_does_not(session, arun, zoya, zhuoma):
    lines = {person: say(person, session) for person in (arun, zoya)}
    for person, kind in ((arun, "mute"), (zoya, "ban")):
        silence(actor=zhuoma, session_id=session.pk, message_id=lines[person].pk, kind=kind, now=NOW)

    assert as_(arun).get(url(session, "messages/")).status_code == 200
    assert not is_banned(session_id=session.pk, person_id=arun.pk)
    for rest in ("messages/", "", "rundown/"):
        answer = as_(zoya).get(url(session, rest))
        assert (answer.status_code, answer.json()["code"]) == (403, "banned")
    assert is_banned(session_id=session.pk, person_id=zoya.pk)

    lift_silences(actor=zhuoma, session_id=session.pk, person_id=zoya.pk, now=NOW)
    assert as_(zoya).get(url(session, "messages/")).status_code == 200
    assert not is_banned(session_id=session.pk, person_id=zoya.pk)


def test_banned_page_says_so(session, client, zoya, zhuoma):
    line = say(zoya, session)
    silence(actor=zhuoma, session_id=session.pk, message_id=line.pk, kind="ban", now=NOW)
    client.force_login(zoya, backend="accounts.backends.IdentifierBackend")

    assert client.get(f"/live/{session.pk}/").status_code == 403


def test_mute_and_ban_are_lifted_apart(session, arun, zhuoma):
    line = say(arun, session)
    who = {"actor": zhuoma, "session_id": session.pk, "message_id": line.pk, "now": NOW}
    silence(kind="mute", minutes=60, **who)
    silence(kind="ban", reason="骂人", **who)

    silence(kind="unban", **who)
    with pytest.raises(Muted):
        say(arun, session)
    silence(kind="ban", **who)
    silence(kind="unmute", **who)
    with pytest.raises(Banned):
        say(arun, session)


def test_the_same_ban_is_one_row_and_lifting_nothing_is_refused(session, arun, zhuoma):
    line = say(arun, session)
    host = as_(zhuoma)

    assert host.post(url(session, "mutes/"), {"message": line.pk, "kind": "unmute"}).status_code == 409
    assert host.delete(url(session, f"mutes/{arun.pk}/")).status_code == 404
    for _ in range(2):
        assert host.post(url(session, "mutes/"), {"message": line.pk, "kind": "ban"}).status_code == 201
    assert ModerationAction.objects.filter(kind="ban").count() == 1
    listed = host.get(url(session, "mutes/")).json()
    assert [(one["person"], one["name"], one["kind"]) for one in listed] == [(arun.pk, "阿润", "ban")]
    assert host.delete(url(session, f"mutes/{arun.pk}/")).status_code == 204
    assert host.get(url(session, "mutes/")).json() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": 1, "person": 1},
        {"message": "x"},
        {"person": 1, "kind": "hide"},
        {"person": 1, "minutes": 0},
        {"person": 1, "minutes": 1e9},
    ],
)
def test_crooked_mutes(session, zhuoma, body):
    answer = as_(zhuoma).post(url(session, "mutes/"), body, format="json")

    assert answer.status_code == 400
    assert not ModerationAction.objects.exists()


def test_a_ban_has_no_minutes(session, arun, zhuoma):
    line = say(arun, session)

    answer = as_(zhuoma).post(url(session, "mutes/"), {"message": line.pk, "kind": "ban", "minutes": 5})

    assert answer.status_code == 400
    assert not ModerationAction.objects.exists()


def test_only_people_of_this_room_can_be_named(session, zhuoma, zoya):
    answer = as_(zhuoma).post(url(session, "mutes/"), {"person": zoya.pk, "kind": "ban"})

    assert answer.status_code == 404
    assert not ModerationAction.objects.exists()


@pytest.mark.parametrize("kind", ["mute", "ban"])
def test_the_crew_cannot_be_silenced(session, market, mei, zhuoma, helper, kind):
    for speaker, actor in ((zhuoma, helper), (mei, zhuoma), (helper, zhuoma), (helper, helper)):
        line = say(speaker, session, at=utc_now())
        with pytest.raises(OfTheCrew):
            silence(actor=actor, session_id=session.pk, message_id=line.pk, kind=kind, now=NOW)

    assert not ModerationAction.objects.exists()


def test_strangers_and_buyers_moderate_nothing(session, arun, zoya, operator):
    line = say(arun, session)

    for person in (arun, zoya, operator):
        with pytest.raises(NotFound):
            hide_message(actor=person, message_id=line.pk, now=NOW)
        with pytest.raises(NotFound):
            show_message(actor=person, message_id=line.pk, now=NOW)
        with pytest.raises(NotFound):
            silence(actor=person, session_id=session.pk, message_id=line.pk, kind="mute", now=NOW)
        assert as_(person).get(url(session, "mutes/")).status_code == 404

    line.refresh_from_db()
    assert line.status == MessageStatus.VISIBLE
    assert not ModerationAction.objects.exists()


def test_flood_is_slowed_and_a_refused_line_leaves_nothing(session, arun):
    for _ in range(BURST):
        say(arun, session)

    with pytest.raises(limits.TooMany):
        say(arun, session)

    assert ChatMessage.objects.count() == BURST


def test_ten_thousand_marks_are_refused_or_few(session, arun):
    long = as_(arun).post(url(session, "messages/"), {"text": "a" + "\u0335" * 10_000}, format="json")
    short = as_(arun).post(url(session, "messages/"), {"text": "a" + "\u0335" * 900}, format="json")

    assert long.status_code == 400
    assert (short.status_code, short.json()["text"]) == (201, "a\u0335\u0335")
