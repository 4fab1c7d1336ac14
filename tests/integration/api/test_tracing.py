"""Traces of a request, from the door to the webhook, and the id by which its log lines are found."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import structlog
from litestar import Litestar
from litestar.testing import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.model.values import HOUR
from engine.runtime import logs, tracing
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import Door
from tests.receiver import Received, receiving

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary0815"
PERSON = f"{CANARY}@example.com"
ORDER = {"customer": PERSON, "event": "order_completed", "id": CANARY, "total": 500, "note": CANARY}
CALL = """
workflow: ask-desk
owner: shop
class: service
description: Tell the CRM of a big order.
reentry: always
steps:
  - do: webhook.call
    with: {webhook: crm, body: {total: =event.total}}
"""


@pytest.fixture
def received() -> Received:
    return []


@pytest.fixture
def address(received: Received) -> Generator[str]:
    with receiving(received) as found:
        yield found


@pytest.fixture
def folder(folder: Path, address: str) -> Path:
    (folder / "workflows" / "ask-desk.yaml").write_text(CALL.lstrip())
    settings = folder / "holdfast.yaml"
    webhook = f"connectors:\n  webhooks:\n    crm: {{url: '{address}', hosts: [127.0.0.1]}}\n"
    settings.write_text(settings.read_text() + webhook)
    return folder


@pytest.fixture
def memory() -> Generator[InMemorySpanExporter]:
    """Where spans go while a test runs."""
    exporter = InMemorySpanExporter()
    with tracing.recording(SimpleSpanProcessor(exporter)):
        yield exporter


def by_name(memory: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in memory.get_finished_spans()}


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def id_of(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def trace_of(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}"


def ordered(as_role: Door, engine: Engine, clock: VirtualClock) -> Any:
    """Take one big order in, on behalf of a caller that traces, and deliver what comes of it."""
    client = as_role("ingest")
    head = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": f"vendor={CANARY}"}
    answer = client.post("/v1/events", [ORDER], headers=head)
    assert answer.json()["accepted"] == 1
    engine.run_until(clock.now() + HOUR)
    return answer


def test_one_order_is_one_trace_from_the_door_to_the_webhook(
    memory: InMemorySpanExporter, as_role: Door, engine: Engine, clock: VirtualClock, received: Received
) -> None:
    # when an order is taken in that starts a run with a webhook
    ordered(as_role, engine, clock)
    ((effect, _),) = received
    spans = [span for span in memory.get_finished_spans() if trace_of(span) == TRACE]
    found = {span.name: span for span in spans}

    # then each piece of work is under the one that asked for it, in the trace of the caller
    asked, intake = found["POST /v1/events"], found["intake"]
    commit, sent = found["commit"], found["deliver webhook.call"]
    assert len(found) == len(spans) == 5
    # beside them it is kept that the key was used
    assert parent_of(found["write"]) == id_of(asked)
    assert parent_of(asked) == int(CALLER, 16)
    assert parent_of(intake) == id_of(asked)
    assert parent_of(commit) == parent_of(sent) == id_of(intake)

    # and says what it was
    told = dict(asked.attributes or {})
    assert re.fullmatch(r"\w+", str(told.pop("holdfast.key")))
    assert told == {
        "http.request.method": "POST", "http.route": "/v1/events", "http.response.status_code": 200,
        "holdfast.role": "ingest",
    }  # fmt: skip
    assert dict(intake.attributes or {}) == {"holdfast.requests": 1, "holdfast.events": 1}
    assert dict(sent.attributes or {}) == {
        "holdfast.action": "webhook.call", "holdfast.workflow": "ask-desk", "holdfast.attempt": 1,
        "holdfast.connector": "webhooks.crm",
    }  # fmt: skip

    # and whoever is called can go on with it; what the caller sent along stays here
    assert effect["traceparent"] == f"00-{TRACE}-{id_of(sent):016x}-01"
    assert "tracestate" not in effect


def test_no_span_tells_of_a_customer(
    memory: InMemorySpanExporter, as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given work of every kind about somebody, some of which fails
    ordered(as_role, engine, clock)
    admin = as_role("admin")
    admin("PUT", f"/v1/customers/{PERSON}", {"plan": CANARY})
    admin.get(f"/v1/customers/{PERSON}")
    admin.get(f"/v1/customers?segment={CANARY}")
    admin.post("/v1/triggers", {"rule": "call-me", "customer": PERSON, "event": {"value": CANARY}})
    as_role("ingest").get(f"/v1/customers/{PERSON}")
    engine.checkpoint().result()

    # then none of it is in any span
    spans = memory.get_finished_spans()
    assert len(spans) > 10
    assert [span.to_json() for span in spans if CANARY in span.to_json() or "@" in span.to_json()] == []
    names = {name for span in spans for name in span.attributes or {}}
    assert names <= {
        "http.request.method", "http.route", "http.response.status_code", "error.type", "holdfast.key",
        "holdfast.role", "holdfast.requests", "holdfast.events", "holdfast.effects", "holdfast.customers",
        "holdfast.entries", "holdfast.action", "holdfast.workflow", "holdfast.attempt", "holdfast.connector",
    }  # fmt: skip
    assert {"sign", "claim", "settle", "write"} <= set(by_name(memory))


def test_nothing_is_sent_along_where_nothing_is_traced(
    as_role: Door, engine: Engine, clock: VirtualClock, received: Received
) -> None:
    ordered(as_role, engine, clock)
    assert [head for head, _ in received if "traceparent" in head] == []
    assert len(received) == 1


@pytest.mark.parametrize("given", ["req-1", '"quoted"{}', "x" * 128])
def test_a_sound_request_id_comes_back(http: TestClient[Litestar], given: str) -> None:
    for path in ("/health/live", "/nothing", "/v1/rules"):
        head = http.get(path, headers={"X-Request-Id": given}).headers
        assert head["x-request-id"] == head["request-id"] == given


@pytest.mark.parametrize("given", [b"", b"a b", b"x" * 129, "\u00e9".encode(), b"a\tb"])
def test_any_other_is_made_anew(http: TestClient[Litestar], given: bytes) -> None:
    answers = [http.get("/nothing", headers={b"X-Request-Id": given}).headers for _ in range(2)]
    first, second = (head["x-request-id"] for head in answers)
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
    assert first != second


def test_lines_of_a_request_name_it_and_its_span(
    memory: InMemorySpanExporter,
    as_role: Door,
    engine: Engine,
    own_logs: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given logs as a server has them, and a core that fails on an event
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    logs.configure()
    # when something is logged in the middle of a request, by the writer's thread and by the door
    monkeypatch.setattr(tracing, "tell", said_in_between)
    head = {"X-Request-Id": "req-1", "traceparent": f"00-{TRACE}-{CALLER}-01"}
    as_role("operator").post("/v1/events", [ORDER], headers=head)
    # then the line has the id of the request, and of the span that was under way
    (line,) = [json.loads(line) for line in out.getvalue().splitlines() if "in_between" in line]
    intake = by_name(memory)["intake"]
    assert (line["request_id"], line["trace_id"]) == ("req-1", TRACE)
    assert line["span_id"] == f"{id_of(intake):016x}"
    assert CANARY not in out.getvalue()


def said_in_between(name: str, value: int) -> None:
    structlog.get_logger("test").info("in_between")
