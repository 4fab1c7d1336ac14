"""One bad input, the answer that is wanted, and what it is given to."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import START, lay_out


class Ground:
    """A small shop in a new folder, served once it is asked for, and a key of every role."""

    def __init__(self, folder: Path, closing: ExitStack, more: Mapping[str, str]) -> None:
        self._folder, self._closing = folder, closing
        self._keys: dict[str, str] = {}
        self._more = dict(more)
        self.clock = VirtualClock(START)

    @cached_property
    def engine(self) -> Engine:
        """The engine, on SQLite."""
        lay_out(self._folder)
        for name, text in self._more.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        database = f"sqlite:///{self._folder / 'holdfast.db'}"
        return self._closing.enter_context(Engine.open(self._folder, database, self.clock, work=False))

    @cached_property
    def http(self) -> TestClient[Litestar]:
        """A client of its API."""
        return self._closing.enter_context(TestClient(create_app(self.engine), raise_server_exceptions=False))

    def key(self, role: str) -> str:
        """Give the text of a key."""
        if role not in self._keys:
            self._keys[role] = self.engine.create_key(role, f"{role}@example.com", f"{role}-key").text
        return self._keys[role]

    def send(self, role: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request with a key of this role; "" is none."""
        head = {"Authorization": f"Bearer {self.key(role)}"} if role else {}
        headers = {**head, **more.pop("headers", {})}
        return self.http.request(method, path, headers=headers, follow_redirects=False, **more)

    def ask(self, role: str, method: str, path: str, **more: Any) -> str:
        """Send a request; give the status and the problem's code."""
        return told(self.send(role, method, path, **more))

    def ingest(self, body: bytes, kind: str = "application/json", **headers: str) -> str:
        """Post a body of events; give what became of it."""
        return self.ask(
            "ingest", "POST", "/v1/events", content=body, headers={"Content-Type": kind, **headers}
        )


class Case(NamedTuple):
    """What is put in (`area`, `what`), the answer that is `wanted`, and how it is `got`.

    One that is not `alone` changes nothing, and is given to the same shop as the others of its kind.
    """

    area: str
    what: str
    wanted: str
    got: Callable[[Ground], str]
    alone: bool = True


def told(answer: httpx.Response) -> str:
    """Write an answer short: the status and the code of the problem, or what became of the events."""
    if answer.status_code >= 400:
        return f"{answer.status_code} {answer.json()['code']}"
    body = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
    if not isinstance(body, dict) or "quarantined" not in body:
        return str(answer.status_code)
    parts = [f"{body['accepted']} in"] if body["accepted"] else []
    parts += [f"{body['duplicates']} twice"] if body["duplicates"] else []
    parts += [f"{len(body['conflicts'])} in conflict"] if body["conflicts"] else []
    parts += [each["code"] for each in body["quarantined"]]
    return f"{answer.status_code} {', '.join(parts)}"


@contextmanager
def ground(folder: Path, more: Mapping[str, str] = MappingProxyType({})) -> Generator[Ground]:
    """Give a shop in a folder, with `more` files than it has, and close it in the end."""
    with ExitStack() as closing:
        yield Ground(folder, closing, more)
