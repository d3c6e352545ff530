"""The media key and the hooks: who may, what is kept, what a forged or hostile question changes."""

import hashlib
import os
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from common.clock import utc_now
from common.errors import TooMany
from common.models import AuditEntry
from common.signing import BadToken, sign_token
from livestreams import storage
from livestreams.errors import DiskFull, TakeClosed, TakenOver
from livestreams.models import MediaKey, SessionModerator, Take
from livestreams.services import keys, presenting, receiving, rtmp_receiving
from livestreams.statuses import SessionStatus, TakeStatus
from shops.statuses import HostStatus
from tests.factories.livestreams import make_session, make_take

pytestmark = pytest.mark.django_db
WRONG = "vmk_" + "A" * 43
HEADER = b"FLV\x01\x05\0\0\0\x09\0\0\0\0"


def as_(user) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def url(session) -> str:
    return f"/api/v1/live-sessions/{session.pk}/media-key/"


def hook(question: str, token: str | None = None, **fields):
    token = sign_token(purpose="media_hook", payload={}) if token is None else token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    values = {"clientid": "7", "addr": "203.0.113.9"} | fields
    return Client().post(f"/hooks/media/{question}/", values, headers=headers)


def tag(kind: int, at_ms: int, body: bytes) -> bytes:
    clock = at_ms.to_bytes(4)
    head = bytes([kind]) + len(body).to_bytes(3) + clock[1:] + clock[:1] + b"\0\0\0"
    return head + body + (11 + len(body)).to_bytes(4)


def video(at_ms: int, size: int = 400) -> bytes:
    return tag(9, at_ms, b"\x17\x01" + os.urandom(size))


