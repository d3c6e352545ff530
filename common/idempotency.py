"""One effect per client key (rules.md 4, decisions.md 17)."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from common.errors import IdempotencyConflict, IdempotencyKeyMissing, InProgress
from common.models import IdempotencyKey

# Made once: json.dumps makes an encoder at each call.
_encode = json.JSONEncoder(sort_keys=True, default=str).encode


def parse_key(text: str | None) -> uuid.UUID:
    """Return the Idempotency-Key header as a UUID; IdempotencyKeyMissing when absent or malformed."""
    try:
        return uuid.UUID(text or "")
    except ValueError as error:
        raise IdempotencyKeyMissing() from error


def hash_body(body: Any) -> str:
    """Return what tells one request from another under the same key."""
    return hashlib.sha256(_encode(body).encode()).hexdigest()


def run_once(
    *,
    actor: str,
    operation: str,
    key: uuid.UUID,
    body: Any,
    now: datetime,
    run: Callable[[], dict],
) -> tuple[dict, bool]:
    """Run an effect at most once per (actor, operation, key); return (answer, replayed).

    `run` executes inside this transaction and returns a JSON answer that later calls get again.
    A refusal raised by `run` rolls everything back and stores nothing. The same key with another
    body raises IdempotencyConflict; a call while the first still runs raises InProgress.
    """
    body_hash = hash_body(body)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{actor}|{operation}|{key}"]
            )
            if not cursor.fetchone()[0]:
                raise InProgress()
        stored = IdempotencyKey.objects.filter(actor=actor, operation=operation, key=key).first()
        if stored is not None:
            if stored.body_hash != body_hash:
                raise IdempotencyConflict()
            return stored.answer, True
        answer = run()
        IdempotencyKey.objects.create(
            actor=actor, operation=operation, key=key, body_hash=body_hash, answer=answer, created_at=now
        )
        return answer, False
