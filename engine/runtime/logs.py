"""Logs: one JSON object a line on standard error, without anything personal in it."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from engine.runtime import tracing

FRAMES = 12

REQUEST = "request_id"
"""Under which name the request that a line belongs to stands in it."""

_together: ContextVar[Sequence[Context]] = ContextVar("holdfast_together", default=())


@contextmanager
def on_behalf_of(contexts: Sequence[Context]) -> Iterator[None]:
    """Let lines that are logged in the block name the requests of all these contexts."""
    before = _together.set(contexts)
    try:
        yield
    finally:
        _together.reset(before)


def _whose(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Say which requests are concerned, and which span."""
    if contexts := _together.get():
        found = (each.run(structlog.contextvars.get_contextvars).get(REQUEST) for each in contexts)
        event["request_ids"] = [id for id in found if id is not None]
    event.update(tracing.ids())
    return event


def _where(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Say where an error came from; its message stays out, for it may hold what a customer sent."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _to_stderr(*args: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def configure(level: int = logging.INFO) -> None:
    """Set the form of logs up, unless the program that runs this has done so."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _whose,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_stderr,
    )


class _Library(logging.Handler):
    """Says where a library logged something, and where its error came from.

    What it said stays out, and so does the error's message: either may hold what a customer sent.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        place = f"{record.pathname}:{record.lineno} {record.funcName}"
        _tell(record.levelno, "library", error, library=record.name, said_at=place)


def _tell(level: int, event: str, error: BaseException | None, **more: Any) -> None:
    kind = {} if error is None else {"error": type(error).__name__}
    structlog.get_logger("holdfast").log(level, event, exc_info=error, **kind, **more)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    _tell(logging.ERROR, "thread_failed", failed.exc_value)


def speak_for_all() -> None:
    """Let libraries and threads log in our form too: for a process of our own.

    Else either would print a traceback with the error's message to the same place as the logs.
    """
    configure()
    root = logging.getLogger()
    root.handlers[:] = [_Library(logging.WARNING)]
    threading.excepthook = _thread_failed
