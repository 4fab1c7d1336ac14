"""`{date: customer.renewal_date, before: [90d, 60d, 30d]}`: steps around a date, once a term."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from engine.customers.zones import Zone, instant_of, moment_of
from engine.decisions.rules import CompiledRule, CompiledTrigger
from engine.decisions.standing import Standing, Term, Timer
from engine.expressions import Env
from engine.model.rule import CatchUp, OnDate
from engine.model.values import DAY, Duration, Micros

ON_THE_DAY = "0"
"""The name of the step on the date itself; those of others are lengths of time or years."""


class Step(msgspec.Struct, frozen=True):
    """A step around the date: its name, its due instant, and whether it lies before the date."""

    name: str
    due: Micros
    before: bool
    years: int | None = None


def place(rule: CompiledRule, compiled: CompiledTrigger) -> str:
    """Give the name under which a trigger's term is kept."""
    return f"{rule.id}/{compiled.index}"


def plan(
    standing: Standing,
    rule: CompiledRule,
    compiled: CompiledTrigger,
    trigger: OnDate,
    env: Env,
    workspace: Zone,
    own: Zone | None,
    now: Micros,
    *,
    silent: bool = False,
) -> list[Timer]:
    """Lay out the timers of a date trigger anew; give those of the steps that are passed over.

    A step is passed over when its time has passed and a later one (or `catch_up: none`) stands in for
    it; its `due` is then that time. A moved date moves its timers; a step executed in the term never repeats.
    `silent`: of a date that is new here, only what is still to come is executed.
    """
    name = place(rule, compiled)
    anchor = _anchor(compiled, env)
    term = standing.terms.get(name)
    if anchor is None:
        _clear(standing, name)
        return []
    value = _term_value(compiled, env)
    zone = own or workspace if trigger.in_ == "customer time" else workspace
    catch_up = "none" if silent and term is None else trigger.catch_up
    if term is None:
        term = standing.terms[name] = Term(anchor=anchor, value=value)
    elif anchor != term.anchor or (value is not None and value != term.value):
        _move(term, anchor, value, now)
    if term.spent == anchor:
        _clear(standing, name)
        return []
    return _lay(standing, rule, compiled, trigger, term, zone, workspace, now, catch_up)


def renew(standing: Standing, rule: CompiledRule, compiled: CompiledTrigger, now: Micros) -> None:
    """The `without` event occurred: what is left of the term is called off, a new one begins.

    Where the date was changed within a day before, that was already the new term's.
    """
    name = place(rule, compiled)
    term = standing.terms.get(name)
    if term is None:
        return
    told_before = term.moved is not None and now - term.moved <= DAY
    term.begin()
    term.tried, term.spent = [], None if told_before else term.anchor
    _clear(standing, name)


def turned(standing: Standing, timer: Timer, *, done: bool) -> None:
    """Keep that a step had its turn for the present date, and whether it was executed."""
    term = standing.terms.get(f"{timer.rule}/{timer.trigger}")
    if term is None:
        return
    if done and timer.ref not in term.done:
        term.done = [*term.done, timer.ref]
    elif not done and timer.ref not in term.tried:
        term.tried = [*term.tried, timer.ref]


def _move(term: Term, anchor: Micros, value: str | None, now: Micros) -> None:
    moved = anchor != term.anchor
    passed = moved and term.anchor is not None and term.anchor < now
    if passed or (None not in (value, term.value) and value != term.value):
        term.begin()
    elif moved:
        term.moves += 1
    if moved:
        term.moved = now
    term.anchor, term.tried = anchor, []
    term.value = term.value if value is None else value


