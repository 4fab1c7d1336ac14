"""The one thread that writes: it gathers the events that wait and commits them together."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeAlias, TypeVar

import msgspec
import structlog

from engine.errors import StoreError, TransientStoreError
from engine.runtime import tracing
from engine.runtime.logs import on_behalf_of

T = TypeVar("T")
R = TypeVar("R")
Together: TypeAlias = Callable[[Sequence[T]], Sequence[R | Exception]]
"""Commits requests together and gives the answer of each; an exception is raised to whom it concerns."""

LARGEST_BATCH = 500
"""Events that one commit takes; a single larger request is still one commit."""


PAUSES = (0.01, 0.05, 0.2, 0.5, 1.0)
"""Seconds to wait before work is done again whose transaction had to give way."""

_log = structlog.get_logger("holdfast.writer")


class IngestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request's events; their number is the sum of the four.

    `conflicts` are `{index, source, message_id}`, `quarantined` are
    `{index, message_id, code, detail}`; `index` counts the request's events from 0.
    """

    accepted: int
    duplicates: int
    conflicts: tuple[dict[str, Any], ...] = ()
    quarantined: tuple[dict[str, Any], ...] = ()


class _Waiting:
    """A request, what commits it together with others, and the future that answers it.

    `context` is that of whoever waits: its logs and spans go on in the writer.
    """

    __slots__ = ("commit", "context", "future", "name", "request", "size")

    def __init__(self, request: Any, commit: Together[Any, Any], size: int, name: str) -> None:
        self.request = request
        self.commit = commit
        self.size = size
        self.name = name
        self.context = copy_context()
        self.future: Future[Any] = Future()


class _Job:
    __slots__ = ("context", "future", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.context = copy_context()
        self.future: Future[Any] = Future()


class _End:
    __slots__ = ()


_END = _End()
_Item: TypeAlias = _Waiting | _Job | _End


class Writer:
    """Runs jobs and requests one after the other, in the order in which they came.

    While one commit is on its way to the disk the next requests gather, so that the batch grows
    with the load and nobody waits when there is none; those of one kind that follow one another
    are one batch. Futures are resolved after the commit. Work
    whose transaction had to give way to another is done again, a few times; `before_again` is called
    before each.
    """

    def __init__(self, before_again: Callable[[], object] = int) -> None:
        self._before_again = before_again
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="holdfast-writer", daemon=True)
        self._lock = threading.Lock()
        self._closed = False

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self) -> None:
        """Finish what waits, then end; what comes later is refused."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(_END)
        self._thread.join()

    @property
    def waiting(self) -> int:
        """How many requests and pieces of work wait on the queue."""
        return self._queue.qsize()

    def join(self, request: T, commit: Together[T, R], size: int = 1, *, name: str = "together") -> Future[R]:
        """Put a request of `size` on the queue, to be committed with those of its kind beside it.

        `name` is that of their span.
        """
        return self._put(_Waiting(request, commit, size, name))

    def call(self, work: Callable[[], Any]) -> Future[Any]:
        """Put a piece of work on the queue."""
        return self._put(_Job(work))

    def _put(self, item: _Waiting | _Job) -> Future[Any]:
        with self._lock:
            if self._closed:
                raise StoreError("the engine has been closed")
            self._queue.put(item)
        return item.future

    def _run(self) -> None:
        item = self._queue.get()
        while item is not _END:
            after: _Item | None = None
            if isinstance(item, _Job):
                self._do(item)
            elif isinstance(item, _Waiting):
                batch, after = self._gather(item)
                self._settle([one for one in batch if one.future.set_running_or_notify_cancel()])
            item = self._queue.get() if after is None else after

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], _Item | None]:
        """Take the requests that wait already, and what came after them if it was taken too."""
        batch, size = [first], first.size
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, None
            if not isinstance(item, _Waiting) or item.commit != first.commit:
                return batch, item
            if size + item.size > LARGEST_BATCH:
                return batch, item
            batch.append(item)
            size += item.size

    def _settle(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            answers = self._commit(batch)
        except BaseException as error:
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            # One request that the database refuses must not cost its neighbours.
            middle = len(batch) // 2
            self._settle(batch[:middle])
            self._settle(batch[middle:])
            return
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                waiting.future.set_exception(answer)
            else:
                waiting.future.set_result(answer)

    def _commit(self, batch: Sequence[_Waiting]) -> Sequence[Any]:
        first, requests = batch[0], [waiting.request for waiting in batch]
        if len(batch) == 1:
            return first.context.run(self._commit_one, first)
        contexts = [waiting.context for waiting in batch]
        with on_behalf_of(contexts), tracing.batch(first.name, contexts) as span:
            span.tell("holdfast.requests", len(batch))
            # A large transaction that has to give way again and again does better in smaller parts.
            return self._patiently(lambda: first.commit(requests), PAUSES[:2])

    def _commit_one(self, only: _Waiting) -> Sequence[Any]:
        with tracing.span(only.name, {"holdfast.requests": 1}):
            return self._patiently(lambda: only.commit([only.request]))

    def _do(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            done = job.context.run(self._work, job)
            job.future.set_result(done)
        except BaseException as error:
            job.future.set_exception(error)

    def _work(self, job: _Job) -> Any:
        with tracing.child("write"):
            return self._patiently(job.work)

    def _patiently(self, work: Callable[[], R], pauses: Sequence[float] = PAUSES) -> R:
        for pause in pauses:
            try:
                return work()
            except TransientStoreError as error:
                _log.info("again", error=type(error).__name__)
                time.sleep(pause)
                # Where the database cannot be reached, the work itself says so.
                with suppress(TransientStoreError):
                    self._before_again()
        return work()
