"""A sink: the other side of every webhook, which counts what it takes."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Sink:
    """What has been taken: how often under each Idempotency-Key.

    `linger` are the seconds before an answer, in which whoever sends may die. Of `refuse` keys, one
    is refused when it comes for the first time. `on_take` is told each key before it is answered.
    """

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.linger = 0.0
        self.refuse = 0
        self.on_take: Callable[[str], object] = str
        self.address = ""
        self._lock = threading.Lock()

    def take(self, key: str) -> bool:
        """Take a request, or refuse it for now."""
        with self._lock:
            if self.refuse and zlib.crc32(key.encode()) % self.refuse == 0 and not self.refused[key]:
                self.refused[key] += 1
                return False
            self.taken[key] += 1
        self.on_take(key)
        time.sleep(self.linger)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, sink: Sink) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sink = sink

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of senders that die before they are answered."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):
            return
        good = self.server.sink.take(str(self.headers["Idempotency-Key"]))
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep no log."""


@contextmanager
def sinking() -> Generator[Sink]:
    """Take webhooks on a free port of this machine."""
    sink = Sink()
    server = _Server(sink)
    sink.address = f"http://127.0.0.1:{server.server_address[1]}/"
    # Ending looks for a request to stop so often.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
