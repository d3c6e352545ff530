"""Take in what OBS and streaming apps send: the media server asks, records, and we cut its file into chunks.

nginx receives RTMP and writes one FLV file a take. Its hooks ask here who may publish; the receiver
(`manage.py receive_rtmp`) turns the growing file into the same numbered chunks that a phone sends, so that
broadcaster, room and replay see no difference. A take's `received_bytes` says where the next chunk begins.
"""

import ctypes
import os
import re
import stat
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Max
from django.utils.crypto import salted_hmac
from redis import RedisError

from common.errors import TooMany
from common.limits import address_group, spend
from common.signing import read_token, sign_token
from livestreams import storage
from livestreams.errors import (
    DiskFull,
    HostNotActive,
    NotOnAir,
    PublishRefused,
    TakeClosed,
    TakenOver,
    UnknownRecording,
)
from livestreams.flv import BadFlv, cut_whole
from livestreams.models import LiveSession, MediaKey, Take
from livestreams.services.keys import PREFIX, find_key
from livestreams.services.receiving import accept_chunk, close_receiving_take, refuse_full_disk
from livestreams.statuses import ON_AIR, TakeKind, TakeStatus
from shops.statuses import HostStatus

HOOK_PURPOSE = "media_hook"
MIME = "video/x-flv;codecs=avc1,mp4a"
SECRET = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}", re.ASCII)
CONNECTION = re.compile(r"[0-9]{1,20}", re.ASCII)
# An app that connects again by itself does so for minutes; a newer sender is let alone meanwhile.
PROTECTED = timedelta(minutes=10)
FRESH = timedelta(seconds=6)
WRONG_KEYS, PUBLISHES, LIMIT_SECONDS = 20, 60, 300
# nginx closes a sender that is silent for 15 s; after this nothing more can come.
SILENT = timedelta(seconds=25)
# So much may wait to be cut while a sender is too fast; then the take is closed.
LARGEST_BACKLOG = 256 * 1024 * 1024
PUNCH_EVERY = 4 * 1024 * 1024
KNOCK_SECONDS = 60

_libc = ctypes.CDLL(None, use_errno=True)
_PUNCH_HOLE_KEEP_SIZE = 3


# ---- What the media server asks
def hook_token() -> str:
    """Return what the media server shows with each question; good while its SECRET_KEY is known."""
    return sign_token(purpose=HOOK_PURPOSE, payload={"hook": "rtmp"})


def check_hook_token(token: str) -> None:
    """Refuse with BadToken what is not the media server's."""
    read_token(token, purpose=HOOK_PURPOSE, max_age_seconds=None)


def open_take(*, secret: str, connection: str, address: str, now: datetime) -> Take:
    """Begin a recording for the holder of a key; one that still runs is closed, the newer sender wins.

    Each call is a take of its own, even for the same connection: the media server begins a file anew, and
    after its restart it counts connections from one again. Raises PublishRefused (a wrong, revoked or
    ill-formed key, all alike), NotOnAir, HostNotActive, TakenOver, DiskFull, TooMany.
    """
    key = _known_key(secret, address, now)
    if not CONNECTION.fullmatch(connection):
        raise PublishRefused()
    spend(name="rtmp.publish", key=str(key.session_id), limit=PUBLISHES, seconds=LIMIT_SECONDS, now=now)
    try:
        refuse_full_disk()
        # What the last sender left in its file belongs to its take; a closed take takes nothing more.
        for take in _receiving(key.session_id).filter(kind=TakeKind.RTMP):
            drain(take_id=take.pk, now=now)
        return _open(key, connection, origin_of(address), now)
    except (NotOnAir, HostNotActive, TakenOver, DiskFull) as refusal:
        _note_knock(key.session_id, refusal.code)
        raise


def _known_key(secret: str, address: str, now: datetime) -> MediaKey:
    key = find_key(secret)
    if key is None or not SECRET.fullmatch(secret):
        spend(
            name="rtmp.wrong_key",
            key=address_group(address),
            limit=WRONG_KEYS,
            seconds=LIMIT_SECONDS,
            now=now,
        )
        raise PublishRefused()
    return key


