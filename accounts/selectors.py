"""Reads of people, tokens and addresses; each starts from the person whose they are."""

import hashlib
from collections.abc import Collection
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import Address, ApiToken, User
from accounts.phones import normalize_phone
from common.errors import NotFound
from common.sessions import DIGEST_SQL

_LARGEST_ID = 2**63 - 1


def token_digest(token: str) -> str:
    """Return the SHA-256 of a bearer token: 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_token(token: str, *, now: datetime) -> ApiToken | None:
    """Return the valid token of an active person, or None."""
    return (
        ApiToken.objects.select_related("user")
        .filter(digest=token_digest(token), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )


def valid_tokens_among(digests: Collection[str], *, now: datetime) -> set[str]:
    """Return those of these token digests that still sign an active person in."""
    return set(
        ApiToken.objects.filter(
            digest__in=digests, revoked_at=None, expires_at__gt=now, user__is_active=True
        ).values_list("digest", flat=True)
    )


def is_signed_in(*, user: User, digest: str, now: datetime) -> bool:
    """Whether the session or token with this digest still signs somebody in; a token must be the person's."""
    if ApiToken.objects.filter(digest=digest, user=user, revoked_at=None, expires_at__gt=now).exists():
        return True
    sessions = Session.objects.annotate(digest=RawSQL(DIGEST_SQL, ()))  # noqa: S611 (a constant)
    return sessions.filter(digest=digest, expire_date__gt=now).exists()


def mark_of(password_hash: str) -> str:
    """Return what changes with a person's password, and tells nothing of it."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def marks_among(user_ids: Collection[int]) -> dict[int, str]:
    """Return the password marks of those of these people who may sign in."""
    people = User.objects.filter(pk__in=user_ids, is_active=True).values_list("pk", "password")
    return {pk: mark_of(password) for pk, password in people}


def clean_identifier(text: str) -> str:
    """Return a typed phone or e-mail address in the form in which it is stored."""
    text = text.strip()
    if "@" in text:
        return text.lower()
    try:
        return normalize_phone(text)
    except ValueError:
        return text.lower()


def find_user(identifier: str) -> User | None:
    """Return the person with this phone or e-mail address (already cleaned), or None."""
    if not identifier or "\x00" in identifier:
        return None
    return User.objects.filter(Q(phone=identifier) | Q(email=identifier)).first()


def list_addresses(user: User) -> QuerySet[Address]:
    """Return the person's own addresses, the default one first."""
    return Address.objects.filter(user=user).order_by("-is_default", "-pk")


def get_address(*, user: User, address_id: int) -> Address:
    """Return the person's own address; NotFound for a stranger's or none."""
    address = None
    if isinstance(address_id, int) and 0 < address_id <= _LARGEST_ID:
        address = Address.objects.filter(user=user, pk=address_id).first()
    if address is None:
        raise NotFound()
    return address


def default_address(user: User) -> Address | None:
    """Return where the person's parcels go unless told otherwise."""
    return list_addresses(user).first()
