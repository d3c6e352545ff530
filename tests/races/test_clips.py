"""Two taps on the same chapter at once make one clip (Clip.clip_once, and the replay's row is locked)."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections

from common.clock import utc_now
from common.models import OutboxMessage
from livestreams.models import Chapter, Clip, Replay
from livestreams.services.clipping import request_clip
from tests.factories.livestreams import add_to_rundown, make_pin, make_session

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture
def chapter(market, valkey) -> Chapter:
    session = make_session(host=market.host, shop=market.shop, status="ended")
    pin = make_pin(item=add_to_rundown(session=session, variant=market.variant))
    replay = Replay.objects.create(
        session=session, status="ready", playlist_path="public/live/x/full.m3u8", duration_ms=60_000,
        created_at=utc_now(),
    )  # fmt: skip
    return Chapter.objects.create(replay=replay, pin_event=pin, title="青稞", starts_ms=5000)


def at_once(work) -> list:
    barrier = Barrier(THREADS)

    def one(_):
        try:
            barrier.wait()
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_one_clip_is_made_and_everybody_gets_it(chapter, zhuoma):
    session_id = chapter.replay.session_id

    answers = at_once(
        lambda: request_clip(actor=zhuoma, session_id=session_id, chapter_id=chapter.pk, now=utc_now())
    )

    clip = Clip.objects.get()
    assert {answer.pk for answer, _ in answers} == {clip.pk}
    assert sorted(is_new for _, is_new in answers) == [False] * (THREADS - 1) + [True]
    assert OutboxMessage.objects.filter(task="livestreams.make_clip").count() == 1


def new_clip(chapter: Chapter) -> Clip:
    values = {"title": "x", "starts_ms": 5000, "ends_ms": 60_000, "created_at": utc_now()}
    return Clip.objects.create(replay=chapter.replay, **values)


def test_control_without_lock_and_constraint_makes_several(chapter):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE livestreams_clip DROP CONSTRAINT clip_once")
    looked = Barrier(THREADS)

    def careless():
        is_there = Clip.objects.filter(replay=chapter.replay, starts_ms=5000).exists()
        looked.wait()
        return is_there or new_clip(chapter)

    try:
        at_once(careless)
        assert Clip.objects.count() > 1
    finally:
        Clip.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE livestreams_clip ADD CONSTRAINT clip_once UNIQUE (replay_id, starts_ms, ends_ms)"
            )


def test_database_itself_refuses_a_second_clip(chapter):
    new_clip(chapter)

    with pytest.raises(IntegrityError):
        new_clip(chapter)
