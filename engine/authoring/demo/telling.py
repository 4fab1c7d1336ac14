"""One customer's year, told from its record: what happened, what was decided and why, what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from engine.authoring.demo.planted import Demo
from engine.authoring.demo.playing import Playing, Progress
from engine.customers.zones import instant_of
from engine.decisions.decision import Decision, Line
from engine.errors import NotFoundError
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.model.values import Micros
from engine.runs.run import Run, StepAttempt
from engine.timeline.ruleset import Ruleset

Kind = Literal["happened", "decided", "sent", "did", "did_not", "ended"]

COUNTED = ("usage", "session_started")
"""Events that come too often to be told one by one: the first of each month is, with how many follow."""

KEPT = (DecisionOutcome.FIRED, DecisionOutcome.AT_MOST, DecisionOutcome.SHADOW)
"""Decisions that are always told; of the others those that were asked by something the customer did."""

ROUTINE = ("schedule", "quiet")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a customer's year. `name` is the event, rule, workflow, action or message.

    `values` are the event's properties, or what an action or message was given.
    """

    at: Micros
    kind: Kind
    name: str
    outcome: str | None = None
    reason: str | None = None
    workflow: str | None = None
    values: Mapping[str, Any] = {}
    lines: tuple[Line, ...] = ()
    times: int = 1


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's year, in the order of time."""

    customer: str
    seed: int
    customers: int
    days: int
    entries: tuple[Entry, ...]


def tell(ruleset: Ruleset, demo: Demo, customer: str, progress: Progress | None = None) -> Told:
    """Play a base, and tell the year of one of its customers; raises `NotFoundError`."""
    looks: list[Decision] = []

    def witness(rule: str, subject: str, look: Callable[[], Decision]) -> None:
        if subject == customer:
            looks.append(look())

    if not any(delivery.body.get("customer") == customer for delivery in demo.events):
        raise NotFoundError(
            f"there is no customer {customer} in this base; --story without a name lists some"
        )
    playing = Playing(ruleset, demo, witness)
    playing.play(progress)
    entries = [*_happened(playing, customer), *_decided(looks), *_came_of_it(playing, customer)]
    return Told(
        customer=customer,
        seed=demo.seed,
        customers=demo.customers,
        days=demo.days,
        entries=tuple(sorted(entries, key=lambda entry: entry.at)),
    )


def _happened(playing: Playing, customer: str) -> Iterator[Entry]:
    seen: set[str] = set()
    counted: dict[tuple[str, str], list[Entry]] = {}
    for delivery in playing.delivered:
        body = delivery.body
        if body.get("customer") != customer or body["id"] in seen:
            continue
        seen.add(body["id"])
        entry = Entry(
            at=instant_of(datetime.fromisoformat(body["at"])),
            kind="happened",
            name=body["event"],
            values=body["properties"],
        )
        if entry.name in COUNTED:
            counted.setdefault((entry.name, body["at"][:7]), []).append(entry)
        else:
            yield entry
    for months in counted.values():
        values: Counter[str] = Counter()
        for one in months:
            values.update({name: value for name, value in one.values.items() if isinstance(value, int)})
        yield msgspec.structs.replace(months[0], times=len(months), values=dict(values))


def _decided(looks: list[Decision]) -> Iterator[Entry]:
    """Give decisions; one that comes to the same as the time before is counted there."""
    known: dict[tuple[object, ...], int] = {}
    found: list[Entry] = []
    for look in looks:
        if look.outcome not in KEPT and look.trigger in ROUTINE:
            continue
        entry = Entry(
            at=look.at, kind="decided", name=look.rule, outcome=look.outcome.value, reason=look.reason,
            values=look.event, lines=look.lines,
        )  # fmt: skip
        same = (look.rule, look.outcome, look.reason, tuple((line.text, line.outcome) for line in look.lines))
        if look.outcome is not DecisionOutcome.FIRED and same in known:
            place = known[same]
            found[place] = msgspec.structs.replace(found[place], times=found[place].times + 1)
            continue
        known[same] = len(found)
        found.append(entry)
    yield from found


def _came_of_it(playing: Playing, customer: str) -> Iterator[Entry]:
    changes = playing.changes
    runs = {run.id: run for run in changes.runs.values() if run.customer == customer}
    given = {effect.key: effect.arguments for effect in changes.effects if effect.customer == customer}
    for attempt in changes.attempts:
        run = runs.get(attempt.run)
        if run is not None and attempt.verb == "do":
            yield _done(attempt, run, given)
    for run in runs.values():
        if run.status is RunStatus.REFUSED:
            yield Entry(
                at=run.started_at, kind="did_not", name=run.workflow, outcome="refused", reason=run.reason
            )
        elif run.ended_at is not None:
            yield Entry(
                at=run.ended_at, kind="ended", name=run.workflow, outcome=run.status.value, reason=run.reason
            )
    for goal in changes.goals:
        if goal.run in runs:
            yield Entry(at=goal.at, kind="ended", name=goal.workflow, outcome="goal_reached")


def _done(attempt: StepAttempt, run: Run, given: Mapping[str, Mapping[str, Any]]) -> Entry:
    action = str(attempt.detail.get("action"))
    values = given.get(attempt.effect or "", {})
    executed = attempt.outcome is StepOutcome.EXECUTED
    kind: Kind = "sent" if executed and "message" in values else "did" if executed else "did_not"
    return Entry(
        at=attempt.at, kind=kind, name=str(values.get("message", action)), outcome=attempt.outcome.value,
        reason=attempt.reason, workflow=run.workflow, values=values or attempt.answers,
    )  # fmt: skip
