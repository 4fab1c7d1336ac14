"""Facts as expressions read them: one customer at one instant, each computed when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.customers.contracts import last_to_end, monthly, next_end
from engine.customers.definitions import (
    ComputedFact,
    ContractFact,
    Definition,
    Drop,
    NamedFact,
    RfmFact,
    TraitFact,
)
from engine.customers.drop import WEEK, factors_of, read_drop, weeks_of
from engine.customers.figures import NO_FIGURES, BaseFigures, rfm_score, rfm_value
from engine.customers.folding import fold
from engine.customers.functions import FUNCTIONS, NOTHING, TOO_MANY, Result, since
from engine.customers.held import Reading, all_counts, reading_of, window_until
from engine.customers.kinds import show
from engine.customers.leaving import churn_reason, is_voluntary
from engine.customers.state import FactState
from engine.customers.table import FactTable
from engine.customers.zones import moment_of
from engine.expressions import Env, Expression, Kind
from engine.model.reasons import UnknownReason
from engine.model.values import FOR_EVER, Micros

_NO_EXTRA: Mapping[str, Any] = {}
_put = dict.__setitem__
_SHOWN = frozenset(("min", "max", "first", "last"))


class Facts(dict[str, Any]):
    """A customer's facts at `now`, a dict that computes what it does not hold yet.

    `at_event`: the event that was applied last, and everything up to `now`, counts; without it (at a
    timer or schedule) what occurred at or after `now` does not. `extra` gives what upper floors know
    (segments, scores, tiers): a value, or a function without arguments that gives it when asked. A
    value put in by hand stands for the fact, also inside named expressions.
    """

    __slots__ = (
        "at_event", "base", "definitions", "derived", "extra", "held", "now", "reading", "reasons", "state",
        "table",
    )  # fmt: skip

    def __init__(
        self,
        table: FactTable,
        state: FactState,
        now: Micros,
        at_event: bool = False,
        base: BaseFigures = NO_FIGURES,
        extra: Mapping[str, Any] = _NO_EXTRA,
    ) -> None:
        super().__init__()
        self.table = table
        self.state = state
        self.now = now
        self.at_event = at_event
        self.base = base
        self.extra = extra
        self.reasons: dict[str, UnknownReason] = {}
        self.definitions = table.facts[state.kind]
        self.held = state.holding(table)
        self.derived = state.derived
        self.reading = reading_of(now, at_event)

    def __missing__(self, name: str) -> Any:
        held = self.held.get(name)
        if held is not None and held[3] is None and held[0] <= self.reading < held[1]:
            value, reason = held[2]
        else:
            definition = self.definitions.get(name)
            value, reason = self._given(name) if definition is None else self._read(definition)
        if reason is not None:
            self.reasons[name] = reason
        _put(self, name, value)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def update(self, values: Mapping[str, Any]) -> None:  # type: ignore[override]
        """Put values in by hand; what follows from them is held of nobody."""
        self.held, self.derived = {}, {}
        super().update(values)

    def restate(self, extra: Mapping[str, Any]) -> None:
        """Take in that what upper floors know has changed, and nothing else: forget what rests on it."""
        self.extra = extra
        for name in list(self):
            definition = self.definitions.get(name)
            if definition is None or isinstance(definition, NamedFact):
                del self[name]
                self.reasons.pop(name, None)

    def get(self, name: str, default: Any = None) -> Any:
        """Give a fact as `facts[name]` does, `default` where it is null: `dict.get` would not compute."""
        value = self[name]
        return default if value is None else value

    def reason(self, name: str) -> UnknownReason | None:
        """Tell why a fact is unknown, or what its value rests on (`within_noise`)."""
        if self[name] is None:
            return self.reasons.get(name, UnknownReason.NO_EVENTS)
        return self.reasons.get(name)

    def age(self, name: str) -> tuple[Micros | None, str | None]:
        """Give when the newest input of a fact occurred, and who sent it; None for no input."""
        definition = self.definitions.get(name)
        newest: Any = None
        if isinstance(definition, (ComputedFact, RfmFact)):
            newest = self.state.lasts.get(definition.series.index)
        elif isinstance(definition, NamedFact):
            ages = [self.age(read) for read in definition.reads]
            return max(ages, key=lambda age: age[0] or -1, default=(None, None))
        elif isinstance(definition, TraitFact):
            newest = self.state.traits.get(name)
        elif isinstance(definition, ContractFact):
            contracts = self.state.contracts.values()
            newest = max(contracts, key=lambda one: (one.at, one.seq), default=None)
        return (None, None) if newest is None else (newest.at, newest.source)

    def _given(self, name: str) -> Result:
        state = self.state
        if name == "id":
            return state.id, None
        if name == "kind":
            return state.kind, None
        if name == "first_seen":
            seen = state.first_seen
            return (None, UnknownReason.NO_EVENTS) if seen is None else (moment_of(seen), None)
        value = self.extra.get(name)
        if callable(value):
            value = value()
        return () if value is None and name == "segments" else value, None

    def _read(self, definition: Definition) -> Result:
        if isinstance(definition, ComputedFact):
            return self._computed(definition)
        if isinstance(definition, TraitFact):
            return self._trait(definition)
        if isinstance(definition, NamedFact):
            return self._named(definition)
        if isinstance(definition, RfmFact):
            value = rfm_value(self.table, self.state, definition, self.base.as_of)
            score = None if value is None else rfm_score(self.base, definition.name, value)
            return NOTHING if score is None else (score, None)
        return self._contract(definition.name)

    def _trait(self, fact: TraitFact) -> Result:
        sent = self.state.traits.get(fact.name)
        value = None if sent is None else show(fact.kind, sent.value, self.table.zone)
        value = fact.default if value is None else value
        result = value, UnknownReason.NEVER_SENT if value is None else None
        self.held[fact.name] = (0, FOR_EVER, result, None)
        return result

    def _computed(self, fact: ComputedFact) -> Result:
        if fact.drop is not None:
            return self._drop(fact, fact.drop)
        if fact.function == "cohort":
            return self._cohort(fact)
        held = self.held.get(fact.name)
        if held is not None and held[0] <= self.reading < held[1]:
            # How long ago grows by itself; what holds is since when.
            return since(held[3], self.now)
        table, state, series = self.table, self.state, fact.series
        start, end = fact.window.bounds(self.now, table.zone)
        bucket = fold(table, state, series, start, end, self.now, self.at_event)
        if bucket is None:
            result = TOO_MANY
        else:
            value, reason = FUNCTIONS[fact.function](bucket, self.now)
            if fact.function in _SHOWN and fact.kind is not Kind.ANY:
                value = show(fact.kind, value, table.zone)
            result = value, reason
        if all_counts(state, series, self.reading):
            until = window_until(table, state, series, fact.window, start, self.now)
            latest = bucket.latest if bucket is not None and fact.function == "since" else None
            self.held[fact.name] = (self.reading, until, result, latest)
        return result

    def _cohort(self, fact: ComputedFact) -> Result:
        """Give the month of the first event that counts, as 2026-03 in the workspace's zone."""
        first = self.state.firsts.get(fact.series.index)
        if first is None or first > self.now or (first == self.now and not self.at_event):
            return NOTHING
        result = f"{self.table.zone.local(first):%Y-%m}", None
        # An earlier one takes its place, and only another event brings that.
        self.held[fact.name] = (self.reading, FOR_EVER, result, None)
        return result

    def _drop(self, fact: ComputedFact, drop: Drop) -> Result:
        table, state, zone = self.table, self.state, self.table.zone
        moved = self.base.factors
        held = self.held.get(fact.name)
        if held is not None and held[0] <= self.reading < held[1] and held[3][3] is moved:
            return held[2]  # type: ignore[no-any-return]
        fleet = moved.get(f"{state.kind}:{fact.name}") if drop.against_fleet else None
        if held is not None and held[0] <= self.reading < held[1]:
            weeks, factors, ended, _ = held[3]
            if factors_of(fleet, weeks) == factors:
                self.held[fact.name] = (*held[:3], (weeks, factors, ended, moved))
                return held[2]  # type: ignore[no-any-return]
        weeks = weeks_of(drop, zone.week_of(zone.day_of(self.now)))
        factors = factors_of(fleet, weeks)
        result = read_drop(table, state, fact, drop, weeks, factors, self.now, self.at_event)
        if all_counts(state, fact.series, self.reading):
            self.held[fact.name] = (
                self.reading, 2 * zone.start_of_day(weeks.stop + WEEK), result,
                (weeks, factors, zone.start_of_day(weeks.stop), moved),
            )  # fmt: skip
        return result

    def _named(self, fact: NamedFact) -> Result:
        env = Env(customer=self, now=moment_of(self.now))
        value = fact.expression.value_or_null(env)
        reason = None
        if value is None:
            unknown = (self.reason(read) for read in fact.reads if self[read] is None)
            reason = next(unknown, UnknownReason.FAILED)
        result = value, reason
        until = self.until(fact.expression, fact.reads)
        if self.reading < until:
            self.held[fact.name] = (self.reading, until, result, None)
        return result

    def until(self, expression: Expression, names: Iterable[str], *, moving: bool = False) -> Reading:
        """Give the reading up to which an expression has the same value; 0 where that is not known.

        With `moving` as long as the base has not moved otherwise (`BaseFigures.factors` is the same).
        """
        until = 0 if "now" in expression.names else FOR_EVER
        for name in names:
            held = self.held.get(name)
            if held is None or not held[0] <= self.reading < held[1]:
                return 0
            if held[3] is not None and not (
                moving and isinstance(held[3], tuple) and held[3][3] is self.base.factors
            ):
                return 0
            until = min(until, held[1])
        return until

    def steady_until(self, names: Mapping[str, tuple[Micros, ...] | None]) -> Reading:
        """Give the reading up to which what is decided by facts stays the same; 0 where that is not known.

        `names` are the facts with the lengths of time that each is only compared with, by order, None where
        it is not: how long ago something was grows by itself, and only passes those.
        """
        until: Reading = FOR_EVER
        for name, lengths in names.items():
            if name not in self.definitions:
                return 0
            self[name]
            held = self.held.get(name)
            if held is None or not held[0] <= self.reading < held[1]:
                return 0
            until = min(until, held[1])
            if held[3] is not None:
                if lengths is None or not isinstance(held[3], int):
                    return 0
                passing = [held[3] + length for length in lengths if held[3] + length >= self.now]
                until = min([until, *(2 * instant for instant in passing)])
        return until

    def recall(self, place: str) -> Any:
        """Give what an upper floor keeps under a name, None where it no longer holds."""
        held = self.derived.get(place)
        if held is None or not held[0] <= self.reading < held[1] or held[4] is not self.base.factors:
            return None
        return held[2]

    def keep(self, place: str, value: Any, until: Reading, names: tuple[str, ...]) -> None:
        """Keep something that an upper floor made of facts up to a reading, while those facts hold."""
        if self.reading < until:
            self.derived[place] = (self.reading, until, value, names, self.base.factors)

    def _contract(self, name: str) -> Result:
        result = self._of_contracts(name)
        end = next_end(self.state.contracts, self.now)
        # What counts at an end is that it is over, at an event as at a timer.
        self.held[name] = (2 * self.now, FOR_EVER if end is None else 2 * end, result, None)
        return result

    def _of_contracts(self, name: str) -> Result:
        contracts = self.state.contracts
        if name == "mrr":
            return monthly(contracts.values(), self.now), None
        if name == "active_subscriptions":
            return sum(contract.active(self.now) for contract in contracts.values()), None
        last = last_to_end(contracts, self.now)
        if last is None:
            return NOTHING
        if name == "end_reason":
            return last.reason, None if last.reason is not None else UnknownReason.NO_EVENTS
        if name == "cancel_requested_at":
            return NOTHING if last.until is None else (moment_of(last.at), None)
        over = last.until is not None and last.until <= self.now
        if name == "churn_voluntary":
            return (is_voluntary(last.reason), None) if over else NOTHING
        if name == "churn_reason":
            reason = churn_reason(last.reason, self.table.churn_words) if over else None
            return NOTHING if reason is None else (reason.value, None)
        if last.until is None or (name == "churned_at" and not over):
            return NOTHING
        return moment_of(last.until), None