def write(take: Take, data: bytes) -> None:
    path = storage.rtmp_path(take.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


@pytest.fixture
def key(session, zhuoma) -> str:
    return keys.issue_key(actor=zhuoma, session_id=session.pk, now=utc_now())[1]


@pytest.fixture
def take(session, key) -> Take:
    return rtmp_receiving.open_take(secret=key, connection="7", address="203.0.113.9", now=utc_now())


def test_key_is_shown_once_and_only_its_hash_is_kept(session, zhuoma, arun, settings):
    settings.RTMP_URL = "rtmp://market.example/live"

    made = as_(zhuoma).post(url(session))

    secret = made.json()["key"]
    assert made.status_code == 201
    assert made.json() == {"key": secret, "server_url": settings.RTMP_URL, "hint": secret[-4:]}
    assert (secret[:4], len(secret), "no-store" in made["Cache-Control"]) == ("vmk_", 47, True)
    kept = MediaKey.objects.get()
    assert kept.digest == hashlib.sha256(secret.encode()).hexdigest()
    seen = as_(zhuoma).get(url(session))
    room = as_(arun).get(f"/api/v1/live-sessions/{session.pk}/")
    assert {name: seen.json()[name] for name in ("hint", "is_active", "state", "refused")} == {
        "hint": secret[-4:], "is_active": True, "state": "waiting", "refused": "",
    }  # fmt: skip
    trail = [f"{entry.before} {entry.after} {entry.reason}" for entry in AuditEntry.objects.all()]
    assert not any(secret in text for text in (seen.content.decode(), room.content.decode(), *trail))
    assert list(AuditEntry.objects.values_list("action", "target")) == [
        ("livestreams.issue_key", f"mediakey:{kept.pk}")
    ]


def test_only_presenters_have_a_key(session, market, zhuoma, mei, arun, zoya):
    SessionModerator.objects.create(session=session, user=arun, created_at=utc_now())
    for user in (arun, zoya):
        client = as_(user)
        calls = (client.get, client.post, client.delete)
        assert [call(url(session)).status_code for call in calls] == [404, 404, 404]
    assert APIClient().post(url(session)).status_code == 401
    assert MediaKey.objects.count() == 0
    assert as_(mei).post(url(session)).status_code == 201


def test_no_key_for_a_show_that_is_over(market, zhuoma):
    over = make_session(host=market.host, shop=market.shop, status=SessionStatus.ENDED)

    answer = as_(zhuoma).post(url(over))

    assert (answer.status_code, answer.json()["code"]) == (409, "session_over")
    assert MediaKey.objects.count() == 0


def test_rotating_and_revoking_close_what_began_under_the_key(session, zhuoma, key, take):
    second = as_(zhuoma).post(url(session)).json()["key"]
    take.refresh_from_db()
    assert (take.status, take.close_reason) == (TakeStatus.CLOSED, "revoked")
    assert keys.find_key(key) is None
    assert keys.find_key(second).session_id == session.pk

    assert as_(zhuoma).delete(url(session)).status_code == 204
    assert as_(zhuoma).delete(url(session)).status_code == 204

    assert keys.find_key(second) is None
    assert MediaKey.objects.filter(revoked_at=None).count() == 0


def test_revoking_leaves_the_picture_of_a_phone(session, zhuoma, key):
    phone = make_take(session=session, at=utc_now())

    keys.revoke_key(actor=zhuoma, session_id=session.pk, now=utc_now())

    phone.refresh_from_db()
    assert phone.status == TakeStatus.RECEIVING


def test_operator_revokes_with_a_reason(session, key, take, operator, zhuoma):
    kept = MediaKey.objects.get()
    client = Client()
    client.force_login(operator, backend="accounts.backends.IdentifierBackend")

    page = client.get(f"/admin/livestreams/mediakey/{kept.pk}/change/")
    keys.revoke_by_operator(actor=operator, key_id=kept.pk, reason="seen in a chat", now=utc_now())

    assert "revoke" in page.content.decode()
    assert kept.digest not in page.content.decode()
    take.refresh_from_db()
    assert take.close_reason == "revoked"
    entry = AuditEntry.objects.get(action="livestreams.revoke_key")
    assert (entry.actor, entry.reason) == (f"user:{operator.pk}", "seen in a chat")
    with pytest.raises(keys.MoveRefused):
        keys.revoke_by_operator(actor=operator, key_id=kept.pk, reason="again", now=utc_now())
    with pytest.raises(keys.NotAllowed):
        keys.revoke_by_operator(actor=zhuoma, key_id=kept.pk, reason="mine", now=utc_now())


@pytest.mark.parametrize("name", ["publish", "update", "done"])
@pytest.mark.parametrize("token", ["", "forged", "of another purpose"])
def test_anonymous_and_forged_hooks_change_nothing(session, key, take, name, token):
    """E3."""
    if token == "of another purpose":
        token = sign_token(purpose="take", payload={"take": take.pk})

    answer = hook(name, token, name=key)

    assert answer.status_code == 401
    assert Take.objects.get().status == TakeStatus.RECEIVING


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", "take-1", "a\nb", "x" * 300, "世界", WRONG, WRONG + "\n", "vmk_\0"],
)
def test_hostile_stream_names_are_refused(session, key, name):
    """E1, E4."""
    answer = hook("publish", name=name)

    assert answer.status_code in (400, 403)
    assert "Location" not in answer
    assert Take.objects.count() == 0
    assert not storage.rtmp_folder().exists()


def test_what_a_sender_adds_does_not_count(session, key):
    """The media server hands on a stream name's arguments as they are: a second field is nobody's word."""
    for field in ("name", "clientid", "addr"):
        values = {"name": key, "clientid": "7", "addr": "203.0.113.9"}
        assert hook("publish", **values | {field: [values[field], values[field]]}).status_code == 400
    assert hook("publish", name=key, clientid="7 or 1").status_code == 403
    assert hook("publish", name=key, swfurl="x" * 9000).status_code == 413
    assert Take.objects.count() == 0


def test_publish_answers_with_a_name_of_ours(session, key):
    answer = hook("publish", name=key)

    take = Take.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"take-{take.pk}")
    assert (take.kind, take.connection, "203.0.113.9" in take.origin) == ("rtmp", "7", False)
    assert hook("update", name=key).status_code == 204
    assert hook("update", name=key, clientid="8").status_code == 403


def test_show_that_is_not_on_air_is_not_begun(market, zhuoma, valkey):
    soon = make_session(
        host=market.host,
        shop=market.shop,
        status=SessionStatus.SCHEDULED,
        at=utc_now() + timedelta(minutes=10),
    )
    secret = keys.issue_key(actor=zhuoma, session_id=soon.pk, now=utc_now())[1]

    answer = hook("publish", name=secret)

    assert (answer.status_code, answer.content) == (409, b"not_on_air")
    soon.refresh_from_db()
    assert soon.status == SessionStatus.SCHEDULED
    assert as_(zhuoma).get(url(soon)).json()["refused"] == "not_on_air"
    presenting.start_session(actor=zhuoma, session_id=soon.pk, now=utc_now())
    assert hook("publish", name=secret).status_code == 302


