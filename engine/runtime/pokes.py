"""Pokes: who commits work tells the workers, over Redis, in which shard there is something to do.

A poke carries no work and may be lost: every worker also looks into the database by itself, each
second. So Redis may be flushed, stopped or absent at any time, and costs latency only. arq carries
the pokes, as jobs `drain(shard)`; nothing is kept of them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
import structlog
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker as ArqWorker
from arq.worker import func
from redis.asyncio.connection import ConnectionPool
from redis.exceptions import RedisError

from engine.errors import StoreError

QUEUE = "holdfast:pokes"
GATHER = 0.02
"""Seconds in which pokes of the same shard become one."""
POLL = 0.02
"""Seconds between two looks of a worker for pokes."""
PATIENCE = 1.0
"""Seconds until Redis is tried again."""
SILENCE = 2.0
"""Seconds after which a Redis that does not answer is as good as none."""
FULL = 256
"""Pokes that may wait. With more there is nobody who hears them, and whoever comes looks everywhere."""

_log = structlog.get_logger("holdfast.pokes")
# arq would tell in lines of its own, between ours, of pokes that were too old.
logging.getLogger("arq").setLevel(logging.CRITICAL)
_LOST = (RedisError, OSError, asyncio.TimeoutError)


def checked(url: str) -> str:
    """Give a Redis URL back; a `StoreError`, which tells no password, where it is none."""
    try:
        ConnectionPool.from_url(url)
    except ValueError:
        # What the library says quotes the part that it took for a port, which may be one of a password.
        raise StoreError("what --redis says is not a Redis URL; write redis://HOST:PORT/NUMBER") from None
    return url


class _Loop:
    """A thread with an event loop of its own, in which one coroutine runs until it is closed."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        # What arq leaves behind when Redis goes away is of no interest; that it went away is told once.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._closing = asyncio.Event()
        self._woken = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.reached = True
        """Whether Redis answered when it was last spoken to."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what is under way is let go."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join()

    def _end(self) -> None:
        self._closing.set()
        self._woken.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.close()

    async def _main(self) -> None:
        raise AssertionError("a loop without work")

    def _lose(self, error: Exception) -> None:
        """Say so once."""
        if self.reached:
            _log.warning("redis_lost", error=type(error).__name__)
        self.reached = False

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return


class Poker(_Loop):
    """Sends pokes. `poke` never waits and never fails."""

    def __init__(self, url: str) -> None:
        super().__init__("holdfast-pokes")
        self._url = url
        self._lock = threading.Lock()
        self._shards: set[int] = set()

    def poke(self, shards: frozenset[int]) -> None:
        """Tell the workers of these shards, soon."""
        with self._lock:
            waiting = bool(self._shards)
            self._shards |= shards
        if not waiting:
            try:
                self._loop.call_soon_threadsafe(self._woken.set)
            except RuntimeError:
                return  # it has been closed

    async def _main(self) -> None:
        pool: ArqRedis | None = None
        while not self._closing.is_set():
            await self._woken.wait()
            await self._pause(GATHER)
            self._woken.clear()
            with self._lock:
                shards, self._shards = self._shards, set()
            try:
                pool = pool or await _pool(self._url)
                if await pool.zcard(QUEUE) < FULL:
                    for shard in sorted(shards):
                        await pool.enqueue_job("drain", shard)
                self.reached = True
            except _LOST as error:
                self._lose(error)
                await _drop(pool)
                pool = None
                await self._pause(PATIENCE)
        await _drop(pool)


class Listener(_Loop):
    """Hears pokes: an arq worker, started anew whenever Redis has ended it."""

    def __init__(self, url: str, drain: Callable[[int], object]) -> None:
        super().__init__("holdfast-arq")
        self._url = url
        self._drain = drain

    async def _main(self) -> None:
        while not self._closing.is_set():
            try:
                pool = await _pool(self._url)
                if not self.reached:
                    _log.info("redis_found")
                self.reached = True
                await self._listen(pool)
            except _LOST as error:
                self._lose(error)
            await self._pause(PATIENCE / 4)

    async def _listen(self, pool: ArqRedis) -> None:
        async def drain(context: dict[Any, Any], *shards: Any, **more: Any) -> None:
            for shard in shards:
                self._drain(shard)

        worker = ArqWorker(
            functions=[func(cast(WorkerCoroutine, drain), name="drain", keep_result=0, max_tries=1)],
            redis_pool=pool,
            queue_name=QUEUE,
            handle_signals=False,
            poll_delay=POLL,
            max_jobs=100,
            job_timeout=10,
            keep_result=0,
            max_tries=1,
            job_serializer=msgspec.msgpack.encode,
            job_deserializer=msgspec.msgpack.decode,
            health_check_interval=30,
        )
        running = asyncio.ensure_future(worker.async_run())
        ending = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            # As one that was to take no job any more arq ends by itself, after its next look. Cancelled
            # in the middle of one it would leave things open, and may not even notice.
            worker.burst, worker.max_burst_jobs = True, 0
            tasks = [running, *worker.tasks.values()]
            await asyncio.wait(tasks, timeout=2 * SILENCE)
            await _ended(tasks)
            await _drop(pool)
        ended = None if running.cancelled() else running.exception()
        if ended is not None and not self._closing.is_set():
            raise ended if isinstance(ended, _LOST) else RedisError(str(ended))


async def _ended(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel tasks until they have ended: a cancellation that meets an answer is lost on the way."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.05)
    # What they failed with, while Redis went away, is of no interest; asyncio would tell of it.
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pool(url: str) -> ArqRedis:
    """Connect. What arq itself would make of a URL waits for an answer without end."""
    pool = ArqRedis(
        ConnectionPool.from_url(url, socket_timeout=SILENCE, socket_connect_timeout=SILENCE),
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
        default_queue_name=QUEUE,
    )
    try:
        await pool.ping()
    except _LOST:
        await _drop(pool)
        raise
    return pool


async def _drop(pool: ArqRedis | None) -> None:
    if pool is not None:
        try:
            await pool.aclose(close_connection_pool=True)
        except _LOST:
            return
