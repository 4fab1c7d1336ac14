"""Waiting: until a moment, or for an event that may already have come by."""

from __future__ import annotations

import datetime as dt

from engine.contact.quiet import customer_zone
from engine.customers.zones import Zone, instant_of
from engine.expressions import Outcome
from engine.model.reasons import RunStatus, StepOutcome
from engine.model.values import Duration, Micros, TimeOfDay
from engine.model.workflow import Until, Wait, WaitFor
from engine.runs.program import Instruction
from engine.runs.run import Run, Signal
from engine.runs.run import Wait as Pause
from engine.runs.stage import Stage
from engine.runs.steps import attempt, proceed

KEPT = 200
"""So many events that came by are kept for a run to look back on; older ones are forgotten."""


def later(stage: Stage, start: Micros, length: Duration) -> Micros:
    """Add a length of time; days are calendar days at the same wall-clock time of the workspace."""
    return add(stage.plans.zone, start, length)


def add(zone: Zone, start: Micros, length: Duration) -> Micros:
    """Add a length of time to an instant; days keep the time on the wall clock of the zone."""
    return start + length.micros if length.days is None else days_from(zone, start, length.days)


def days_from(zone: Zone, start: Micros, days: int) -> Micros:
    """Give the instant so many days later (or earlier) at the same time on the wall clock of a zone."""
    local = zone.local(start)
    minutes = local.hour * 60 + local.minute
    rest = local.second * 1_000_000 + local.microsecond
    return zone.at(zone.day_of(start) + days, minutes) + rest


def moment(stage: Stage, run: Run, instruction: Instruction, step: Wait, since: Micros) -> Micros:
    """Give the instant at which a `wait` that began at `since` is over.

    One that has passed is over at once. A time of day is the next one in the customer's own zone, the
    workspace's where that is unknown.
    """
    if isinstance(step.wait, Duration):
        return later(stage, since, step.wait)
    if instruction.until is not None:
        value = instruction.until.value_or_null(stage.env(run))
        return instant_of(value) if isinstance(value, dt.datetime) else stage.now
    return _until(stage, run, step.wait, since)


def _until(stage: Stage, run: Run, until: Until, since: Micros) -> Micros:
    if isinstance(until.until, int):
        return later(stage, run.started_at, Duration(until.until, "d"))
    if not isinstance(until.until, TimeOfDay):
        return since
    zone = customer_zone(stage.view()) or stage.plans.zone
    today = zone.day_of(since)
    at = zone.at(today, until.until.minutes)
    return at if at > since else zone.at(today + 1, until.until.minutes)


def look(stage: Stage, run: Run, instruction: Instruction, step: WaitFor) -> None:
    """Look back to the run's start for the event, past those an earlier wait used; else wait for it."""
    for signal in run.signals:
        if _ref(signal) not in run.used and fits(stage, run, instruction, step, signal):
            found(stage, run, instruction, signal)
            return
    until = later(stage, stage.now, step.up_to)
    attempt(stage, run, "wait_for", StepOutcome.EXECUTED, until=until, detail={"event": step.wait_for})
    run.status = RunStatus.WAITING
    run.wait = Pause(kind="event", due=until, since=stage.now)


def fits(stage: Stage, run: Run, instruction: Instruction, step: WaitFor, signal: Signal) -> bool:
    """Tell whether an event is the one that a `wait_for` waits for."""
    if signal.name != step.wait_for or signal.occurred_at < run.from_at:
        return False
    wanted = instruction.matcher.wanted(stage.env(run))
    if any(signal.properties.get(name) != value for name, value in wanted.items()):
        return False
    if instruction.where is None:
        return True
    seen = stage.seen(signal.name, signal.properties)
    return instruction.where.outcome(stage.env(run, seen)) is Outcome.MET


def found(stage: Stage, run: Run, instruction: Instruction, signal: Signal) -> None:
    """Note that an awaited event came, and go on to the next step."""
    run.status, run.wait = RunStatus.RUNNING, None
    run.used = [*run.used, _ref(signal)]
    attempt(stage, run, "wait_for", StepOutcome.EXECUTED, detail={"event": signal.message_id})
    proceed(run, instruction, {"timed_out": False, "event": signal.properties})


def keep(run: Run, signal: Signal) -> bool:
    """Keep an event that came by, for a wait that is still to come; False where it had come before."""
    if any(_ref(kept) == _ref(signal) for kept in run.signals):
        return False
    run.signals = [*run.signals[-(KEPT - 1) :], signal]
    return True


def _ref(signal: Signal) -> str:
    return f"{signal.source}/{signal.message_id}"
