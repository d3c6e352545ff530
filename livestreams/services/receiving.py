"""Take in what the broadcaster's phone records: takes, and their numbered chunks (live.md 1–2)."""

import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q

from common.errors import NotFound, TooMany
from common.signing import BadToken, read_token, sign_token
from livestreams import storage
from livestreams.errors import (
    ChunkEmpty,
    ChunkGap,
    ChunkTooLarge,
    DiskFull,
    HostNotActive,
    NotOnAir,
    TakeClosed,
    TakenOver,
    TooManyTranscodes,
    UnknownRecording,
)
from livestreams.models import LiveSession, Take
from livestreams.services.scheduling import locked_session
from livestreams.statuses import ON_AIR, TakeKind, TakeStatus
from shops.statuses import HostStatus

PURPOSE = "take"
BROWSER_CONTAINERS = {"video/webm", "video/x-matroska", "video/mp4"}
CONTAINERS = BROWSER_CONTAINERS | {"video/x-flv"}
MIME = re.compile(r'(video/[a-z0-9-]+)(?:; ?codecs="?([a-z0-9., ]+)"?)?', re.IGNORECASE)
COPYABLE = ("avc1", "avc3", "h264")
CODECS = (*COPYABLE, "vp8", "vp9", "vp09", "opus", "mp4a", "pcm")
# A phone that sends more than this for long is no phone: 12 Mbit/s after a first burst (rules.md E6).
BYTES_PER_SECOND = 1_500_000
BURST_BYTES = 64 * 1024 * 1024
LARGEST_SEQ = 2_000_000
# A recording that was asked for and never came: the answer was lost on the way to the phone.
ABANDONED = timedelta(seconds=6)
# How far a recorder may have begun after its take was opened, or before it in a tunnel, to be believed.
LATEST_BEGIN, EARLIEST_BEGIN = timedelta(seconds=60), timedelta(minutes=-15)


@dataclass(frozen=True)
class TakeGrant:
    """What a phone needs to send a take: where, with which token, from which number on."""

    take: Take
    upload_url: str
    upload_token: str
    resume_from: int


def is_copyable(mime: str) -> bool:
    """Say whether the recording's picture is H.264, which every viewer shows without re-encoding."""
    return any(codec in mime.lower() for codec in COPYABLE)


def container_of(mime: str) -> str:
    """Return the container part of a recording's type, "" when it is none that we take."""
    found = MIME.fullmatch(mime.strip())
    container = found.group(1).lower() if found else ""
    return container if container in CONTAINERS else ""


def _check_mime(mime: str) -> str:
    mime = mime.strip()
    found = MIME.fullmatch(mime)
    if len(mime) > 80 or container_of(mime) not in BROWSER_CONTAINERS:
        raise UnknownRecording()
    codecs = [codec.strip().lower() for codec in (found.group(2) or "").split(",") if codec.strip()]
    if not codecs or not all(codec.startswith(CODECS) for codec in codecs):
        raise UnknownRecording()
    return mime


@transaction.atomic
def open_take(*, actor, session_id: int, mime: str, now: datetime, after: int | None = None) -> TakeGrant:
    """Begin a recording; one that still runs is closed, because the newer phone wins.

    `after`: go on after this take of the same phone, and only if nobody else has taken over since; a phone
    that comes out of a tunnel does not win the picture back by itself. Raises NotFound, NotOnAir,
    HostNotActive, UnknownRecording, TooManyTranscodes, DiskFull, TakenOver.
    """
    session = locked_session(actor=actor, session_id=session_id)
    if session.status not in ON_AIR:
        raise NotOnAir()
    if session.host.status != HostStatus.ACTIVE:
        raise HostNotActive()
    mime = _check_mime(mime)
    refuse_full_disk()
    takes = Take.objects.filter(broadcast=session.broadcast)
    if after is not None:
        _refuse_to_win_back(takes, after, now)
    takes.filter(status=TakeStatus.RECEIVING).update(
        status=TakeStatus.CLOSED, closed_at=now, close_reason="replaced"
    )
    if not is_copyable(mime):
        others = Take.objects.filter(status=TakeStatus.RECEIVING).exclude(broadcast=session.broadcast)
        if sum(not is_copyable(other) for other in others.values_list("mime", flat=True)) >= (
            settings.TRANSCODED_STREAMS_MAX
        ):
            raise TooManyTranscodes()
    last = takes.aggregate(last=Max("number"))["last"] or 0
    take = Take.objects.create(
        broadcast=session.broadcast, number=last + 1, publisher=actor, mime=mime, started_at=now
    )
    return _grant(take, actor)


def _refuse_to_win_back(takes, after: int, now: datetime) -> None:
    newer = takes.filter(pk__gt=after)
    if newer.filter(Q(next_seq__gt=0) | Q(started_at__gt=now - ABANDONED)).exists():
        raise TakenOver()


def renew_take(*, actor, session_id: int, take_id: int, now: datetime) -> TakeGrant:
    """Give a fresh token for a recording that still runs; TakeClosed otherwise."""
    take = _own_take(actor, session_id, take_id)
    # What the media server receives has no other door: its file says where the next chunk begins.
    if take.status != TakeStatus.RECEIVING or take.kind != TakeKind.BROWSER:
        raise TakeClosed(take.close_reason)
    return _grant(take, actor)


