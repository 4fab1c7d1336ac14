"""Facts as expressions read them: one customer at one instant, each computed when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.customers.contracts import last_to_end, monthly
from engine.customers.definitions import (
    ComputedFact,
    ContractFact,
    Definition,
    NamedFact,
    RfmFact,
    TraitFact,
)
from engine.customers.drop import read_drop
from engine.customers.figures import NO_FIGURES, BaseFigures, rfm_score, rfm_value
from engine.customers.folding import fold
from engine.customers.functions import FUNCTIONS, NOTHING, TOO_MANY, Result
from engine.customers.kinds import show
from engine.customers.state import FactState
from engine.customers.table import FactTable
from engine.customers.zones import moment_of
from engine.expressions import Env, Kind
from engine.model.reasons import UnknownReason
from engine.model.values import Micros

_NO_EXTRA: Mapping[str, Any] = {}
_SHOWN = frozenset(("min", "max", "first", "last"))


class Facts(dict[str, Any]):
    """A customer's facts at `now`, a dict that computes what it does not hold yet.

    `at_event`: the event that was applied last, and everything up to `now`, counts; without it (at a
    timer or schedule) what occurred at or after `now` does not. `extra` gives what upper floors know
    (segments, scores, tiers): a value, or a function without arguments that gives it when asked. A
    value put in by hand stands for the fact, also inside named expressions.
    """

    __slots__ = ("at_event", "base", "extra", "now", "reasons", "state", "table")

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

    def __missing__(self, name: str) -> Any:
        definition = self.table.names(self.state.kind).get(name)
        if definition is None:
            value, reason = self._given(name)
        else:
            value, reason = self._read(definition)
        if reason is not None:
            self.reasons[name] = reason
        self[name] = value
        return value

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
        definition = self.table.names(self.state.kind).get(name)
        if isinstance(definition, NamedFact):
            ages = [self.age(read) for read in definition.reads]
            return max(ages, key=lambda age: age[0] or -1, default=(None, None))
        newest: Any = None
        if isinstance(definition, TraitFact):
            newest = self.state.traits.get(name)
        elif isinstance(definition, (ComputedFact, RfmFact)):
            newest = self.state.lasts.get(definition.series.index)
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
            sent = self.state.traits.get(definition.name)
            value = None if sent is None else show(definition.kind, sent.value, self.table.zone)
            value = definition.default if value is None else value
            return value, UnknownReason.NEVER_SENT if value is None else None
        if isinstance(definition, NamedFact):
            return self._named(definition)
        if isinstance(definition, RfmFact):
            held = rfm_value(self.table, self.state, definition, self.base.as_of)
            score = None if held is None else rfm_score(self.base, definition.name, held)
            return NOTHING if score is None else (score, None)
        return self._contract(definition.name)

    def _computed(self, fact: ComputedFact) -> Result:
        if fact.drop is not None:
            fleet = self.base.fleet.get(f"{self.state.kind}:{fact.name}", {})
            return read_drop(self.table, self.state, fact, self.now, self.at_event, fleet)
        start, end = fact.window.bounds(self.now, self.table.zone)
        bucket = fold(self.table, self.state, fact.series, start, end, self.now, self.at_event)
        if bucket is None:
            return TOO_MANY
        value, reason = FUNCTIONS[fact.function](bucket, self.now)
        if fact.function in _SHOWN and fact.kind is not Kind.ANY:
            value = show(fact.kind, value, self.table.zone)
        return value, reason

    def _named(self, fact: NamedFact) -> Result:
        env = Env(customer=self, now=moment_of(self.now))
        value = fact.expression.value_or_null(env)
        if value is not None:
            return value, None
        for read in fact.reads:
            if self[read] is None:
                return None, self.reason(read)
        return None, UnknownReason.FAILED

    def _contract(self, name: str) -> Result:
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
        return NOTHING if last.until is None else (moment_of(last.until), None)
