"""The chunk door: acknowledged means safely kept, and nothing else gets in (rules.md E1, E4, E6)."""

from datetime import timedelta

import pytest

from common.clock import utc_now
from common.signing import sign_token
from livestreams import storage
from livestreams.errors import HostNotActive
from livestreams.models import Take
from livestreams.services import receiving
from livestreams.statuses import TakeStatus
from shops.models import Host
from shops.statuses import HostStatus
from tests.factories.livestreams import MIME, make_session, make_take
from tests.livestreams.door import HEADER, kept, put

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def take(session) -> Take:
    return make_take(session=session, at=utc_now())


def test_chunks_are_kept_in_order(take):
    first = put(take.pk, 0, HEADER + b"one")
    second = put(take.pk, 1, b"two")

    assert (first, second) == ((200, {"next": 1}), (200, {"next": 2}))
    assert kept(take) == ["00000000.chunk", "00000001.chunk"]
    assert storage.chunk_path(take.pk, 1).read_bytes() == b"two"
    take.refresh_from_db()
    assert (take.next_seq, take.received_bytes) == (2, 10)
    assert take.last_chunk_at is not None


def test_same_number_again_keeps_the_first(take):
    put(take.pk, 0, HEADER + b"one")

    again = put(take.pk, 0, HEADER + b"another")

    assert again == (200, {"next": 1})
    assert storage.chunk_path(take.pk, 0).read_bytes() == HEADER + b"one"
    take.refresh_from_db()
    assert take.received_bytes == 7


def test_gap_names_the_next_number(take):
    put(take.pk, 0, HEADER)

    status, answer = put(take.pk, 2, b"three")

    assert (status, answer["code"], answer["next"]) == (409, "chunk_gap", 1)
    assert kept(take) == ["00000000.chunk"]


def test_chunk_written_before_a_crash_is_adopted(take):
    storage.chunk_path(take.pk, 0).parent.mkdir(parents=True)
    storage.chunk_path(take.pk, 0).write_bytes(HEADER + b"before the crash")

    answer = put(take.pk, 0, HEADER + b"before the crash")

    assert answer == (200, {"next": 1})
    take.refresh_from_db()
    assert (take.next_seq, take.received_bytes) == (1, 20)


@pytest.mark.parametrize("forge", ["garbage", "purpose", "other take", "none", "expired"])
def test_wrong_tokens_are_refused(take, session, settings, forge):
    payload = {"take": take.pk, "user": 1}
    token = {
        "garbage": "not-a-token",
        "purpose": sign_token(purpose="source", payload=payload),
        "other take": sign_token(purpose="take", payload=payload | {"take": take.pk + 1}),
        "none": " ",
        "expired": sign_token(purpose="take", payload=payload),
    }[forge]
    if forge == "expired":
        settings.TAKE_TOKEN_SECONDS = -1

    status, answer = put(take.pk, 0, HEADER, token=token)

    assert (status, answer["code"]) == (401, "bad_token")
    assert kept(take) == []


def test_too_large_is_refused_by_header_and_by_bytes(take, settings):
    settings.CHUNK_MAX_BYTES = 16

    by_header = put(take.pk, 0, HEADER, length=17)
    by_bytes = put(take.pk, 0, HEADER + b"x" * 13)

    assert [status for status, _ in (by_header, by_bytes)] == [413, 413]
    assert by_bytes[1]["code"] == "too_large"
    assert kept(take) == []


def test_closed_take_takes_no_more(take):
    put(take.pk, 0, HEADER)
    receiving.close_receiving_take(take_id=take.pk, reason="stopped", now=utc_now())

    status, answer = put(take.pk, 1, b"late")

    assert (status, answer["code"], answer["reason"]) == (409, "take_closed", "stopped")
    assert put(take.pk, 0, HEADER)[0] == 200
    assert kept(take) == ["00000000.chunk"]


def test_e1_a_suspended_host_sends_no_picture(take, session, zhuoma):
    put(take.pk, 0, HEADER)
    Host.objects.filter(pk=session.host_id).update(status=HostStatus.SUSPENDED)

    status, answer = put(take.pk, 1, b"after")
    with pytest.raises(HostNotActive):
        receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now())

    assert (status, answer["code"], answer["reason"]) == (409, "take_closed", "host_not_active")
    assert (kept(take), Take.objects.count()) == (["00000000.chunk"], 1)


def test_what_is_no_recording_is_refused(take):
    wrong_bytes = put(take.pk, 0, b"<html>hello</html>")
    wrong_type = put(take.pk, 0, HEADER, content_type="text/html")
    empty = put(take.pk, 0, b"")

    assert [status for status, _ in (wrong_bytes, wrong_type, empty)] == [415, 415, 400]
    assert kept(take) == []


@pytest.mark.parametrize("seq", ["99999999999999999999", "2000001"])
def test_hostile_numbers(take, seq):
    status, _ = put(take.pk, seq, HEADER)

    assert status in (404, 413)
    assert kept(take) == []


def test_unknown_take(take):
    assert put(take.pk + 999, 0, HEADER)[0] == 404


def test_full_disk_is_told_and_nothing_is_half_written(take, settings):
    settings.LIVE_LEAST_FREE_BYTES = 2**60

    status, answer = put(take.pk, 0, HEADER)

    assert (status, answer["code"]) == (507, "disk_full")
    assert kept(take) == []


def test_flood_is_slowed(take, monkeypatch):
    monkeypatch.setattr(receiving, "BURST_BYTES", 8)
    Take.objects.filter(pk=take.pk).update(started_at=utc_now() + timedelta(minutes=1))

    status, answer = put(take.pk, 0, HEADER + b"flood")

    assert (status, answer["code"]) == (429, "too_many")
    assert kept(take) == []


def test_newer_phone_wins(take, session, zhuoma):
    grant = receiving.open_take(actor=zhuoma, session_id=session.pk, mime=MIME, now=utc_now())

    take.refresh_from_db()
    assert (take.status, take.close_reason) == (TakeStatus.CLOSED, "replaced")
    assert (grant.take.number, grant.resume_from) == (2, 0)
    told = put(take.pk, 0, HEADER)[1]
    assert (told["code"], told["reason"]) == ("take_closed", "replaced")
    assert put(grant.take.pk, 0, HEADER, token=grant.upload_token) == (200, {"next": 1})


@pytest.mark.parametrize(
    "mime",
    [
        "video/quicktime",
        "text/html",
        "video/webm",
        "video/webm;codecs=../../etc",
        "video/webm;codecs=h264,exe",
    ],
)
def test_unknown_recordings_are_refused(session, zhuoma, mime):
    with pytest.raises(receiving.UnknownRecording):
        receiving.open_take(actor=zhuoma, session_id=session.pk, mime=mime, now=utc_now())

    assert Take.objects.count() == 0


def test_only_so_many_transcoded_streams(session, market, zhuoma, settings):
    settings.TRANSCODED_STREAMS_MAX = 1
    other = make_session(host=market.host, shop=market.shop)
    make_take(session=other, mime="video/webm;codecs=vp8,opus")

    with pytest.raises(receiving.TooManyTranscodes):
        receiving.open_take(
            actor=zhuoma, session_id=session.pk, mime="video/webm;codecs=vp8,opus", now=utc_now()
        )
