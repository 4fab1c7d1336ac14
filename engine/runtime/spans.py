"""Spans as OpenTelemetry has them: the only module that imports it, and only where they are recorded."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextvars import Context as ContextVars
from contextvars import Token
from types import TracebackType
from typing import Self, TypeAlias

import structlog
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from engine.runtime.tracing import Attributes

Processor: TypeAlias = SpanProcessor

FLUSH = 3.0
"""Seconds that a collector has, when the process ends, to take what is left."""

REMEMBERED = 10_000
"""Effects of which it is known in which span they were decided."""

_CALLER = b"traceparent"
_UNNAMED = "unknown_service"
_log = structlog.get_logger("holdfast.tracing")


class Recorder:
    """Makes spans. What is under way belongs to the context of a thread or task, and to no other."""

    def __init__(self, processor: Processor) -> None:
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("holdfast")
        self._carried = TraceContextTextMapPropagator()
        self._decided: OrderedDict[str, SpanContext] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def recording(self) -> bool:
        """Tell whether something is under way."""
        return trace.get_current_span().get_span_context().is_valid

    def span(self, name: str, attributes: Attributes) -> Open:
        """Give a span under what is under way."""
        return self._open(name, attributes)

    def request(self, name: str, head: Iterable[tuple[bytes, bytes]], attributes: Attributes) -> Open:
        """Give the span of a request, under its caller's."""
        # What else a caller sends along (`tracestate`, `baggage`) may hold anything.
        carrier = {key.decode(): value.decode("latin-1") for key, value in head if key == _CALLER}
        parent = self._carried.extract(carrier, Context())
        return self._open(name, attributes, SpanKind.SERVER, parent)

    def batch(self, name: str, contexts: Sequence[ContextVars]) -> Open:
        """Give a span that is linked to what is under way in each context."""
        found = (each.run(trace.get_current_span).get_span_context() for each in contexts)
        return self._open(name, {}, links=[Link(each) for each in found if each.is_valid])

    def delivery(self, name: str, key: str, attributes: Attributes) -> Open:
        """Give the span of an attempt, under that in which the effect was decided."""
        with self._lock:
            known = self._decided.get(key)
        parent = None if known is None else trace.set_span_in_context(trace.NonRecordingSpan(known))
        return self._open(name, attributes, SpanKind.CLIENT, parent)

    def tell(self, name: str, value: int) -> None:
        """Add a number to what is under way."""
        trace.get_current_span().set_attribute(name, value)

    def decided(self, keys: Iterable[str]) -> None:
        """Remember what is under way with the keys of effects, the last ones longest."""
        here = trace.get_current_span().get_span_context()
        if not here.is_valid:
            return
        with self._lock:
            for key in keys:
                self._decided.setdefault(key, here)
            while len(self._decided) > REMEMBERED:
                self._decided.popitem(last=False)

    def outgoing(self) -> dict[str, str]:
        """Give the header `traceparent`."""
        carrier: dict[str, str] = {}
        self._carried.inject(carrier)
        return carrier

    def ids(self) -> dict[str, str]:
        """Give the ids of what is under way."""
        here = trace.get_current_span().get_span_context()
        if not here.is_valid:
            return {}
        return {
            "trace_id": trace.format_trace_id(here.trace_id),
            "span_id": trace.format_span_id(here.span_id),
        }

    def close(self) -> None:
        """Hand over what is left, and wait a few seconds for it; whoever is slower does not hold us up."""
        ending = threading.Thread(target=self._provider.shutdown, name="holdfast-spans", daemon=True)
        ending.start()
        ending.join(FLUSH)

    def _open(
        self,
        name: str,
        attributes: Attributes,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Context | None = None,
        links: Sequence[Link] = (),
    ) -> Open:
        # What an error says may hold what a customer sent: of it only the kind is told.
        return Open(
            self._tracer.start_span(
                name,
                parent,
                kind,
                attributes,
                links,
                record_exception=False,
                set_status_on_exception=False,
            )
        )


class Open:
    """A span from its begin to its end."""

    __slots__ = ("_dropped", "_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._dropped = False
        self._token: Token[Context] | None = None

    def tell(self, name: str, value: str | int) -> None:
        """Add an attribute."""
        self._span.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        """Say that it failed, and by which kind of error."""
        self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attribute("error.type", kind)

    def drop(self) -> None:
        """Forget it."""
        self._dropped = True

    def __enter__(self) -> Self:
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            context.detach(self._token)
        if kind is not None:
            self.fail(kind.__name__)
        if not self._dropped:
            self._span.end()


class _Collector(SpanExporter):
    """Hands spans to a collector, and says once when it goes away and once when it is back."""

    def __init__(self) -> None:
        self._inner = OTLPSpanExporter()
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send."""
        result = self._inner.export(spans)
        away = result is not SpanExportResult.SUCCESS
        if away != self._away:
            self._away = away
            if away:
                _log.warning("collector_away")
            else:
                _log.info("collector_back")
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._inner.shutdown()  # type: ignore[no-untyped-call]


def to_collector() -> Processor:
    """Give what gathers spans in a thread of its own and sends them; what does not fit is left out."""
    # It would tell of each attempt; that nobody takes them is told by us, once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    return BatchSpanProcessor(_Collector())


def _resource() -> Resource:
    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, _UNNAMED)).startswith(_UNNAMED):
        return found.merge(Resource({SERVICE_NAME: "holdfast"}))
    return found
