"""What a broken or hostile phone does to the chunk door (rules.md E6), and what it is told."""

import json
import random
import time
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from common.clock import utc_now
from livestreams import storage
from livestreams.broadcaster.loop import Broadcaster
from livestreams.errors import TakenOver
from livestreams.models import Replay, Take
from livestreams.services import keys, presenting, receiving, rtmp_receiving
from livestreams.statuses import TakeStatus
from tests.factories.livestreams import MIME, cut, make_take, record
from tests.livestreams.door import HEADER, kept, knock, put

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def take(session) -> Take:
    return make_take(session=session, at=utc_now())


def work(until, seconds: float = 60, meanwhile=lambda: None) -> None:
    """Let a broadcaster tick until something is so."""
    broadcaster = Broadcaster()
    give_up = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < give_up, "the broadcaster did not get there"
        broadcaster.look()
        broadcaster.step()
        meanwhile()
        time.sleep(0.05)


def is_complete() -> bool:
    return Replay.objects.exclude(playlist_path="").exists()


def test_e6_repeated_chunks_are_kept_once(take):
    answers = [put(take.pk, 0, HEADER + b"one") for _ in range(20)]

    assert answers == [(200, {"next": 1})] * 20
    take.refresh_from_db()
    assert (kept(take), take.next_seq, take.received_bytes) == (["00000000.chunk"], 1, 7)


def test_e6_missing_chunk_stops_what_comes_after(take):
    put(take.pk, 0, HEADER)

    answers = [put(take.pk, seq, b"late") for seq in range(2, 12)]

    assert {(status, answer["code"], answer["next"]) for status, answer in answers} == {(409, "chunk_gap", 1)}
    assert kept(take) == ["00000000.chunk"]


def test_e6_chunks_in_any_order_end_in_theirs(take):
    chunks = [HEADER + b"0", *(str(number).encode() for number in range(1, 12))]
    order = list(range(len(chunks)))
    shuffled = random.Random(7)

    for _ in range(len(chunks)):
        shuffled.shuffle(order)
        for seq in order:
            put(take.pk, seq, chunks[seq])

    kept_bytes = [storage.chunk_path(take.pk, seq).read_bytes() for seq in range(len(chunks))]
    take.refresh_from_db()
    assert (kept_bytes, take.next_seq) == (chunks, len(chunks))
    assert take.received_bytes == sum(map(len, chunks))


def test_e6_chunk_cut_off_on_its_way_leaves_nothing(take):
    half = [{"type": "http.request", "body": HEADER, "more_body": True}, {"type": "http.disconnect"}]

    answer = knock(take.pk, 0, half, length=7)

    take.refresh_from_db()
    assert (answer, kept(take), take.next_seq) == ([], [], 0)
    assert put(take.pk, 0, HEADER + b"one") == (200, {"next": 1})
    assert storage.chunk_path(take.pk, 0).read_bytes() == HEADER + b"one"


def test_e6_hundred_megabytes_are_refused_before_they_are_read(take):
    nothing_to_read: list[dict] = []

    started, body = knock(take.pk, 0, nothing_to_read, length=100 * 1024 * 1024)

    assert (started["status"], json.loads(body["body"])["code"]) == (413, "too_large")
    assert (b"connection", b"close") in started["headers"]
    assert kept(take) == []


def test_e6_endless_body_without_a_length_is_cut_off(take, settings):
    settings.CHUNK_MAX_BYTES = 1000
    endless = [{"type": "http.request", "body": b"x" * 300, "more_body": True} for _ in range(100)]

    started, _ = knock(take.pk, 0, endless)

    assert started["status"] == 413
    assert (len(endless), kept(take)) == (96, [])


def test_e6_chunk_for_an_ended_show_is_refused_with_the_reason(take, session, zhuoma):
    put(take.pk, 0, HEADER)
    presenting.end_session(actor=zhuoma, session_id=session.pk, now=utc_now())

    status, answer = put(take.pk, 1, b"after the end")

    assert (status, answer["code"], answer["reason"]) == (409, "take_closed", "ended")
    assert answer["message"] == "直播已经结束。"
    assert kept(take) == ["00000000.chunk"]