def test_key_of_another_show_opens_only_that_one(session, market, zhuoma, key, valkey):
    other = make_session(host=market.host, shop=market.shop)
    theirs = keys.issue_key(actor=zhuoma, session_id=other.pk, now=utc_now())[1]

    hook("publish", name=theirs)

    assert Take.objects.get().broadcast.session_id == other.pk
    assert hook("update", name=key).status_code == 403


def test_suspended_host_is_cut_off(session, market, key, take):
    market.host.status = HostStatus.SUSPENDED
    market.host.save(update_fields=["status"])

    assert hook("update", name=key).status_code == 403
    assert hook("publish", name=key).status_code == 403


def test_guessing_and_flooding_are_slowed(session, key, valkey):
    """E6."""
    guesses = [hook("publish", name=WRONG).status_code for _ in range(25)]
    floods = [hook("publish", name=key).status_code for _ in range(65)]

    assert (guesses.count(403), guesses.count(429)) == (20, 5)
    assert floods.count(302) <= 60
    assert floods[-1] == 429
    with pytest.raises(TooMany):
        rtmp_receiving.open_take(secret=key, connection="1", address="198.51.100.1", now=utc_now())


def test_app_that_connects_again_does_not_win_back(session, key, take):
    now = utc_now()
    newer = rtmp_receiving.open_take(secret=key, connection="8", address="198.51.100.1", now=now)

    with pytest.raises(TakenOver):
        rtmp_receiving.open_take(secret=key, connection="9", address="203.0.113.9", now=now)
    assert Take.objects.get(status=TakeStatus.RECEIVING).pk == newer.pk
    silent = now + timedelta(seconds=7)
    assert rtmp_receiving.open_take(secret=key, connection="9", address="203.0.113.9", now=silent).number == 3


def test_file_is_cut_between_its_tags_and_nothing_comes_twice(session, take):
    first, second = HEADER + video(0) + video(40), video(80)
    write(take, first + second[:-3])

    assert rtmp_receiving.drain(take_id=take.pk, now=utc_now()) is True
    assert rtmp_receiving.drain(take_id=take.pk, now=utc_now()) is True
    write(take, second[-3:])
    rtmp_receiving.drain(take_id=take.pk, now=utc_now())

    take.refresh_from_db()
    assert (take.next_seq, take.received_bytes) == (2, len(first + second))
    assert storage.chunk_path(take.pk, 0).read_bytes() == first
    assert storage.chunk_path(take.pk, 1).read_bytes() == second


def test_chunk_that_was_kept_before_a_crash_is_counted_as_it_is(session, take):
    """Killed between keeping and counting: the next look finds more in the file, the kept piece stands."""
    first, second = HEADER + video(0), video(40)
    storage.ingest_folder(take.pk).mkdir(parents=True)
    storage.chunk_path(take.pk, 0).write_bytes(first)
    write(take, first + second)

    rtmp_receiving.drain(take_id=take.pk, now=utc_now())

    take.refresh_from_db()
    assert (take.next_seq, take.received_bytes) == (2, len(first + second))
    assert storage.chunk_path(take.pk, 1).read_bytes() == second


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\nfile:///etc/passwd\n",
        HEADER + os.urandom(500),
        HEADER + tag(9, 0, b"\x12" + b"h263" * 20),
        HEADER + tag(9, 0, b"\x90hvc1" + b"hevc" * 20),
        HEADER + tag(9, 0, b"\x17")[:-4] + b"\0\0\0\0",
    ],
    ids=["playlist", "rubbish", "h263", "hevc", "wrong length"],
)
def test_what_cannot_be_shown_closes_the_take(session, take, data):
    """E5."""
    write(take, data)

    rtmp_receiving.drain(take_id=take.pk, now=utc_now())

    take.refresh_from_db()
    assert (take.status, take.close_reason, take.next_seq) == (TakeStatus.CLOSED, "unreadable", 0)


