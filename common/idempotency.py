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
# Two statements in one message: the second looks when the first has got the lock.
TAKE_KEY = """
SELECT pg_try_advisory_xact_lock(hashtextextended(%(lock)s, 0));
SELECT body_hash, answer::text FROM common_idempotencykey
WHERE actor = %(actor)s AND operation = %(operation)s AND key = %(key)s
"""


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
            names = {"actor": actor, "operation": operation, "key": key}
            cursor.execute(TAKE_KEY, names | {"lock": f"{actor}|{operation}|{key}"})
            if not cursor.fetchone()[0]:
                raise InProgress()
            cursor.nextset()
            stored = cursor.fetchone()
        if stored is not None:
            if stored[0] != body_hash:
                raise IdempotencyConflict()
            return json.loads(stored[1]), True
        answer = run()
        IdempotencyKey.objects.create(
            actor=actor, operation=operation, key=key, body_hash=body_hash, answer=answer, created_at=now
        )
        return answer, False