def test_e6_truncated_chunk_costs_a_moment_not_the_show(take, session, zhuoma, tmp_path):
    chunks = cut(record(seconds=8, folder=tmp_path), 8)
    chunks[3] = chunks[3][: len(chunks[3]) // 3]
    for seq, chunk in enumerate(chunks):
        assert put(take.pk, seq, chunk) == (200, {"next": seq + 1})
    presenting.end_session(actor=zhuoma, session_id=session.pk, now=utc_now())

    work(is_complete)

    take.refresh_from_db()
    assert 5000 <= take.duration_ms <= 8200


def test_e6_another_codec_than_was_said_is_given_up_and_told(take, session, zhuoma, tmp_path, monkeypatch):
    monkeypatch.setattr("livestreams.broadcaster.publishing.FIRST_BACKOFF", 0.01)
    chunks = cut(record(seconds=3, folder=tmp_path, codec="libvpx"), 100)
    answers = []

    def send_on():
        answers.append(put(take.pk, len(answers), chunks[len(answers) % 100]))

    send_on()
    work(lambda: Take.objects.get(pk=take.pk).finished_at is not None, meanwhile=send_on)

    status, answer = put(take.pk, len(answers), b"more")
    assert answers[0] == (200, {"next": 1})
    assert (status, answer["code"], answer["reason"]) == (409, "take_closed", "unreadable")
    good = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now()).take
    for seq, chunk in enumerate(cut(record(seconds=3, folder=tmp_path), 3)):
        put(good.pk, seq, chunk)
    presenting.end_session(actor=zhuoma, session_id=session.pk, now=utc_now())
    work(is_complete)
    good.refresh_from_db()
    assert abs(good.duration_ms - 3000) <= 500


def test_first_chunk_says_when_the_recorder_began(take):
    put(take.pk, 0, HEADER, query="began_ms=350")
    put(take.pk, 0, HEADER, query="began_ms=9000")
    put(take.pk, 1, b"more", query="began_ms=9000")

    take.refresh_from_db()
    assert take.began_at - take.started_at == timedelta(milliseconds=350)


@pytest.mark.parametrize(
    ("began_ms", "seconds"), [(600_000, 60), (999_999_999, 60), (-600_000, -30), (-999_999_999, -30)]
)
def test_e6_stopwatch_off_by_ten_minutes_moves_nothing_far(session, began_ms, seconds):
    """The show began 30 s before the take: nothing was recorded earlier, and nothing begins after 60 s."""
    take = make_take(session=session, at=session.started_at + timedelta(seconds=30))

    assert put(take.pk, 0, HEADER, query=f"began_ms={began_ms}") == (200, {"next": 1})

    take.refresh_from_db()
    assert take.began_at == take.started_at + timedelta(seconds=seconds)


def test_recorder_that_began_in_a_tunnel_began_after_the_take_before(session):
    at = session.started_at + timedelta(minutes=1)
    make_take(session=session, at=at, began_at=at + timedelta(seconds=1), status=TakeStatus.CLOSED)
    late = make_take(session=session, number=2, at=at + timedelta(seconds=40))

    put(late.pk, 0, HEADER, query="began_ms=-25000")
    Take.objects.filter(pk=late.pk).update(status=TakeStatus.CLOSED)
    next_take = make_take(session=session, number=3, at=at + timedelta(seconds=90))
    put(next_take.pk, 0, HEADER, query="began_ms=-85000")

    late.refresh_from_db()
    next_take.refresh_from_db()
    assert late.began_at == at + timedelta(seconds=15)
    assert next_take.began_at == late.began_at


@pytest.mark.parametrize("query", ["began_ms=", "began_ms=NaN", "began_ms=1.5", "began_ms=1&began_ms=2",
                                   "began_ms=99999999999"])  # fmt: skip
def test_hostile_stopwatch_is_refused(take, query):
    status, answer = put(take.pk, 0, HEADER, query=query)

    take.refresh_from_db()
    assert (status, answer["code"], kept(take), take.began_at) == (400, "invalid", [], None)


def test_phone_out_of_a_tunnel_does_not_win_the_picture_back(take, session, zhuoma):
    newer = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now()).take
    put(newer.pk, 0, HEADER)

    with pytest.raises(TakenOver):
        receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, after=take.pk, now=utc_now())

    assert Take.objects.get(status=TakeStatus.RECEIVING).pk == newer.pk
    # A person who taps "send from this phone again" does.
    again = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now()).take
    assert put(newer.pk, 1, b"more")[1]["reason"] == "replaced"
    assert Take.objects.get(status=TakeStatus.RECEIVING).pk == again.pk


def test_take_whose_answer_was_lost_does_not_lock_its_own_phone_out(take, session, zhuoma):
    now = utc_now()
    receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, after=take.pk, now=now)

    with pytest.raises(TakenOver):
        receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, after=take.pk, now=now)
    later = now + timedelta(seconds=7)
    grant = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, after=take.pk, now=later)

    assert (grant.take.number, grant.resume_from) == (3, 0)


def test_phone_is_told_that_obs_has_taken_over(take, session, zhuoma, valkey):
    put(take.pk, 0, HEADER)
    secret = keys.issue_key(actor=zhuoma, session_id=session.pk, now=utc_now())[1]

    rtmp_receiving.open_take(secret=secret, connection="1", address="203.0.113.9", now=utc_now())

    status, answer = put(take.pk, 1, b"more")
    assert (status, answer["code"], answer["reason"]) == (409, "take_closed", "replaced")
    client = APIClient()
    client.force_login(zhuoma)
    renewed = client.post(f"/api/v1/live-sessions/{session.pk}/takes/{take.pk}/token/")
    assert (renewed.status_code, renewed.json()["code"], renewed.json()["reason"]) == (
        409,
        "take_closed",
        "replaced",
    )
