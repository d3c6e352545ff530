"""The secret with which OBS or a streaming app sends the picture of one show (rules.md 12)."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from common import audit
from common.errors import Invalid, MoveRefused, NotAllowed, NotFound
from livestreams.errors import SessionOver
from livestreams.models import LiveSession, MediaKey, Take
from livestreams.services.scheduling import locked_session
from livestreams.statuses import SessionStatus, TakeStatus

PREFIX = "vmk_"
LONGEST = 80
REVOKED = "revoked"


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


@transaction.atomic
def issue_key(*, actor: User, session_id: int, now: datetime) -> tuple[MediaKey, str]:
    """Make a key and return it with its secret, which nobody can read again; an older key ends.

    Presenters only. Raises NotFound, SessionOver.
    """
    session = locked_session(actor=actor, session_id=session_id)
    if session.status in (SessionStatus.ENDED, SessionStatus.CANCELLED):
        raise SessionOver()
    _revoke(session=session, actor=actor, reason="replaced by a new key", now=now)
    secret = PREFIX + secrets.token_urlsafe(32)
    key = MediaKey.objects.create(
        session=session, digest=digest_of(secret), hint=secret[-4:], created_by=actor, created_at=now
    )
    audit.record(
        actor=audit.actor_of(actor), action="livestreams.issue_key", target=f"mediakey:{key.pk}", now=now,
        after={"session": session.pk},
    )  # fmt: skip
    return key, secret


@transaction.atomic
def revoke_key(*, actor: User, session_id: int, now: datetime) -> bool:
    """End the session's key and what is being received under it; return whether there was one. NotFound."""
    session = locked_session(actor=actor, session_id=session_id)
    return _revoke(session=session, actor=actor, reason="", now=now)


@transaction.atomic
def revoke_by_operator(*, actor: User, key_id: int, reason: str, now: datetime) -> None:
    """End a key that must not be used. NotAllowed, Invalid, NotFound, MoveRefused when it has ended."""
    if not (actor.is_active and actor.is_staff):
        raise NotAllowed()
    if not reason.strip():
        raise Invalid(fields={"reason": Invalid.message})
    session = LiveSession.objects.select_for_update().filter(media_keys=key_id).first()
    if session is None:
        raise NotFound()
    if not MediaKey.objects.filter(pk=key_id, revoked_at=None).exists():
        raise MoveRefused()
    _revoke(session=session, actor=actor, reason=reason.strip()[:200], now=now)


def _revoke(*, session: LiveSession, actor: User, reason: str, now: datetime) -> bool:
    """End the active key of a session whose row is locked, and every recording that began under its keys."""
    key = MediaKey.objects.filter(session=session, revoked_at=None).first()
    if key is None:
        return False
    key.revoked_at = now
    key.save(update_fields=["revoked_at"])
    Take.objects.filter(media_key__session=session, status=TakeStatus.RECEIVING).update(
        status=TakeStatus.CLOSED, closed_at=now, close_reason=REVOKED
    )
    audit.record(
        actor=audit.actor_of(actor), action="livestreams.revoke_key", target=f"mediakey:{key.pk}", now=now,
        before={"session": session.pk}, reason=reason,
    )  # fmt: skip
    return True


def find_key(secret: str) -> MediaKey | None:
    """Return the active key of a secret, None when there is none.

    One look-up by the hash, whatever is asked: how long it takes says nothing about any secret.
    """
    digest = digest_of(secret[:LONGEST])
    key = MediaKey.objects.select_related("session__host").filter(digest=digest, revoked_at=None).first()
    return key if len(secret) <= LONGEST else None


def active_key(*, actor: User, session_id: int) -> MediaKey | None:
    """Return the session's active key to one of its presenters; NotFound for anybody else."""
    session = LiveSession.objects.for_presenter(actor).filter(pk=session_id).first()
    if session is None:
        raise NotFound()
    return session.media_keys.filter(revoked_at=None).first()
