"""What becomes of a wish, and the turns that a batch takes until each has an outcome."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError

from accounts.models import User
from accounts.selectors import is_signed_in, mark_of
from common.errors import Busy, IdempotencyConflict, refusal_in
from common.signing import BadToken
from orders.services.batching import statements
from orders.services.batching.wishes import Asked
from orders.services.placing import place_order

logger = logging.getLogger(__name__)
ATTEMPTS = 4
# Made once: json.dumps makes an encoder at each call.
encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Outcome:
    """What became of one wish: an answer (new, or `replayed`), or the refusal that it met.

    With neither, its buyer was buying elsewhere at this moment, and it should be tried again. `text` is the
    answer as JSON, `messages` the outbox messages of new orders that somebody still has to hand over.
    """

    answer: dict[str, Any] | None = None
    replayed: bool = False
    error: Exception | None = None
    text: str | None = None
    messages: tuple[int, ...] = ()

    @property
    def is_put_off(self) -> bool:
        """Whether nothing was decided."""
        return self.answer is None and self.error is None


PUT_OFF = Outcome()


def in_turns(wishes: Sequence[Asked], now: datetime, place: Callable[[int], list[Outcome]]) -> list[Outcome]:
    """Let `place` (called with how often it was before) decide about all in one transaction of its own.

    Where it finds at its end that units are gone which it had seen, it is called again.
    """
    for attempt in range(ATTEMPTS):
        try:
            with statements.one_transaction():
                return place(attempt)
        except statements.NotTaken:
            # Somebody else took units between our look and our taking.
            continue
        except (OperationalError, InterfaceError) as error:
            # Nobody knows whether the commit arrived. The same key asks again and finds out.
            logger.warning("a batch of %s failed: %s", len(wishes), error)
            return [Outcome(error=Busy())] * len(wishes)
        except AnyDatabaseError:
            logger.exception("a batch was refused, its %s purchases go one by one", len(wishes))
            return [place_alone(wish, now=now) for wish in wishes]
    return [Outcome(error=Busy())] * len(wishes)


def place_alone(wish: Asked, *, now: datetime) -> Outcome:
    """Place a wish the ordinary way."""
    try:
        buyer = User.objects.filter(pk=wish.buyer_id, is_active=True).first()
        if buyer is None or mark_of(buyer.password) != wish.mark:
            raise BadToken()
        if not is_signed_in(user=buyer, digest=wish.sign_in, now=now):
            raise BadToken()
        answer, replayed = place_order(
            buyer=buyer,
            lines=wish.lines,
            address_id=wish.address_id,
            idempotency_key=wish.key,
            now=now,
            source=wish.source,
            note=wish.note,
            notes=wish.notes,
            coupon_id=wish.coupon_id,
        )
    except Exception as error:
        return Outcome(error=refusal_in(error))
    return Outcome(answer, replayed)


def replay(wish: Asked, body_hash: str, answer: Any) -> Outcome:
    """Return the first answer again; IdempotencyConflict when the key came with another body."""
    if body_hash != wish.body_hash:
        raise IdempotencyConflict()
    return Outcome(json.loads(answer) if isinstance(answer, str) else answer, replayed=True)
