"""How often something may be done, counted in Valkey (rules.md 13). Stock and money never depend on this."""

import ipaddress
import logging
from datetime import datetime

from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from redis import RedisError

from common.errors import TooMany

logger = logging.getLogger(__name__)

# While Valkey is away each process counts for itself: looser, but never without a limit.
_own_counts = LocMemCache("limits", {})


def spend(*, name: str, key: str, limit: int, seconds: int, now: datetime) -> int:
    """Count one use of (name, key) and return how many there were in the current window.

    The use above `limit` raises TooMany, which says when the next window begins.
    """
    used = _count(_key(name, key, seconds, now), seconds)
    if used > limit:
        raise TooMany(retry_after=_seconds_left(seconds, now))
    return used


def refund(*, name: str, key: str, seconds: int, now: datetime) -> None:
    """Take one use back, for limits that count failures only."""
    counter = _key(name, key, seconds, now)
    for counts in (cache, _own_counts):
        try:
            counts.decr(counter)
            return
        except (ValueError, RedisError, OSError):
            continue


def address_group(address: str) -> str:
    """Return what one subscriber holds: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _key(name: str, key: str, seconds: int, now: datetime) -> str:
    return f"limit:{name}:{key}:{int(now.timestamp()) // seconds}"


def _seconds_left(seconds: int, now: datetime) -> int:
    return seconds - int(now.timestamp()) % seconds


def _count(counter: str, seconds: int) -> int:
    try:
        return _increment(cache, counter, seconds)
    except (RedisError, OSError) as error:
        logger.warning("limits are counted in this process only, Valkey is away: %s", error)
        return _increment(_own_counts, counter, seconds)


def _increment(counts, counter: str, seconds: int) -> int:
    if counts.add(counter, 1, timeout=seconds + 5):
        return 1
    try:
        return counts.incr(counter)
    except ValueError:  # it expired between the two calls
        counts.set(counter, 1, timeout=seconds + 5)
        return 1