def _lay(
    standing: Standing,
    rule: CompiledRule,
    compiled: CompiledTrigger,
    trigger: OnDate,
    term: Term,
    zone: Zone,
    workspace: Zone,
    now: Micros,
    catch_up: CatchUp,
) -> list[Timer]:
    name = place(rule, compiled)
    _clear(standing, name)
    anchor = term.anchor or 0
    steps = [step for step in steps_of(trigger, anchor, zone, workspace, now) if _open(term, step)]
    passed = sorted((step for step in steps if step.due < now), key=lambda step: step.due)
    caught = [] if catch_up == "none" else passed[-1:] if catch_up == "latest" else passed
    if anchor < now:
        caught = [step for step in caught if not step.before]

    def timer(step: Step, due: Micros) -> Timer:
        late = max(zone.day_of(now) - zone.day_of(step.due), 0) if step.due < now else 0
        return Timer(
            kind="date",
            rule=rule.id,
            trigger=compiled.index,
            key=term.key,
            due=due,
            since=anchor,
            ref=step.name,
            event={"step": step.name, "late": late, "years": step.years},
        )

    for step in [step for step in steps if step.due >= now] + caught:
        standing.timers[f"{name}/{step.name}"] = timer(step, max(step.due, now))
    skipped = [step for step in passed if step not in caught]
    term.tried = [*term.tried, *(step.name for step in skipped)]
    return [timer(step, step.due) for step in skipped]


def _open(term: Term, step: Step) -> bool:
    return step.name not in term.done and step.name not in term.tried


def steps_of(trigger: OnDate, anchor: Micros, zone: Zone, workspace: Zone, now: Micros) -> Iterator[Step]:
    """Give the steps of a date: before it, after it, on it where neither is written, or its anniversary.

    The date's day is read in the workspace's zone, the time of day in `zone`.
    """
    day = workspace.day_of(anchor)
    if trigger.every == "year":
        yield from _anniversary(trigger, day, zone, now)
        return
    if trigger.before is None and trigger.after is None:
        yield Step(ON_THE_DAY, zone.at(day, trigger.at.minutes), False)
    for length in _lengths(trigger.before):
        yield Step(str(length), zone.at(day - (length.days or 0), trigger.at.minutes), True)
    for length in _lengths(trigger.after):
        yield Step(f"+{length}", zone.at(day + (length.days or 0), trigger.at.minutes), False)


def _anniversary(trigger: OnDate, day: int, zone: Zone, now: Micros) -> Iterator[Step]:
    """Give the anniversaries of this year and the next; 29 February is the 28th in other years."""
    first = dt.date.fromordinal(day)
    this = dt.date.fromordinal(zone.day_of(now)).year
    for year in (this, this + 1):
        if year <= first.year:
            continue
        date = _same_day(first, year)
        yield Step(f"{year}", zone.at(date.toordinal(), trigger.at.minutes), False, year - first.year)


def _same_day(first: dt.date, year: int) -> dt.date:
    try:
        return first.replace(year=year)
    except ValueError:
        return dt.date(year, 2, 28)


def _lengths(written: Duration | tuple[Duration, ...] | None) -> tuple[Duration, ...]:
    if written is None:
        return ()
    return written if isinstance(written, tuple) else (written,)


def _anchor(compiled: CompiledTrigger, env: Env) -> Micros | None:
    value = compiled.date.value_or_null(env) if compiled.date else None
    return instant_of(value) if isinstance(value, dt.datetime) else None


def _term_value(compiled: CompiledTrigger, env: Env) -> str | None:
    """Give the value of the `term` expression as text; an unknown one begins no term."""
    value = compiled.term.value_or_null(env) if compiled.term else None
    return None if value is None else str(value)


def _clear(standing: Standing, name: str) -> None:
    for key in [key for key in standing.timers if key.startswith(f"{name}/")]:
        if standing.timers[key].kind == "date":
            del standing.timers[key]


def shown(timer: Timer, zone: Zone) -> dict[str, object]:
    """Give what `event` is for a date step: date, step, late and years."""
    anchor = zone.midnight(zone.day_of(timer.since)) if _whole(timer, zone) else moment_of(timer.since)
    step = str(timer.event["step"]).removeprefix("+")
    length = Duration.parse(step).micros if step[-1].isalpha() else 0
    return {
        "date": anchor,
        "step": dt.timedelta(microseconds=length),
        "late": dt.timedelta(days=int(timer.event["late"])),
        "years": timer.event.get("years"),
    }


def _whole(timer: Timer, zone: Zone) -> bool:
    return zone.start_of_day(zone.day_of(timer.since)) == timer.since
