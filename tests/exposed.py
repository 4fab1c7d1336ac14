"""A shop whose experiment has run: its database holds who came to which arm, and who spent how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from litestar.testing import TestClient

from api.app import create_app
from engine.customers.event import Event
from engine.experiments.assignment import Exposure, holdout_design, split_design, written
from engine.model.reasons import RunStatus
from engine.model.values import DAY, HOUR, Micros
from engine.model.workflow import Split
from engine.runs.changes import Changes, GoalReached
from engine.runs.program import walk
from engine.runs.run import Run
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START: Micros = 1_767_571_200_000_000
"""2026-01-05 00:00 UTC, a Monday."""

FILES = {
    "holdfast.yaml": "name: Shop\ntimezone: UTC\n",
    "rules/facts.yaml": (
        "facts:\n  marketing_email: {type: boolean, protected: yes}\n"
        "events:\n  order_completed: {order_id: text, total: number}\n"
    ),
    "rules/policy.yaml": "policy:\n  consent: {email: marketing_email}\n",
    "rules/gone.yaml": "rule: gone\nowner: shop\nwhen: {event: gone_quiet}\nthen:\n  - run: win-back\n",
    "workflows/messages/hello.md": (
        "---\nsubject: Hello\nchannel: email\n---\nHello. [Enough]({{ unsubscribe_url }})\n"
    ),
}

WIN_BACK = """
workflow: win-back
owner: shop
class: marketing
reentry: always
holdout: 10%
goal: {event: order_completed, within: 7d}
experiment: {until: 2026-02-02, revenue: {of: order_completed, sum: total}, before: 90d}
steps:
  - do: email.send
    with: {message: hello}
"""


class Group(msgspec.Struct, frozen=True):
    """Customers of an arm: how many, how many of them reach the goal, what one spends before and after."""

    arm: str
    customers: int
    reached: int = 0
    spends: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    split: str = ""
    suffix: str = ""


class Shop:
    """An engine on the shop's database, and an API in front of it."""

    def __init__(self, engine: Engine, clock: VirtualClock, http: TestClient[Any]) -> None:
        self.engine = engine
        self.clock = clock
        self.http = http
        key = engine.create_key("auditor", "eve@example.com", "eve").text
        self._head = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> Any:
        """Give the answer to a request of an auditor."""
        answer = self.http.get(path, headers=self._head)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str) -> tuple[int, str]:
        """Give status and code of the problem that a request is."""
        answer = self.http.get(path, headers=self._head)
        return answer.status_code, answer.json()["code"]

    def comparison(self, workflow: str = "win-back", place: int = 0) -> dict[str, Any]:
        """Give one comparison of a report."""
        found: dict[str, Any] = self.get(f"/v1/experiments/{workflow}")["comparisons"][place]
        return found

    def come(self, *groups: Group, workflow: str = "win-back", days: int = 20) -> None:
        """Let groups come to their arms, one after the other over so many days from the start."""
        for group in groups:
            self._come(group, workflow, days)

    def _come(self, group: Group, workflow: str, days: int) -> None:
        known = self.engine.workspace.workflows[workflow]
        split = {step.split: step for step in walk(known.steps) if isinstance(step, Split)}
        if group.split:
            shares = {name: arm.share for name, arm in split[group.split].arms.items()}
            design = split_design(workflow, group.split, shares)
        else:
            design = holdout_design(known, self.engine.workspace.policy)
        changes, events = Changes(), []
        for number in range(group.customers):
            customer = f"{group.split}{group.arm}{group.suffix}-{number:05}"
            at = START + number * days * DAY // group.customers
            run = Run(
                id=f"{workflow}/{customer}",
                workflow=workflow,
                definition="d" * 64,
                policy="e" * 64,
                customer=customer,
                key=None,
                decision=None,
                rule=None,
                status=RunStatus.COMPLETED,
                started_at=at,
                from_at=at,
            )
            changes.runs[run.id] = run
            changes.exposures.append(
                Exposure(
                    workflow=workflow,
                    customer=customer,
                    run=run.id,
                    salt=design.salt,
                    bucket=number % 10_000,
                    arm=group.arm,
                    at=at,
                    split=group.split,
                    design=written(design),
                )
            )
            if number < group.reached:
                changes.goals.append(GoalReached(run.id, workflow, at + HOUR))
            for amount, when in ((group.spends, at + HOUR), (group.spent, at - DAY)):
                if amount:
                    events.append(_order(customer, when, amount))
        with self.engine.store.begin() as writer:
            writer.write(changes)
            writer.add_events(events, [event.message_id for event in events], decided_at=START)


def _order(customer: str, at: Micros, total: Decimal) -> Event:
    return Event(
        source="shop",
        message_id=f"{customer}@{at}",
        customer=customer,
        name="order_completed",
        occurred_at=at,
        received_at=at,
        properties={"order_id": f"{customer}@{at}", "total": total},
    )


@contextmanager
def shop(folder: Path, *workflows: str, now: Micros, database: str = "") -> Iterator[Shop]:
    """Open a shop with these workflows at an instant."""
    texts: Mapping[str, str] = {f"workflows/{_id(text)}.yaml": text for text in workflows or (WIN_BACK,)}
    for name, text in {**FILES, **texts}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    clock = VirtualClock(now)
    url = database or f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder, url, clock, work=False) as engine, TestClient(create_app(engine)) as http:
        yield Shop(engine, clock, http)


def _id(text: str) -> str:
    first = text.strip().splitlines()[0]
    return first.partition(": ")[2]


def points(shares: Sequence[float] | float) -> list[str]:
    """Write shares as points with two digits."""
    return [f"{100 * share:+.2f}" for share in (shares if isinstance(shares, Sequence) else [shares])]