@transaction.atomic
def close_take(*, actor, session_id: int, take_id: int, now: datetime) -> Take:
    """Say that no more chunks will come. Again: no effect."""
    take = _own_take(actor, session_id, take_id)
    close_receiving_take(take_id=take.pk, reason="stopped", now=now)
    take.refresh_from_db()
    return take


def close_receiving_take(*, take_id: int, reason: str, now: datetime) -> bool:
    """Close a take unless it is closed already; return whether this call did it."""
    return bool(
        Take.objects.filter(pk=take_id, status=TakeStatus.RECEIVING).update(
            status=TakeStatus.CLOSED, closed_at=now, close_reason=reason
        )
    )


def _own_take(actor, session_id: int, take_id: int) -> Take:
    session = LiveSession.objects.for_presenter(actor).filter(pk=session_id).first()
    take = Take.objects.filter(pk=take_id, broadcast__session=session).first() if session else None
    if take is None:
        raise NotFound()
    return take


def _grant(take: Take, actor) -> TakeGrant:
    token = sign_token(purpose=PURPOSE, payload={"take": take.pk, "user": actor.pk})
    return TakeGrant(take, f"/ingest/takes/{take.pk}", token, take.next_seq)


def check_token(*, token: str, take_id: int) -> None:
    """Refuse with BadToken unless the token was made for this take and is young enough (decisions.md 2)."""
    payload = read_token(token, purpose=PURPOSE, max_age_seconds=settings.TAKE_TOKEN_SECONDS)
    if payload.get("take") != take_id:
        raise BadToken()


def refuse_full_disk() -> None:
    """Refuse new picture while the disk is nearly full; orders go on (decisions.md 20)."""
    if storage.free_bytes() < settings.LIVE_LEAST_FREE_BYTES:
        raise DiskFull()


def accept_chunk(
    *,
    take_id: int,
    seq: int,
    content_type: str,
    data: bytes,
    now: datetime,
    began_ms: int | None = None,
) -> int:
    """Keep one chunk safely and return the next number; what is returned for is on the disk.

    The same number again keeps the first. `began_ms` counts with the first chunk only: how long after the
    take was opened its recorder began, by the phone's stopwatch (less than zero: before).
    Raises NotFound, TakeClosed, ChunkGap, ChunkEmpty, ChunkTooLarge, UnknownRecording, DiskFull, TooMany.
    The take and its host are read on every call, so closing the one and suspending the other takes
    effect at once.
    """
    if not data:
        raise ChunkEmpty()
    if len(data) > settings.CHUNK_MAX_BYTES or seq > LARGEST_SEQ:
        raise ChunkTooLarge()
    take = Take.objects.select_related("broadcast__session__host").only(
        "mime", "status", "close_reason", "next_seq", "received_bytes", "number", "started_at",
        "broadcast__session__started_at", "broadcast__session__host__status",
    ).filter(pk=take_id).first()  # fmt: skip
    if take is None:
        raise NotFound()
    if take.broadcast.session.host.status != HostStatus.ACTIVE:
        raise TakeClosed("host_not_active")
    if container_of(content_type) != container_of(take.mime):
        raise UnknownRecording()
    if seq < take.next_seq:
        return take.next_seq
    if take.status != TakeStatus.RECEIVING:
        raise TakeClosed(take.close_reason)
    if seq > take.next_seq:
        raise ChunkGap(take.next_seq)
    if seq == 0 and not _begins_like(take.mime, data):
        raise UnknownRecording()
    allowed = BURST_BYTES + BYTES_PER_SECOND * max((now - take.started_at).total_seconds(), 0)
    if take.received_bytes + len(data) > allowed:
        raise TooMany(retry_after=5)
    refuse_full_disk()
    size = _store(take_id, seq, data)
    begun = {"began_at": _begin(take, began_ms)} if seq == 0 and began_ms is not None else {}
    moved = Take.objects.filter(pk=take_id, next_seq=seq, status=TakeStatus.RECEIVING).update(
        next_seq=seq + 1, received_bytes=F("received_bytes") + size, last_chunk_at=now, **begun
    )
    if moved:
        return seq + 1
    take.refresh_from_db(fields=["next_seq", "status", "close_reason"])
    if seq < take.next_seq:
        return take.next_seq
    raise TakeClosed(take.close_reason)


def _begin(take: Take, began_ms: int) -> datetime:
    """Return when a recorder began, by our clock: believed within bounds, never before what came earlier."""
    after_opening = min(max(timedelta(milliseconds=began_ms), EARLIEST_BEGIN), LATEST_BEGIN)
    began_at = take.started_at + after_opening
    if after_opening < timedelta(0):
        before = Take.objects.filter(broadcast=take.broadcast_id, number__lt=take.number).last()
        floor = (before.began_at or before.started_at) if before else take.broadcast.session.started_at
        began_at = max(began_at, min(floor or take.started_at, take.started_at))
    return began_at


def _begins_like(mime: str, data: bytes) -> bool:
    if container_of(mime) == "video/mp4":
        return data[4:8] == b"ftyp"
    if container_of(mime) == "video/x-flv":
        return data[:4] == b"FLV\x01"
    return data[:4] == b"\x1a\x45\xdf\xa3"


def _store(take_id: int, seq: int, data: bytes) -> int:
    """Write, fsync, link into place, fsync the folder. A file already there stays: it was safely kept."""
    target = storage.chunk_path(take_id, seq)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise DiskFull() from error
    return target.stat().st_size
