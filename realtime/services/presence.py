"""How many connections watch a channel, summed over all live processes."""

import redis

from realtime.services.publishing import hub_client

# A process that died without saying so is forgotten after this many seconds.
FORGOTTEN_AFTER = 6
# Each process reports its own number; what died is dropped; the sum is returned.
REPORT = """
local now = tonumber(redis.call('TIME')[1])
if tonumber(ARGV[2]) > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. now)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
redis.call('EXPIRE', KEYS[1], 60)
local sum = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local number, at = string.match(all[i + 1], '(%d+):(%d+)')
  if now - tonumber(at) > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  else
    sum = sum + tonumber(number)
  end
end
local last = redis.call('HGET', KEYS[2], 'viewers')
if last ~= tostring(sum) then
  redis.call('HSET', KEYS[2], 'viewers', sum)
  redis.call('EXPIRE', KEYS[2], 60)
  return {sum, 1}
end
return {sum, 0}
"""


def presence_key(channel: str) -> str:
    """Return the Valkey key of a channel's numbers by process."""
    return f"room:{{{channel}}}:presence"


def shown_key(channel: str) -> str:
    """Return the Valkey key of the number that was last told to the channel."""
    return f"room:{{{channel}}}:shown"


def count(*, channel: str) -> int:
    """Return how many connections watch the channel now; 0 when the hub is down."""
    try:
        return int(hub_client().hget(shown_key(channel), "viewers") or 0)
    except redis.RedisError:
        return 0
