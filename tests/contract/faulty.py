"""A bad road to a server: a proxy that refuses requests, and cuts connections before or after the answer."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

FAULTS = ("429", "503", "cut before it arrives", "cut after it arrived")
_KEPT = frozenset(("authorization", "content-type", "content-encoding", "user-agent"))


def plan(seed: int) -> list[str]:
    """Give what becomes of the first requests: each fault once, in an order of chance, among some that go
    through; all after them go through."""
    wanted = [*FAULTS, "pass", "pass"]
    Random(seed).shuffle(wanted)
    return wanted


class FaultyProxy:
    """Stands before a server, at `address`. `done` tells what became of the requests, in order."""

    def __init__(self, server: str, planned: Sequence[str]) -> None:
        self.done: list[str] = []
        self._planned = list(planned)
        self._server = urlsplit(server)
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _next(self) -> str:
        with self._lock:
            fate = self._planned.pop(0) if self._planned else "pass"
            self.done.append(fate)
            return fate

    def _forward(self, path: str, head: dict[str, str], body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._server.hostname or "", self._server.port)
        try:
            connection.request("POST", path, body, head)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                head = {name: value for name, value in self.headers.items() if name.lower() in _KEPT}
                fate = proxy._next()
                if fate == "cut before it arrives":
                    self._cut()
                elif fate in ("429", "503"):
                    self._answer(int(fate), b'{"code": "busy", "message": "busy", "detail": "busy"}', "1")
                else:
                    status, answer = proxy._forward(self.path, head, body)
                    if fate == "pass":
                        self._answer(status, answer)
                    else:
                        self._cut()

            def _answer(self, status: int, body: bytes, retry_after: str | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if retry_after is not None:
                    self.send_header("Retry-After", retry_after)
                self.end_headers()
                self.wfile.write(body)

            def _cut(self) -> None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