@transaction.atomic
def _open(key: MediaKey, connection: str, origin: str, now: datetime) -> Take:
    session = (
        LiveSession.objects.select_for_update(of=("self",)).select_related("host").get(pk=key.session_id)
    )
    # It may have been revoked while we waited for the row.
    if not MediaKey.objects.filter(pk=key.pk, revoked_at=None).exists():
        raise PublishRefused()
    if session.status not in ON_AIR:
        raise NotOnAir()
    if session.host.status != HostStatus.ACTIVE:
        raise HostNotActive()
    takes = Take.objects.filter(broadcast=session.broadcast)
    current = takes.filter(status=TakeStatus.RECEIVING).first()
    if current is not None:
        _refuse_to_win_back(takes, current, origin, now)
        current.status, current.closed_at, current.close_reason = TakeStatus.CLOSED, now, "replaced"
        current.save(update_fields=["status", "closed_at", "close_reason"])
    last = takes.aggregate(last=Max("number"))["last"] or 0
    return Take.objects.create(
        broadcast=session.broadcast, number=last + 1, publisher_id=key.created_by_id, kind=TakeKind.RTMP,
        media_key=key, connection=connection, origin=origin, mime=MIME, started_at=now,
    )  # fmt: skip


def _refuse_to_win_back(takes, current: Take, origin: str, now: datetime) -> None:
    heard_at = current.last_chunk_at or current.started_at
    was_replaced = takes.filter(
        kind=TakeKind.RTMP, origin=origin, close_reason="replaced", closed_at__gt=now - PROTECTED
    ).exclude(pk=current.pk)
    if now - heard_at < FRESH and was_replaced.exists():
        raise TakenOver()


def may_go_on(*, secret: str, connection: str) -> bool:
    """Say whether a sender may go on: key, show and host stand, and its take is still the newest."""
    key = find_key(secret)
    if key is None or key.session.status not in ON_AIR or key.session.host.status != HostStatus.ACTIVE:
        return False
    return _receiving(key.session_id).filter(media_key=key, connection=connection).exists()


def sender_left(*, secret: str, connection: str, now: datetime) -> None:
    """Keep what the sender's file still holds, then close its take. Unknown senders change nothing."""
    key = find_key(secret)
    take = None
    if key is not None:
        take = _receiving(key.session_id).filter(media_key=key, connection=connection).first()
    if take is not None and drain(take_id=take.pk, now=now):
        close_receiving_take(take_id=take.pk, reason="stopped", now=now)


def _receiving(session_id: int):
    return Take.objects.filter(broadcast__session=session_id, status=TakeStatus.RECEIVING)


def origin_of(address: str) -> str:
    """Return what is kept of an address: enough to know it again, nothing to read it from."""
    return salted_hmac("livestreams.rtmp_origin", address_group(address)).hexdigest()[:32]


def _note_knock(session_id: int, code: str) -> None:
    try:
        cache.set(f"rtmp.knock:{session_id}", code, KNOCK_SECONDS)
    except (RedisError, OSError):
        return


def comes_from_elsewhere(session_id: int) -> bool:
    """Say whether OBS or an app sent this show's picture last, also while it connects again."""
    last = Take.objects.filter(broadcast__session=session_id).order_by("number").last()
    return last is not None and last.kind == TakeKind.RTMP


def sending_state(session_id: int) -> dict[str, str]:
    """Return what the OBS page shows: `state` receiving or waiting, and why a sender was turned away."""
    is_on = _receiving(session_id).filter(kind=TakeKind.RTMP, received_bytes__gt=0).exists()
    try:
        refused = "" if is_on else cache.get(f"rtmp.knock:{session_id}") or ""
    except (RedisError, OSError):
        refused = ""
    return {"state": "receiving" if is_on else "waiting", "refused": refused}


