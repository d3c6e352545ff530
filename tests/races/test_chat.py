"""Many hands in one chat: slow mode, sales of one moment, two moderators, a helper banned meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from django.db import connections

from common.clock import utc_now
from common.errors import MarketError
from livestreams.models import ChatMessage, ModerationAction, SessionModerator
from livestreams.services import announcing, appointing, chatting, silencing
from livestreams.services.announcing import announce_sale
from livestreams.services.appointing import appoint_author
from livestreams.services.chatting import post_message
from livestreams.services.moderating import hide_message, show_message
from livestreams.services.silencing import silence
from livestreams.statuses import MessageStatus
from tests.factories.livestreams import make_session

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture
def session(market, valkey):
    return make_session(host=market.host, shop=market.shop, at=utc_now())


def at_once(works) -> list:
    barrier = Barrier(len(works))

    def one(work):
        try:
            barrier.wait()
            return work()
        except MarketError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def post_all_at_once(session, person) -> list:
    session.slow_mode_seconds = 30
    session.save(update_fields=["slow_mode_seconds"])
    now = utc_now()
    return at_once([lambda: post_message(author=person, session_id=session.pk, text="好吃", now=now)] * 4)


def test_slow_mode_lets_one_of_many_at_once_through(session, arun):
    answers = post_all_at_once(session, arun)

    assert answers.count("slow_chat") == 3
    assert ChatMessage.objects.count() == 1


def test_control_without_the_lock_slow_mode_lets_several_through(session, arun, monkeypatch):
    looked = Barrier(4)
    # In place of the lock all look before anybody writes.
    monkeypatch.setattr(chatting, "lock", lambda name: None)
    original = chatting.ChatMessage.objects.create
    monkeypatch.setattr(
        chatting.ChatMessage.objects, "create", lambda **values: (looked.wait(5), original(**values))[1]
    )

    post_all_at_once(session, arun)

    assert ChatMessage.objects.count() == 4


def sell_at_once(session) -> list[dict]:
    now = utc_now()
    at_once(
        [
            lambda number=number: announce_sale(
                session_id=session.pk, buyer_masked="阿*", title="米", quantity=1,
                now=now + timedelta(milliseconds=number),
            )
            for number in range(THREADS)
        ]
    )  # fmt: skip
    return list(ChatMessage.objects.values_list("params", flat=True))


def test_sales_of_one_moment_are_all_counted(session):
    people = [params["people"] for params in sell_at_once(session)]

    # Each belongs to one line; a sale that comes a few milliseconds "before" the line's own begins another.
    assert sum(people) == THREADS


def test_control_without_the_lock_sales_are_lost_or_flood(session, monkeypatch):
    looked = Barrier(THREADS)
    monkeypatch.setattr(announcing, "lock", lambda name: None)
    original = announcing._line_of_last_sale
    monkeypatch.setattr(
        announcing, "_line_of_last_sale", lambda *where: (original(*where), looked.wait(5))[0]
    )

    assert len(sell_at_once(session)) == THREADS


def test_two_moderators_decide_about_one_line(session, arun, zhuoma, mei):
    line = ChatMessage.objects.create(
        session=session, author=arun, text="www.example.com", status="held", created_at=utc_now()
    )
    moves = [
        lambda: show_message(actor=zhuoma, message_id=line.pk, now=utc_now()),
        lambda: hide_message(actor=mei, message_id=line.pk, now=utc_now()),
    ] * 3

    at_once(moves)

    # The row is in the state that the last entry of the log says, and no entry repeats the one before.
    kinds = list(ModerationAction.objects.order_by("pk").values_list("kind", flat=True))
    line.refresh_from_db()
    assert line.status == {"show": MessageStatus.VISIBLE, "hide": MessageStatus.HIDDEN}[kinds[-1]]
    assert all(one != following for one, following in pairwise(kinds))


def test_one_ban_by_many_is_one_row(session, arun, zhuoma, mei):
    line = ChatMessage.objects.create(session=session, author=arun, text="x", created_at=utc_now())
    who = {"session_id": session.pk, "message_id": line.pk, "kind": "ban"}

    at_once([lambda actor=actor: silence(actor=actor, now=utc_now(), **who) for actor in (zhuoma, mei)] * 1)

    assert ModerationAction.objects.filter(kind="ban").count() == 1


def appoint_and_ban(session, arun, zhuoma, mei) -> tuple[bool, bool]:
    line = ChatMessage.objects.create(session=session, author=arun, text="x", created_at=utc_now())
    at_once(
        [
            lambda: appoint_author(actor=zhuoma, session_id=session.pk, message_id=line.pk, now=utc_now()),
            lambda: silence(actor=mei, session_id=session.pk, message_id=line.pk, kind="ban", now=utc_now()),
        ]
    )
    standing = silencing.standing_of(session_id=session.pk, person_id=arun.pk, now=utc_now())
    return SessionModerator.objects.filter(user=arun).exists(), standing.ban is not None


@pytest.mark.parametrize("turn", range(4))
def test_nobody_is_moderator_and_banned(session, arun, zhuoma, mei, turn):
    is_moderator, is_banned = appoint_and_ban(session, arun, zhuoma, mei)

    assert (is_moderator, is_banned) == (True, False)


def test_control_without_the_lock_somebody_is_both(session, arun, zhuoma, mei, monkeypatch):
    looked = Barrier(2)
    monkeypatch.setattr(silencing, "lock", lambda name: None)
    is_crew, lift_all = silencing._is_crew, appointing.lift_all
    monkeypatch.setattr(silencing, "_is_crew", lambda *who: (is_crew(*who), looked.wait(5))[0])
    monkeypatch.setattr(appointing, "lift_all", lambda **who: (lift_all(**who), looked.wait(5))[0])

    assert appoint_and_ban(session, arun, zhuoma, mei) == (True, True)