def test_media_zero_is_when_the_first_picture_came(session, take):
    Take.objects.filter(pk=take.pk).update(started_at=utc_now() - timedelta(minutes=1))
    write(take, HEADER + video(0) + video(5000))
    written_at = storage.rtmp_path(take.pk).stat().st_mtime

    rtmp_receiving.drain(take_id=take.pk, now=utc_now() + timedelta(seconds=30))

    take.refresh_from_db()
    assert abs(take.began_at.timestamp() - (written_at - 5)) < 0.01


def test_link_in_the_folder_is_not_followed(session, take, tmp_path):
    target = tmp_path / "secret"
    target.write_bytes(HEADER + video(0))
    storage.rtmp_folder().mkdir(parents=True)
    storage.rtmp_path(take.pk).symlink_to(target)

    rtmp_receiving.drain(take_id=take.pk, now=utc_now())
    presenting.close_session(session=session, now=utc_now(), reason="")
    rtmp_receiving.remove_finished()

    take.refresh_from_db()
    assert (take.next_seq, target.exists(), storage.rtmp_path(take.pk).is_symlink()) == (0, True, False)


def test_full_disk_stops_the_sender_and_refuses_the_next(session, key, take, settings):
    write(take, HEADER + video(0))
    settings.LIVE_LEAST_FREE_BYTES = 2**62

    assert rtmp_receiving.drain(take_id=take.pk, now=utc_now()) is False
    take.refresh_from_db()
    assert (take.status, take.close_reason) == (TakeStatus.CLOSED, "disk full")
    assert hook("update", name=key).status_code == 403
    with pytest.raises(DiskFull):
        rtmp_receiving.open_take(secret=key, connection="8", address="203.0.113.9", now=utc_now())
    assert hook("publish", name=key).status_code == 507


def test_too_fast_a_sender_waits_and_is_closed_before_it_fills_the_disk(session, take, monkeypatch):
    monkeypatch.setattr(receiving, "BURST_BYTES", 1000)
    write(take, HEADER + b"".join(video(at, 900) for at in range(0, 400, 40)))

    assert rtmp_receiving.drain(take_id=take.pk, now=take.started_at) is False
    take.refresh_from_db()
    assert take.status == TakeStatus.RECEIVING
    monkeypatch.setattr(rtmp_receiving, "LARGEST_BACKLOG", 1000)
    rtmp_receiving.drain(take_id=take.pk, now=take.started_at)

    take.refresh_from_db()
    assert (take.status, take.close_reason) == (TakeStatus.CLOSED, "too fast")


def test_what_is_kept_leaves_the_file_and_the_file_leaves_in_the_end(session, key, take):
    write(take, HEADER + b"".join(video(at, 500_000) for at in range(0, 1000, 40)))
    path = storage.rtmp_path(take.pk)
    size = path.stat().st_size

    rtmp_receiving.drain(take_id=take.pk, now=utc_now())

    assert path.stat().st_size == size
    assert path.stat().st_blocks * 512 < size // 2
    assert rtmp_receiving.remove_finished() == 0
    assert hook("done", name=key).status_code == 204
    assert rtmp_receiving.remove_finished() == 1
    assert not path.exists()
    kept = [storage.chunk_path(take.pk, seq).stat().st_size for seq in range(Take.objects.get().next_seq)]
    assert (sum(kept), Take.objects.get().close_reason) == (size, "stopped")


def test_silent_file_is_closed(session, take):
    write(take, HEADER + video(0))
    now = utc_now()

    assert rtmp_receiving.close_silent(take_id=take.pk, now=now) is False
    assert rtmp_receiving.close_silent(take_id=take.pk, now=now + timedelta(seconds=30)) is True


def test_no_phone_writes_into_a_take_of_the_media_server(session, take, zhuoma):
    with pytest.raises(TakeClosed):
        receiving.renew_take(actor=zhuoma, session_id=session.pk, take_id=take.pk, now=utc_now())
    with pytest.raises(receiving.UnknownRecording):
        receiving.open_take(
            actor=zhuoma, session_id=session.pk, mime="video/x-flv;codecs=avc1", now=utc_now()
        )
    with pytest.raises(BadToken):
        receiving.check_token(token="", take_id=take.pk)
