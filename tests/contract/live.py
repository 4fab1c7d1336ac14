"""A real server in front of a real engine: uvicorn, a socket, a database."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from api.app import create_app
from engine.customers.event import Event
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC
LABEL = "contract"


class Live:
    """A server at `address` that lets `key` add events, and what it has stored."""

    def __init__(self, engine: Engine, address: str) -> None:
        self.engine = engine
        self.address = address
        self.key = engine.create_key("ingest", "shop@example.com", LABEL).text

    def events(self) -> dict[str, Event]:
        """Give what was stored from outside, by message id."""
        with self.engine.store.reader() as reader:
            found = reader.events(limit=10_000)
        return {event.message_id: event for event in found if event.source == LABEL}


@contextmanager
def serving(folder: Path) -> Generator[Live]:
    """Serve an empty workspace on a free port until the block ends."""
    (folder / "holdfast.yaml").write_text("name: Contract\n")
    clock = VirtualClock(START)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Engine.open(folder, f"sqlite:///{folder / 'holdfast.db'}", clock, work=False) as engine,
    ):
        config = uvicorn.Config(create_app(engine), log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Live(engine, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join()
