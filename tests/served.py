"""The whole application over HTTP on a virtual clock, for tests: times as texts, and what the doors tell."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from litestar.testing import TestClient

from api.app import create_app
from engine.customers.zones import instant_of
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.virtual_engine import files, instant, told

Answer = dict[str, Any]


class Served:
    """A workspace that is served; everything is posted to its API and read from it, with an admin key.

    Times are texts, see `tests.virtual_engine.instant`; the customer is `ana` unless named.
    """

    def __init__(
        self, folder: Path, start: str, *texts: str, timezone: str = "UTC", settings: str = ""
    ) -> None:
        for path, content in files(*texts, timezone=timezone, settings=settings).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        self.clock = VirtualClock(instant(start))
        self._folder = folder
        self._open()

    def _open(self) -> None:
        actions, _ = recording()
        self.engine = Engine.open(
            self._folder, f"sqlite:///{self._folder}/holdfast.db", self.clock, actions=actions, work=False
        )
        self._head = {"Authorization": f"Bearer {self.engine.create_key('admin', 'test').text}"}
        self._http = TestClient(create_app(self.engine))
        self._number = 0

    def __enter__(self) -> Self:
        self._http.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.__exit__(kind, error, trace)
        self.engine.close()

    def reopened(self) -> Self:
        """Serve again what was closed; its customers' keys go on."""
        self._http.__exit__(None, None, None)
        self._open()
        self._http.__enter__()
        return self

    def until(self, at: str) -> None:
        """Let time pass: everything that is due at or before it is played and delivered."""
        self.engine.run_until(instant(at))

    def get(self, path: str, **query: str | int) -> Answer:
        """Read something that is there."""
        answer = self._http.get(path, params=query, headers=self._head)
        assert answer.status_code == 200, answer.text
        found: Answer = answer.json()
        return found

    def download(self, path: str, **query: str) -> bytes:
        """Take a file."""
        answer = self._http.get(path, params=query, headers=self._head)
        assert answer.status_code == 200, answer.text
        return answer.content

    def act(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Answer:
        """Ask for something to be done."""
        answer = self._http.request(method, path, json=body, headers=self._head)
        assert answer.status_code == expect, answer.text
        found: Answer = answer.json()
        return found

    def receive(
        self,
        received: str,
        name: str,
        customer: str = "ana",
        /,
        *,
        occurred: str | None = None,
        key: str | None = None,
        **properties: Any,
    ) -> Answer:
        """Post an event at an instant; it occurred then unless another time is given."""
        self.engine.run_until(instant(received) - 1)
        self.clock.move_to(instant(received))
        self._number += 1
        at = datetime.fromisoformat(f"{told(instant(occurred or received))}+00:00").isoformat()
        event = {
            "customer": customer, "event": name, "id": key or f"e{self._number}", "at": at,
            "properties": properties,
        }  # fmt: skip
        return self.act("POST", "/v1/events", event)

    def identify(self, received: str, customer: str = "ana", /, **traits: Any) -> Answer:
        """Post traits of a customer."""
        return self.receive(received, "identify", customer, **traits)

    def decisions(self, rule: str) -> list[tuple[str, str]]:
        """Give when a rule decided what, of that which is recorded."""
        items = self.get("/v1/audit/decisions", rule=rule, limit=500)["items"]
        return [(_time(one["at"]), one["outcome"]) for one in items]

    def why(self, rule: str, at: str, customer: str = "ana") -> Answer:
        """Give why a rule did or did not fire at a time."""
        zoned = datetime.fromisoformat(f"{told(instant(at))}+00:00").isoformat()
        return self.get(f"/v1/customers/{customer}/why", rule=rule, at=zoned)

    def facts(self, customer: str = "ana") -> dict[str, Answer]:
        """Give what is known of a customer now, fact by fact."""
        found: dict[str, Answer] = self.get(f"/v1/customers/{customer}")["facts"]
        return found

    def runs(self, workflow: str) -> list[Answer]:
        """Give the runs of a workflow with their attempts and effects, the first one first."""
        items = self.get("/v1/runs", workflow=workflow, limit=500)["items"]
        return sorted((self.get(f"/v1/runs/{one['id']}") for one in items), key=lambda run: run["started_at"])

    def ended(self, workflow: str) -> list[tuple[str, str | None]]:
        """Give how each run of a workflow stands, and why."""
        return [(run["status"], run["reason"]) for run in self.runs(workflow)]

    def sent(self, workflow: str) -> list[tuple[str, str]]:
        """Give when the messages of a workflow were taken, and which."""
        effects = [effect for run in self.runs(workflow) for effect in run["effects"]]
        return sorted(
            (_time(effect["settled_at"]), effect["arguments"]["message"])
            for effect in effects
            if effect["outcome"] == "executed" and "message" in effect["arguments"]
        )


def _time(text: str) -> str:
    return told(instant_of(datetime.fromisoformat(text)))
