"""Blocked words, compiled once a process and again when they changed."""

import logging
import secrets
import time
from collections import OrderedDict

from django.core.cache import cache
from redis import RedisError

from livestreams.models import BlockedWord
from livestreams.statuses import WordReaction
from livestreams.wordlists import WordList

logger = logging.getLogger(__name__)

# However a change was missed (Valkey away, a row changed by hand), it counts after this many seconds.
LONGEST_KEPT = 60
MOST_LISTS = 200
_compiled: OrderedDict[int | None, tuple[str, float, WordList]] = OrderedDict()


def version_key(shop_id: int | None) -> str:
    """Return the cache key under which the version of a list stands; None is the market's own list."""
    return f"chat-words:{shop_id or 'market'}"


def reaction_to(text: str, *, shop_id: int) -> str:
    """Return what the market's words and the shop's ask for: a WordReaction, or ""."""
    versions = _versions([None, shop_id])
    found = [_list_of(each, versions[each]).reaction_to(text) for each in (None, shop_id)]
    if WordReaction.REFUSE in found:
        return WordReaction.REFUSE
    return WordReaction.HOLD if WordReaction.HOLD in found else ""


def list_words(*, shop_id: int | None) -> list[BlockedWord]:
    """Return the words of a shop, or the market's own, the newest first."""
    return list(BlockedWord.objects.filter(shop=shop_id).order_by("-pk"))


def _versions(shop_ids: list[int | None]) -> dict[int | None, str]:
    keys = {shop_id: version_key(shop_id) for shop_id in shop_ids}
    try:
        known = cache.get_many(keys.values())
        for key in set(keys.values()) - set(known):
            known[key] = cache.get_or_set(key, secrets.token_hex(8), timeout=None)
    except (RedisError, OSError) as error:
        logger.warning("blocked words are looked up by age, Valkey is away: %s", error)
        known = {}
    return {shop_id: known.get(key, "") for shop_id, key in keys.items()}


def _list_of(shop_id: int | None, version: str) -> WordList:
    kept = _compiled.get(shop_id)
    if kept and kept[0] == version and time.monotonic() - kept[1] < LONGEST_KEPT:
        _compiled.move_to_end(shop_id)
        return kept[2]
    words = WordList(BlockedWord.objects.filter(shop=shop_id).values_list("text", "reaction"))
    _compiled[shop_id] = (version, time.monotonic(), words)
    while len(_compiled) > MOST_LISTS:
        _compiled.popitem(last=False)
    return words
