"""Traces: what a request, a batch, a commit and a delivery took, for a collector of OpenTelemetry.

Off unless the standard variables of OpenTelemetry name a collector; then nothing of it is imported, and a
span is one object that does nothing. A span's attributes are names of the workspace and numbers, nothing
of a customer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from engine.errors import HoldfastError

if TYPE_CHECKING:
    from engine.runtime.spans import Processor, Recorder

ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOL, TRACES_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
DISABLED = "OTEL_SDK_DISABLED"
SPOKEN = "http/protobuf"
"""What is spoken with a collector."""

Attributes = Mapping[str, str | int]
NONE: Attributes = MappingProxyType({})

_recorder: Recorder | None = None


class TracingError(HoldfastError):
    """Spans are asked for and cannot be sent."""


class Span(Protocol):
    """What is under way between the begin and the end of a `with`."""

    def tell(self, name: str, value: str | int) -> None:
        """Add an attribute."""
        ...

    def fail(self, kind: str) -> None:
        """Say that it failed, and by which kind of error."""
        ...

    def drop(self) -> None:
        """Forget it: there was nothing to do."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False] | None: ...


class _Nothing:
    """The span of who records none."""

    __slots__ = ()

    def tell(self, name: str, value: str | int) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass

    def drop(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


_NOTHING = _Nothing()


def span(name: str, attributes: Attributes = NONE) -> Span:
    """Give a span of its own, or under that which is under way in this context."""
    return _NOTHING if _recorder is None else _recorder.span(name, attributes)


def child(name: str, attributes: Attributes = NONE) -> Span:
    """Give a span under that which is under way; nothing where there is none."""
    return _NOTHING if _recorder is None or not _recorder.recording else _recorder.span(name, attributes)


def request(name: str, head: Iterable[tuple[bytes, bytes]], attributes: Attributes) -> Span:
    """Give the span of an HTTP request, under its caller's where the head names that."""
    return _NOTHING if _recorder is None else _recorder.request(name, head, attributes)


def batch(name: str, contexts: Sequence[Context]) -> Span:
    """Give the span of what several contexts wait for; it is linked to the span of each."""
    return _NOTHING if _recorder is None else _recorder.batch(name, contexts)


def delivery(name: str, key: str, attributes: Attributes) -> Span:
    """Give the span of an attempt to deliver an effect, under that in which it was decided."""
    return _NOTHING if _recorder is None else _recorder.delivery(name, key, attributes)


def tell(name: str, value: int) -> None:
    """Add a number to what is under way."""
    if _recorder is not None:
        _recorder.tell(name, value)


def decided(keys: Iterable[str]) -> None:
    """Remember for a while in which span effects were decided."""
    if _recorder is not None:
        _recorder.decided(keys)


def outgoing() -> dict[str, str]:
    """Give the header (W3C Trace Context) by which whoever is called goes on with the trace."""
    return {} if _recorder is None else _recorder.outgoing()


def ids() -> dict[str, str]:
    """Give `trace_id` and `span_id` of what is under way, for its log lines."""
    return {} if _recorder is None else _recorder.ids()


@contextmanager
def exporting(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Send spans to the collector that the environment names, if it does, while the block runs.

    Raises `TracingError` where a collector is named and the packages for it are missing, or it is to be
    spoken to otherwise than over HTTP.
    """
    if not _wanted(environment):
        yield
        return
    protocol = environment.get(TRACES_PROTOCOL) or environment.get(PROTOCOL) or SPOKEN
    if protocol != SPOKEN:
        raise TracingError(
            f"{PROTOCOL} is {protocol}, and spans are sent as {SPOKEN} alone; set it to that, or take it away"
        )
    try:
        from engine.runtime.spans import to_collector
    except ImportError as error:
        raise TracingError(
            f"{ENDPOINT} names a collector of OpenTelemetry, and its packages are not installed; run"
            " `pip install 'holdfast[otel]'`, or take the variable away"
        ) from error
    with recording(to_collector()):
        yield


@contextmanager
def recording(processor: Processor) -> Iterator[None]:
    """Record spans while the block runs, and hand each that has ended to a processor."""
    global _recorder
    from engine.runtime.spans import Recorder

    recorder = _recorder = Recorder(processor)
    try:
        yield
    finally:
        _recorder = None
        recorder.close()


def _wanted(environment: Mapping[str, str]) -> bool:
    off = environment.get(DISABLED, "").strip().lower() == "true"
    return not off and any(environment.get(name, "").strip() for name in (ENDPOINT, TRACES_ENDPOINT))
