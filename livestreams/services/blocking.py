"""The words that a chat does not let through: the market's own list, and one of each shop."""

import logging
import secrets
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _
from redis import RedisError

from accounts.models import User
from common.audit import actor_of, record
from common.errors import Invalid, NotAllowed, NotFound
from livestreams.folding import fold
from livestreams.models import BlockedWord
from livestreams.selectors.words import version_key
from livestreams.statuses import WordReaction
from shops.models import Shop

logger = logging.getLogger(__name__)

LONGEST = 40
MOST_AT_ONCE = 2000
MOST = {"shop": 2000, "market": 20_000}


@transaction.atomic
def add_words(*, actor: User, shop_id: int | None, lines: str, reaction: str, now: datetime) -> int:
    """Block words, one a line, in the rooms of a shop, or (operators, shop None) everywhere; return how many.

    A word that is there already, in whatever spelling, takes the new reaction. NotFound, NotAllowed, Invalid.
    """
    _check_may(actor, shop_id)
    if reaction not in WordReaction.values:
        raise Invalid(fields={"reaction": Invalid.message})
    words = words_of(lines)
    kept = BlockedWord.objects.filter(shop=shop_id)
    fresh = len(set(words) - set(kept.filter(folded__in=words).values_list("folded", flat=True)))
    if kept.count() + fresh > MOST["shop" if shop_id else "market"]:
        raise Invalid(fields={"lines": _("The list is full; take some words out first.")})
    rows = [
        BlockedWord(
            shop_id=shop_id, text=text, folded=folded, reaction=reaction, created_by=actor, created_at=now
        )
        for folded, text in words.items()
    ]
    BlockedWord.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["shop", "folded"], update_fields=["text", "reaction"]
    )
    after = {"count": len(rows), "reaction": reaction}
    _record(actor, "livestreams.block_words", shop_id, after, now, "")
    return len(rows)


@transaction.atomic
def remove_word(
    *, actor: User, word_id: int, now: datetime, shop_id: int | None = None, reason: str = ""
) -> None:
    """Let a word of a shop's list, or of the market's (shop None), through again. NotFound, NotAllowed."""
    _check_may(actor, shop_id)
    word = BlockedWord.objects.filter(pk=word_id, shop=shop_id).first()
    if word is None:
        raise NotFound()
    word.delete()
    _record(actor, "livestreams.unblock_word", shop_id, {"text": word.text}, now, reason)


def may_block(actor: User, *, shop_id: int) -> bool:
    """Say whether the person keeps this shop's list: who works in the shop."""
    return Shop.objects.for_member(actor).filter(pk=shop_id).exists()


def _check_may(actor: User, shop_id: int | None) -> None:
    if actor.is_active and actor.is_staff:
        return
    if shop_id is None:
        raise NotAllowed()
    if not may_block(actor, shop_id=shop_id):
        raise NotFound()


def words_of(lines: str) -> dict[str, str]:
    """Return {folded: as typed} of words, one a line; the last spelling counts. Invalid."""
    typed = [" ".join(line.split()) for line in lines.replace("\x00", "").splitlines()]
    typed = [line for line in typed if line]
    words = {fold(text): text for text in typed}
    if not words or len(words) > MOST_AT_ONCE:
        raise Invalid(fields={"lines": _("Type one to 2000 words, one a line.")})
    for folded, text in words.items():
        if not folded or len(text) > LONGEST or len(folded) > 2 * LONGEST:
            raise Invalid(
                fields={
                    "lines": _("“%(word)s” cannot be blocked: use letters or digits, at most 40.")
                    % {"word": text[:LONGEST]}
                }
            )
    return words


def _record(actor: User, action: str, shop_id: int | None, after: dict, now: datetime, reason: str) -> None:
    target = f"shop:{shop_id}" if shop_id else "market:chat"
    record(actor=actor_of(actor), action=action, target=target, after=after, reason=reason, now=now)
    transaction.on_commit(lambda: _announce(shop_id))


def _announce(shop_id: int | None) -> None:
    """Give the list a new version, so that every process reads it again."""
    try:
        cache.set(version_key(shop_id), secrets.token_hex(8), timeout=None)
    except (RedisError, OSError) as error:
        logger.warning("blocked words will be read again later, Valkey is away: %s", error)
