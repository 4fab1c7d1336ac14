"""How much a key may ask for: requests, events, and requests at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from api.room import Room
from engine.errors import FullError, TooManyError
from engine.model.values import SECOND
from engine.model.workspace import Limits
from engine.runtime.callers.gcra import Quota, Taken, quota_of, seconds
from engine.runtime.callers.rates import Remembered, Shared
from engine.runtime.engine import Engine
from engine.store.records import KeyRow

if TYPE_CHECKING:
    from litestar.types import Scope

LOCAL = "local"
"""The id of the key that commands of this machine come with; nothing limits it."""

STREAMS_OF_A_KEY = 16
"""Streams that one key may have open."""
STREAMS = 256
"""Streams that one process serves."""

LIVE_OF_A_SESSION = 4
"""Pages of one session that follow what happens: browsers open six connections to a server, for all of it."""
LIVE = 256
"""Pages that follow what happens in one process, beside its streams."""

_STATE = "rates"


class Rates:
    """Holds every key to its limits, as `holdfast.yaml` has them now.

    With the URL of a Redis the processes that answer for one key count together.
    """

    def __init__(self, engine: Engine, redis_url: str | None = None, room: Room | None = None) -> None:
        self._engine = engine
        self._room = room or Room()
        self._beside = Remembered(engine.clock.now)
        self._shared = None if redis_url is None else Shared(redis_url, self._beside)
        self._limits: Limits | None = None
        self._quotas: dict[str, Quota] = {}
        self._under_way: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        self._live: Counter[str] = Counter()
        if self._shared is not None:
            shared = self._shared
            engine.meters.watch(
                "holdfast_rates_without_redis",
                "Times that Redis did not answer for rates.",
                lambda: shared.missed,
            )

    async def request(self, scope: Scope, key: KeyRow) -> None:
        """Count a request; raises `TooManyError`."""
        if key.id == LOCAL:
            return
        quota = self._quota(key.role)
        await self._take(scope, key, "requests", 1, quota)

    async def events(self, scope: Scope, key: KeyRow, number: int) -> None:
        """Count the events of a request; raises `TooManyError`, and `FullError` where too many wait."""
        self._make_room(scope, events=number)
        if key.id == LOCAL or not number:
            return
        await self._take(scope, key, "events", number, self._quota("events"))

    def begin(self, scope: Scope, key: KeyRow) -> None:
        """Count a request as under way; raises `TooManyError`."""
        if key.id == LOCAL:
            return
        most = self._engine.workspace.settings.limits.at_once
        if self._under_way[key.id] >= most:
            self._engine.meters.limited("at_once")
            raise TooManyError(f"this key has {most} requests under way; send the next when one has ended", 1)
        self._under_way[key.id] += 1
        scope["state"]["under_way"] = key.id

    def body(self, scope: Scope, size: int) -> None:
        """Count bytes of a request's body, as they come in; raises `FullError` where too many wait."""
        self._make_room(scope, bytes=size)

    @property
    def streams(self) -> int:
        """Give how many streams are open, those of pages among them."""
        return self._streams.total() + self._live.total()

    def stream(self, scope: Scope, key: KeyRow) -> None:
        """Count a request as a stream from now on, which may stay open, and no more among those under way.

        Raises `TooManyError`, and `FullError` where this process has no room for another.
        """
        if self._streams[key.id] >= STREAMS_OF_A_KEY:
            self._engine.meters.limited("streams")
            raise TooManyError(
                f"this key has {STREAMS_OF_A_KEY} streams open; close one, or ask for more in one stream", 10
            )
        if self._streams.total() >= STREAMS:
            self._engine.meters.limited("streams")
            raise FullError(f"{STREAMS} streams are open here; come again later, or ask another process", 10)
        self.end(scope)
        self._streams[key.id] += 1
        scope["state"]["streaming"] = key.id

    def live(self, scope: Scope, session: str) -> None:
        """Count a request of a page as following what happens from now on, as `stream` counts a stream."""
        if self._live[session] >= LIVE_OF_A_SESSION:
            self._engine.meters.limited("streams")
            raise TooManyError(f"{LIVE_OF_A_SESSION} pages of this session follow what happens already", 10)
        if self._live.total() >= LIVE:
            self._engine.meters.limited("streams")
            raise FullError(f"{LIVE} pages follow what happens here already; look again later", 10)
        self.end(scope)
        self._live[session] += 1
        scope["state"]["streaming"] = scope["state"]["live"] = session

    def end(self, scope: Scope) -> None:
        """Count a request or a stream as done."""
        self._room.leave(scope)
        listener = scope["state"].pop("streaming", None)
        if listener is not None:
            counted = self._live if scope["state"].pop("live", None) else self._streams
            counted[listener] -= 1
            if not counted[listener]:
                del counted[listener]
        id = scope["state"].pop("under_way", None)
        if id is not None:
            self._under_way[id] -= 1
            if not self._under_way[id]:
                del self._under_way[id]

    async def close(self) -> None:
        """Give the connections to Redis back."""
        if self._shared is not None:
            await self._shared.close()

    async def _take(self, scope: Scope, key: KeyRow, what: str, units: int, quota: Quota) -> None:
        name = f"{what}:{key.id}"
        if self._shared is None:
            taken = self._beside.take(name, units, quota)
        else:
            taken = await self._shared.take(name, units, quota)
        scope["state"].setdefault(_STATE, []).append((what, quota, taken))
        if taken.retry:
            self._engine.meters.limited(what)
            raise TooManyError(
                f"this key may send {quota.units} {what} in {quota.window} s; come again later",
                max(1, seconds(taken.retry)),
            )

    def _make_room(self, scope: Scope, *, bytes: int = 0, events: int = 0) -> None:
        try:
            self._room.take(scope, bytes=bytes, events=events)
        except FullError:
            self._engine.meters.limited("room")
            raise

    def _quota(self, name: str) -> Quota:
        limits = self._engine.workspace.settings.limits
        if limits is not self._limits:
            rates = {role: getattr(limits.requests, role) for role in limits.requests.__struct_fields__}
            self._quotas = {role: quota_of(rate) for role, rate in rates.items()}
            self._quotas["events"] = quota_of(limits.events)
            self._limits = limits
        return self._quotas[name]


def rate_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Give what an answer says of its key's limits (draft-ietf-httpapi-ratelimit-headers-10)."""
    counted: list[tuple[str, Quota, Taken]] = scope["state"].get(_STATE, [])
    if not counted:
        return []
    policy = ", ".join(f'"{what}";q={quota.units};w={quota.window}' for what, quota, _ in counted)
    left = ", ".join(f'"{what}";r={taken.left};t={-(-taken.reset // SECOND)}' for what, _, taken in counted)
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]
