"""A served engine over a past that a test writes down: events by day, and figures over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from api.app import create_app
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.virtual_engine import instant

SUBSCRIPTIONS = """
subscriptions: {of: subscription_updated, id: subscription_id, mrr: mrr, ends: ends_at, reason: reason}
"""


class MeasuredBase:
    """An engine whose clock stands at `now`, asked as an author does."""

    def __init__(self, engine: Engine, clock: VirtualClock, http: TestClient[Any]) -> None:
        self.engine = engine
        self.clock = clock
        self._http = http
        self._head = {"Authorization": f"Bearer {engine.create_key('author', 'ana@example.com').text}"}
        self._events: list[dict[str, Any]] = []
        self._sent = 0

    def tell(self, day: str, customer: str, event: str, **properties: Any) -> None:
        """Write down an event of the past: `2026-03-01`, or with a time behind it."""
        at = day.replace(" ", "T") if " " in day else f"{day}T00:00:00"
        self._sent += 1
        given = {"customer": customer, "event": event, "at": f"{at}Z", "id": f"e{self._sent}"}
        self._events.append(given | properties)

    def pay(self, day: str, customer: str, mrr: Any, **more: Any) -> None:
        """Write down that a contract has this price from a day on."""
        self.tell(day, customer, "subscription_updated", subscription_id="main", mrr=mrr, **more)

    def settle(self) -> None:
        """Take in what was written down."""
        if self._events:
            taken = self.engine.import_events(self._events, source="test", history=True)
            assert taken.accepted == len(self._events), taken
            self._events = []

    def receive(self, **event: Any) -> None:
        """Let an event come in now, whenever it occurred."""
        assert self.engine.ingest([event], source="late").result().accepted == 1

    def ask(self, path: str, status: int = 200, **query: Any) -> Any:
        """Give the answer of a route; `start` and the like are written as they are asked for."""
        self.settle()
        given = {name.removesuffix("_"): value for name, value in query.items()}
        answer = self._http.get(path, params=given, headers=self._head)
        assert answer.status_code == status, answer.text
        return answer.json()

    def figure(self, name: str, start: str, end: str, **query: Any) -> Any:
        """Give a metric over [start, end)."""
        return self.ask(f"/v1/metrics/{name}", from_=start, to=end, **query)


Measuring = Callable[..., MeasuredBase]


@contextmanager
def measured_base(
    folder: Path, files: Mapping[str, str], now: str, database: str | None = None
) -> Iterator[MeasuredBase]:
    """Open a workspace of these files at `now`, and serve it."""
    for name, text in {"holdfast.yaml": "name: Example\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    clock = VirtualClock(instant(now))
    url = database or f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder, url, clock, work=False) as engine, TestClient(create_app(engine)) as http:
        yield MeasuredBase(engine, clock, http)
