"""A backtest on columns: what rules' conditions come to is settled for all occasions at once, in Polars.

A first play, on rows, takes down what each condition could see at each occasion. Columns of all of that are
judged together, and a second play goes by their answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from engine.decisions.candidates import Candidates
from engine.expressions import Condition, Env, Kind, Outcome
from engine.expressions.columns import Column, Sweep, column_of
from engine.expressions.environment import reader
from engine.expressions.index import Index, Settled, bits
from engine.timeline.ruleset import Desk, Ruleset

Row = tuple[Any, Any, int]
"""A customer, an instant, and how often the same rules were settled for them then."""


class Occasions:
    """The conditions of rules that look together, and what they could see whenever they looked.

    It stands in for their index: while `answers` is None it takes down and lets the index settle, after
    that it gives what columns have answered.
    """

    def __init__(self, index: Index) -> None:
        self.conditions: tuple[Condition, ...] = index.conditions
        self.names = sorted({name for condition in self.conditions for name in condition.names})
        self.rows: list[Env] = []
        self.by_row: list[list[Outcome]] = []
        self.answers: list[list[Outcome]] | None = None
        self._index = index
        self._readers = {name: reader(name) for name in (*self.names, "customer.id")}
        self._places: dict[Row, int] = {}
        self._seen: Counter[tuple[Any, Any]] = Counter()

    def settle(self, env: Env, among: int | None = None) -> Settled:
        """Settle as the index does."""
        who = (self._readers["customer.id"](env), env.now)
        row = (*who, self._seen[who])
        self._seen[who] += 1
        if self.answers is None:
            self._places[row] = len(self.rows)
            self.rows.append(self._as_it_is(env))
            self.by_row.append(self._index.outcomes(env))
            return self._index.settle(env, among)
        answers = self.answers[self._places[row]]
        everyone = (1 << len(self.conditions)) - 1 if among is None else among
        met, unknown, error = (
            bits(place for place, answer in enumerate(answers) if answer is wanted) & everyone
            for wanted in (Outcome.MET, Outcome.UNKNOWN, Outcome.ERROR)
        )
        return Settled(met, unknown, error)

    def judge(self, kinds: Mapping[str, Kind]) -> int:
        """Judge all that was taken down, in columns; give how often a condition was evaluated by itself."""
        one_by_one: list[int] = []

        def env_at(row: int) -> Env:
            one_by_one.append(row)
            return self.rows[row]

        columns = dict(self._columns(kinds))
        answers = Sweep(self.conditions, columns, env_at).outcomes()
        self.answers = [list(each) for each in zip(*answers, strict=True)]
        self._seen.clear()
        return len(one_by_one)

    def _as_it_is(self, env: Env) -> Env:
        seen: dict[str, dict[str, Any]] = {"customer": {}, "event": {}}
        for name in self.names:
            root, _, rest = name.partition(".")
            if root in seen:
                seen[root][rest] = self._readers[name](env)
        return Env(customer=seen["customer"], event=seen["event"], now=env.now)

    def _columns(self, kinds: Mapping[str, Kind]) -> Iterator[tuple[str, Column]]:
        yield "rows", column_of(Kind.NUMBER, range(len(self.rows)))
        for name in self.names:
            if name in kinds:
                yield name, column_of(kinds[name], [self._readers[name](env) for env in self.rows])


def on_columns(ruleset: Ruleset) -> tuple[Ruleset, list[Occasions]]:
    """Give a ruleset whose rules are settled by occasions, and those, in which nothing is taken down yet.

    It must have an index for all that gives rules cause to look (`indexed_from=1`).
    """
    occasions: list[Occasions] = []

    def taken_down(candidates: Candidates) -> Candidates:
        occasions.append(Occasions(candidates.index))
        return msgspec.structs.replace(candidates, index=occasions[-1])

    def desk(found: Desk) -> Desk:
        rounds = [
            each
            if each.candidates is None
            else msgspec.structs.replace(each, candidates=taken_down(each.candidates))
            for each in found.schedules
        ]
        return msgspec.structs.replace(
            found,
            schedules=tuple(rounds),
            candidates={what: taken_down(each) for what, each in found.candidates.items()},
        )

    desks = {subject: desk(found) for subject, found in ruleset.desks.items()}
    return msgspec.structs.replace(ruleset, desks=desks), occasions


def kinds_of(ruleset: Ruleset) -> dict[str, Kind]:
    """Give the kinds of persons' facts, and of the events' declared properties where they are of one kind."""
    found = {f"customer.{name}": kind for name, kind in ruleset.catalog.person.items()}
    return {name: kind for name, kind in found.items() if kind is not Kind.ANY}
