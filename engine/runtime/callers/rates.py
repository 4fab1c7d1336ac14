"""Where rates are remembered: in this process, or in Redis where several processes answer for one key."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from engine.model.values import Micros
from engine.runtime.callers.gcra import Quota, Taken, take
from engine.runtime.pokes import checked

MOST = 4096
"""Keys whose rate is remembered in a process; of one that is forgotten nothing is owed."""

PATIENCE = 0.05
"""Seconds after which a Redis that does not answer is as good as none."""

AWAY = 2.0
"""Seconds for which a Redis that did not answer is not asked again."""

ARITHMETIC = """
local function take(owed_until, now, units, quota, spacing)
  local owed = math.max(owed_until, now)
  local ahead = quota * spacing
  local retry = owed + math.min(units, quota) * spacing - ahead - now
  if retry > 0 then
    return {owed_until, math.max(0, math.floor((now + ahead - owed) / spacing)), owed - now, retry}
  end
  owed = owed + units * spacing
  return {owed, math.max(0, math.floor((now + ahead - owed) / spacing)), owed - now, 0}
end
"""
"""`engine.runtime.callers.gcra.take` in Lua: its numbers hold microseconds exactly until 2255."""

_SCRIPT = f"""{ARITHMETIC}
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local found = take(tonumber(redis.call('GET', KEYS[1]) or '0'), now, tonumber(ARGV[1]),
                   tonumber(ARGV[2]), tonumber(ARGV[3]))
if found[4] == 0 and found[3] > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', found[1]), 'PX', math.ceil(found[3] / 1000))
end
return found
"""

_log = structlog.get_logger("holdfast.rates")


class Remembered:
    """What each key owes, in this process."""

    def __init__(self, now: Callable[[], Micros]) -> None:
        self._now = now
        self._owed: OrderedDict[str, Micros] = OrderedDict()

    def take(self, name: str, units: int, quota: Quota) -> Taken:
        """Take units of a quota under a name, or be refused."""
        taken = take(self._owed.get(name, 0), self._now(), units, quota)
        self._owed[name] = taken.owed_until
        self._owed.move_to_end(name)
        if len(self._owed) > MOST:
            self._owed.popitem(last=False)
        return taken


class Shared:
    """What each key owes, in Redis; while that is away, in this process."""

    def __init__(self, url: str, beside: Remembered) -> None:
        self._redis = Redis.from_url(
            checked(url),
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
        )
        self._take = self._redis.register_script(_SCRIPT)
        self._beside = beside
        self._away_until = 0.0
        self.missed = 0

    async def take(self, name: str, units: int, quota: Quota) -> Taken:
        """Take units of a quota under a name, or be refused."""
        if time.monotonic() < self._away_until:
            return self._beside.take(name, units, quota)
        try:
            found: Any = await self._take(
                keys=[f"holdfast:rate:{name}"], args=[units, quota.units, quota.spacing]
            )
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + AWAY
            self.missed += 1
            _log.warning("rates_without_redis", error=type(error).__name__)
            return self._beside.take(name, units, quota)
        return Taken(*found)

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()
