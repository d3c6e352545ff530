"""Two phones at the same moment: one sends, the other is told, and no piece is kept for both."""

import threading

import pytest
from django.db import IntegrityError, connection

from common.clock import utc_now
from livestreams.errors import TakeClosed
from livestreams.models import LiveSession, Take
from livestreams.services import receiving
from livestreams.statuses import TakeStatus
from tests.factories.livestreams import MIME, make_session

pytestmark = pytest.mark.django_db(transaction=True)
PHONES = 6
HEADER = b"\x1a\x45\xdf\xa3"


@pytest.fixture
def session(market, valkey, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    settings.LIVE_LEAST_FREE_BYTES = 1
    return make_session(host=market.host, shop=market.shop, at=utc_now())


def together(what) -> None:
    """Call what(number) in threads that start at once."""
    gate = threading.Barrier(PHONES)

    def run(number: int) -> None:
        gate.wait()
        try:
            what(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(PHONES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_e8_phones_that_open_at_once_leave_one_sender(session, zhuoma):
    opened, told = [], []

    def open_and_send(number: int) -> None:
        take = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now()).take
        opened.append(take.pk)
        try:
            receiving.accept_chunk(take_id=take.pk, seq=0, content_type=MIME, data=HEADER, now=utc_now())
        except TakeClosed as closed:
            told.append(closed.reason)

    together(open_and_send)

    takes = list(Take.objects.order_by("number"))
    assert [take.number for take in takes] == list(range(1, PHONES + 1))
    assert [take.status for take in takes[:-1]] == [TakeStatus.CLOSED] * (PHONES - 1)
    assert {take.close_reason for take in takes[:-1]} == {"replaced"}
    assert takes[-1].status == TakeStatus.RECEIVING
    assert (len(opened), set(told) <= {"replaced"}) == (PHONES, True)


def test_control_without_the_lock_the_phones_collide(session, zhuoma, monkeypatch):
    all_have_read = threading.Barrier(PHONES)
    refused = []

    def unlocked(*, actor, session_id):
        found = LiveSession.objects.select_related("host").get(pk=session_id)
        all_have_read.wait()
        return found

    def open_one(_number: int) -> None:
        try:
            receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now())
        except IntegrityError:
            refused.append(1)

    monkeypatch.setattr(receiving, "locked_session", unlocked)
    together(open_one)

    # The database still holds one sender; but phones were refused with an error instead of served in turn.
    assert len(refused) >= 1
    assert Take.objects.filter(status=TakeStatus.RECEIVING).count() == 1


def test_same_chunk_from_many_at_once_is_kept_once(session, zhuoma):
    take = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now()).take
    answers = []

    together(
        lambda number: answers.append(
            receiving.accept_chunk(
                take_id=take.pk,
                seq=0,
                content_type=MIME,
                data=HEADER + bytes([number]) * number,
                now=utc_now(),
            )
        )
    )

    take.refresh_from_db()
    assert (answers, take.next_seq) == ([1] * PHONES, 1)
    (kept,) = receiving.storage.ingest_folder(take.pk).iterdir()
    assert (kept.name, kept.stat().st_size) == ("00000000.chunk", take.received_bytes)