# ---- The file of a take
def drain(*, take_id: int, now: datetime) -> bool:
    """Cut everything whole that the file holds into chunks; return whether nothing whole is left.

    Two at once do no harm: a chunk's number is given once, and the next begins where the kept one ended.
    False when the sender is faster than allowed or the disk is full: what is left waits in the file.
    A file that is not what we show closes the take as unreadable.
    """
    descriptor = _open_file(take_id)
    if descriptor is None:
        return True
    try:
        while True:
            take = Take.objects.only("status", "next_seq", "received_bytes", "began_at", "started_at").get(
                pk=take_id
            )
            if take.status != TakeStatus.RECEIVING:
                return True
            start = take.received_bytes
            data = os.pread(descriptor, settings.CHUNK_MAX_BYTES, start)
            cut = cut_whole(data, is_start=start == 0, largest=settings.CHUNK_MAX_BYTES)
            if not cut.size:
                return True
            accept_chunk(
                take_id=take_id, seq=take.next_seq, content_type=MIME, data=data[: cut.size], now=now
            )
            _note_beginning(take, cut.last_ms, os.fstat(descriptor), now)
            _punch(descriptor, start, start + cut.size)
    except (BadFlv, UnknownRecording):
        close_receiving_take(take_id=take_id, reason="unreadable", now=now)
        return True
    except TakeClosed:
        return True
    except TooMany:
        backlog = os.fstat(descriptor).st_size - take.received_bytes
        if backlog > LARGEST_BACKLOG:
            close_receiving_take(take_id=take_id, reason="too fast", now=now)
        return False
    except DiskFull:
        # The sender would go on filling the disk; orders must go on (decisions.md 20).
        close_receiving_take(take_id=take_id, reason="disk full", now=now)
        return False
    finally:
        os.close(descriptor)


def _open_file(take_id: int) -> int | None:
    """Open the take's file for reading and freeing; None when there is none, or when it is a link."""
    try:
        descriptor = os.open(storage.rtmp_path(take_id), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(descriptor)
        return None
    return descriptor


def _note_beginning(take: Take, last_ms: int | None, facts: os.stat_result, now: datetime) -> None:
    """Note media zero: when the last byte came, less how far into the recording it lies, however late."""
    if take.began_at is not None or last_ms is None:
        return
    written_at = datetime.fromtimestamp(facts.st_mtime, tz=now.tzinfo)
    began_at = max(min(written_at, now) - timedelta(milliseconds=last_ms), take.started_at)
    Take.objects.filter(pk=take.pk, began_at=None).update(began_at=began_at)


def _punch(descriptor: int, start: int, end: int) -> None:
    """Give the disk back what is kept as chunks. A file system that cannot do it keeps both copies."""
    if start // PUNCH_EVERY == end // PUNCH_EVERY:
        return
    upto = end // PUNCH_EVERY * PUNCH_EVERY
    _libc.fallocate(descriptor, _PUNCH_HOLE_KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(upto))


def close_silent(*, take_id: int, now: datetime) -> bool:
    """Close a take whose file has not grown for long: the media server died and will not say so."""
    take = Take.objects.get(pk=take_id)
    seen_at = take.started_at
    try:
        written = storage.rtmp_path(take_id).stat(follow_symlinks=False).st_mtime
        seen_at = max(seen_at, datetime.fromtimestamp(written, tz=now.tzinfo))
    except OSError:
        pass
    if now - seen_at < SILENT:
        return False
    return close_receiving_take(take_id=take_id, reason="stopped", now=now)


def remove_finished() -> int:
    """Delete the files of takes that receive nothing more; return how many. Other names are left alone."""
    found = {}
    for path in storage.rtmp_folder().glob("take-*.flv"):
        number = path.stem.removeprefix("take-")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            found[int(number)] = path
    receiving = set(
        Take.objects.filter(pk__in=found, status=TakeStatus.RECEIVING).values_list("pk", flat=True)
    )
    for take_id in set(found) - receiving:
        found[take_id].unlink(missing_ok=True)
    return len(set(found) - receiving)
