"""Tracing is off unless it is asked for, refuses what it cannot do, and holds nobody up."""

import contextvars
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.runtime import tracing
from engine.runtime.writer import Writer

OFF = """
import sys
import api.app, api.serve
from engine.runtime import tracing
with tracing.exporting(), tracing.span("one"), tracing.child("two"):
    found = [name for name in sys.modules if name.startswith("opentelemetry")]
    print(tracing.outgoing(), tracing.ids(), found)
"""
MISSING = """
import sys
sys.modules["opentelemetry"] = None
from engine.runtime import tracing
try:
    with tracing.exporting({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}):
        print("not refused")
except tracing.TracingError as error:
    print(error)
"""
AWAY = """
from engine.runtime import logs, tracing
logs.speak_for_all()
with tracing.exporting():
    for _ in range(600):
        with tracing.span("one"):
            pass
print("ended")
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command = (sys.executable, "-c", program)
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=kept | environment, timeout=60
    )


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_SERVICE_NAME": "shop"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_SDK_DISABLED": "True"},
    ],
)
def test_off_nothing_of_it_is_imported(environment: dict[str, str]) -> None:
    assert run(OFF, **environment).stdout == "{} {} []\n"


def test_without_the_packages_it_says_what_to_install() -> None:
    said = run(MISSING).stdout
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in said
    assert "run `pip install 'holdfast[otel]'`" in said


@pytest.mark.parametrize("name", [tracing.PROTOCOL, tracing.TRACES_PROTOCOL])
def test_another_protocol_is_refused(name: str) -> None:
    environment = {tracing.TRACES_ENDPOINT: "http://localhost:4318", name: "grpc"}
    with pytest.raises(tracing.TracingError, match="grpc, and spans are sent as http/protobuf alone"):
        with tracing.exporting(environment):
            pass


def test_a_collector_that_is_away_is_one_line() -> None:
    # given an address at which nobody listens
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run(AWAY, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")
    # then the process ends in time, and has said so at most once
    assert done.stdout == "ended\n"
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] in ([], ["collector_away"])


def test_what_is_left_is_handed_over_at_the_end() -> None:
    # given a collector
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        # when a process ends right after its spans
        port = server.server_address[1]
        done = run(AWAY, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", OTEL_SERVICE_NAME="shop")
        server.shutdown()
    # then all came, under the name that was given, and nothing was said
    assert {path for path, _ in taken} == {"/v1/traces"}
    assert b"".join(body for _, body in taken).count(b"one") == 600
    assert all(b"shop" in body for _, body in taken)
    assert (done.stdout, done.stderr) == ("ended\n", "")


def test_requests_that_are_committed_together_are_linked() -> None:
    memory = InMemorySpanExporter()
    with tracing.recording(SimpleSpanProcessor(memory)):
        # given two requests that wait while the writer is busy
        writer, go = Writer(), threading.Event()
        writer.start()
        writer.call(go.wait)
        waiting: list[Future[int]] = []
        for name in ("first", "second"):
            with tracing.request(name, (), {}):
                waiting.append(writer.join(name, lengths, name="intake"))
        go.set()
        assert [each.result() for each in waiting] == [5, 6]
        writer.close()
    # then their batch is a trace of its own, linked to both
    found = {span.name: span for span in memory.get_finished_spans()}
    batch = found["intake"]
    linked = {link.context.span_id for link in batch.links}
    assert linked == {found[name].context.span_id for name in ("first", "second")}
    assert batch.parent is None
    assert dict(batch.attributes or {}) == {"holdfast.requests": 2}


def lengths(requests: Sequence[str]) -> Sequence[int]:
    return [len(request) for request in requests]


def test_an_error_is_told_by_its_kind_alone() -> None:
    memory = InMemorySpanExporter()
    with tracing.recording(SimpleSpanProcessor(memory)):
        with pytest.raises(ValueError), tracing.span("one"):
            raise ValueError("Canary0815")
        with tracing.span("two") as span:
            span.drop()
    (told,) = memory.get_finished_spans()
    assert dict(told.attributes or {}) == {"error.type": "ValueError"}
    assert "Canary0815" not in told.to_json()


def test_what_is_under_way_belongs_to_its_context() -> None:
    with tracing.recording(SimpleSpanProcessor(InMemorySpanExporter())):
        elsewhere = contextvars.copy_context()
        with tracing.span("one"):
            here = tracing.ids()
            assert elsewhere.run(tracing.ids) == {}
            (header,) = tracing.outgoing().items()
            assert header[0] == "traceparent"
            assert header[1].startswith(f"00-{here['trace_id']}-{here['span_id']}-0")
        assert tracing.ids() == {}
