"""A listener of the stream, which speaks ASGI itself: it reads as slowly as a test likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from litestar import Litestar

PATIENCE = 10.0
"""Seconds after which a test has waited in vain."""


class Told(msgspec.Struct, frozen=True):
    """One block of a stream; one with no `data` is a beat."""

    id: int
    event: str | None
    data: dict[str, Any]


class Listener:
    """One stream that is open."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.reading = asyncio.Event()
        self.reading.set()
        self.ended = asyncio.Event()
        self.leaving = asyncio.Event()
        self._news = asyncio.Event()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            await self.reading.wait()
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                # As servers have it: who has been told everything is gone.
                self.leaving.set()
        self._news.set()

    @property
    def told(self) -> list[Told]:
        found = []
        for block in self.body.decode().split("\n\n")[:-1]:
            lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
            fields = {name: value for name, _, value in lines}
            data = msgspec.json.decode(fields["data"]) if "data" in fields else {}
            if "id" in fields:
                found.append(Told(int(fields["id"]), fields.get("event"), data))
        return found

    @property
    def events(self) -> list[Told]:
        return [each for each in self.told if each.data]

    @property
    def changes(self) -> int:
        """How often a page was told that something has changed."""
        return self.body.decode().count("event: changed\ndata: {}\n\n")

    async def changed(self) -> None:
        """Wait until a page was told so once."""
        async with asyncio.timeout(PATIENCE):
            while not self.changes:
                self._news.clear()
                await self._news.wait()

    async def over(self) -> None:
        """Wait until the other side has ended it."""
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()

    async def until(self, number: int) -> list[Told]:
        """Wait until there are so many events, and give them."""
        async with asyncio.timeout(PATIENCE):
            while len(self.events) < number:
                self._news.clear()
                await self._news.wait()
        return self.events

    async def begun(self) -> None:
        """Wait until the stream has said where it is, or was refused."""
        async with asyncio.timeout(PATIENCE):
            while not self.body:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(
    app: Litestar, key: str, query: str = "", last: int | None = None
) -> AsyncGenerator[Listener]:
    """Open a stream, and leave it at the end of the block."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    if last is not None:
        headers.append((b"last-event-id", str(last).encode()))
    async with hearing(app, "/v1/stream", headers, query) as listener:
        yield listener


@asynccontextmanager
async def hearing(
    app: Litestar, path: str, headers: list[tuple[bytes, bytes]], query: str = ""
) -> AsyncGenerator[Listener]:
    """Open a stream of any address, and leave it at the end of the block."""
    headers = [*headers, (b"host", b"test"), (b"accept", b"text/event-stream")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("test", 80), "state": {},
    }  # fmt: skip
    listener = Listener()

    async def run() -> None:
        await app(scope, listener.receive, listener.send)  # type: ignore[arg-type]
        listener.ended.set()

    task = asyncio.create_task(run())
    try:
        await listener.begun()
        yield listener
    finally:
        listener.leaving.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def whole(app: Litestar, key: str, query: str = "", last: int | None = None) -> Listener:
    """Read a stream that ends by itself, or is refused."""
    async with listening(app, key, query, last) as listener:
        async with asyncio.timeout(PATIENCE):
            await listener.ended.wait()
        return listener
