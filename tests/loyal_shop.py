"""A shop with a loyalty program over HTTP, on SQLite, under a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from engine.customers.zones import instant_of
from engine.runtime.actions import Actions
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.virtual_engine import files, instant

MEMBER = "/v1/customers/ana/points"


class Shop:
    """The doors, as an operator, a second one, an auditor and the shop itself see them."""

    def __init__(self, engine: Engine, clock: VirtualClock, http: TestClient[Litestar]) -> None:
        self.engine = engine
        self.clock = clock
        self.http = http
        self._keys: dict[str, str] = {}

    def __call__(
        self, method: str, path: str, body: Any = None, *, who: str = "operator", key: str | None = None
    ) -> Any:
        """Ask as `who`: a role, or a role with a person's name behind a dot."""
        if who not in self._keys:
            role = who.partition(".")[0]
            self._keys[who] = self.engine.create_key(role, f"{who}@example.com", "shop").text
        headers = {"Authorization": f"Bearer {self._keys[who]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.http.request(method, path, headers=headers, json=body)

    def points(self, action: str, body: Any = None, **more: Any) -> Any:
        """Act on ana's points."""
        return self("POST", f"{MEMBER}/{action}", body, **more)

    def held(self, query: str = "") -> dict[str, Any]:
        """Give what ana has."""
        answer = self("GET", f"{MEMBER}{query}", who="auditor")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    @property
    def available(self) -> int:
        """What ana can spend."""
        return int(self.held()["balance"]["available"])

    def send(self, event: str, id: str, customer: str = "ana", **properties: Any) -> dict[str, Any]:
        """Send an event that occurs now."""
        answer = self("POST", "/v1/events", {"customer": customer, "event": event, "id": id, **properties},
                      who="ingest")  # fmt: skip
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert not told["quarantined"], told
        return told

    def until(self, at: str) -> None:
        """Let everything happen that is due at or before a time."""
        self.engine.run_until(instant(at))

    def totals(self) -> dict[str, int]:
        """Sum all that was ever booked for ana, by account; the sum of all is looked at too."""
        sums: dict[str, int] = {}
        for posting in self.held("?limit=1000")["postings"]["items"]:
            assert sum(entry["points"] for entry in posting["entries"]) == 0
            for entry in posting["entries"]:
                sums[entry["account"]] = sums.get(entry["account"], 0) + entry["points"]
        assert sum(sums.values()) == 0
        return {account: points for account, points in sums.items() if points}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Give the properties of ana's events of a name, the oldest first."""
        with self.engine.store.reader() as reader:
            return [event.properties for event in reader.events_of(["ana"]) if event.name == name]


@contextmanager
def opened(
    folder: Path,
    *texts: str,
    at: str = "2026-01-05 12:00",
    settings: str = "",
    actions: Actions | None = None,
) -> Generator[Shop]:
    """Open a shop with these files at a time."""
    for name, content in files(*texts, settings=settings).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    clock = VirtualClock(instant(at))
    with (
        Engine.open(
            folder, f"sqlite:///{folder / 'holdfast.db'}", clock, work=False, actions=actions
        ) as engine,
        TestClient(create_app(engine), raise_server_exceptions=False) as http,
    ):
        yield Shop(engine, clock, http)


def read_time(text: str) -> int:
    """Read an instant of an answer."""
    return instant_of(datetime.fromisoformat(text))
