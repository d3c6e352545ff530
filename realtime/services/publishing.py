"""Put events on a channel: kept in a Valkey stream for late readers, announced to every live process.

Every event has an id "epoch-seq". The epoch is new when Valkey lost the channel, so that a reader
notices and fetches a snapshot from the database instead of waiting for events that are gone.
"""

import json
import logging
import secrets
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

KEPT_EVENTS = 500
KEPT_SECONDS = 24 * 3600
# A larger event than this would let one line fill a room's memory: the room fetches its snapshot instead.
EVENT_MAX_BYTES = 16 * 1024
# One round trip and atomic: the number, the kept entry and the announcement cannot disagree.
PUBLISH = """
local epoch = redis.call('HGET', KEYS[2], 'epoch')
if not epoch or redis.call('EXISTS', KEYS[1]) == 0 then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], 'epoch', epoch, 'seq', 0)
end
local seq = redis.call('HINCRBY', KEYS[2], 'seq', 1)
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], seq .. '-1', 'event', ARGV[2], 'data', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
local id = epoch .. '-' .. seq
redis.call('PUBLISH', KEYS[1], id .. '\\n' .. ARGV[2] .. '\\n' .. ARGV[3])
return id
"""


def stream_key(channel: str) -> str:
    """Return the Valkey key of a channel's stream; also the name of its announcements."""
    return f"room:{{{channel}}}:events"


def meta_key(channel: str) -> str:
    """Return the Valkey key that holds a channel's epoch and last number."""
    return f"room:{{{channel}}}:meta"


@cache
def _client_of(url: str) -> redis.Redis:
    # One repetition, at once: a connection that died with an old Valkey must not cost the first event.
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=0.5,
        socket_timeout=1,
        retry=Retry(NoBackoff(), 1),
    )


def hub_client() -> redis.Redis:
    """Return this process's client of the hub."""
    return _client_of(settings.REDIS_URL)


def publish(*, channel: str, event: str, data: dict) -> str | None:
    """Send an event to everyone on the channel; return its id, or None when the hub is down.

    Call after commit, never inside a transaction. A dead hub never fails the caller (rules.md PR7):
    the room's snapshot comes from the database.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > EVENT_MAX_BYTES:
        logger.error("event %s for %s is too large; the room fetches its snapshot", event, channel)
        event, text = "reset", "{}"
    arguments = [secrets.token_hex(4), event, text, KEPT_EVENTS, KEPT_SECONDS]
    try:
        return hub_client().eval(PUBLISH, 2, stream_key(channel), meta_key(channel), *arguments)
    except redis.RedisError as error:
        logger.warning("event %s for %s not published: %s", event, channel, error)
        return None


def position(*, channel: str) -> str:
    """Return the id of the channel's last event, "" when there is none or the hub is down.

    Read it before the snapshot it goes with: what happens in between then comes twice, never not at all.
    """
    try:
        epoch, seq = hub_client().hmget(meta_key(channel), "epoch", "seq")
    except redis.RedisError:
        return ""
    return f"{epoch}-{seq}" if epoch else ""
