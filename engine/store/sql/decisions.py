"""Decisions in SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias, TypeVar

from engine.decisions.decision import Decision
from engine.model.reasons import DecisionOutcome
from engine.model.values import DAY, Micros
from engine.store.activity import SpanCount
from engine.store.recording import Recording
from engine.store.records import DecisionCount, DecisionTally
from engine.store.rows import decision_of, decision_row
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import decisions as sql

Span: TypeAlias = tuple[Micros | None, Micros | None]
Key = TypeVar("Key")


class DecisionReading(SqlTransaction):
    """What is asked about decisions."""

    def decision(self, id: str) -> Decision | None:
        row = self._row(sql.decision_by_id(), id=id)
        return None if row is None else decision_of(row)

    def decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, str] | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Decision]:
        spans: Iterable[Span] = [(start, end)]
        if outcome is not None and customers is None:
            spans = self._days_with(rule, outcome, *_from(start, end, after, newest), newest)
            if outcome != DecisionOutcome.FIRED.value:
                # These have an index of their own, and what lies between is gone through in one question.
                spans = _around(spans)
        found: list[Decision] = []
        for begins, ends in spans:
            left = limit - len(found)
            page = sql.decision_page(rule, customers, outcome, begins, ends, after, left, newest)
            found += [decision_of(row) for row in self._rows(page)]
            if len(found) == limit:
                break
        return found

    def _days_with(
        self, rule: str | None, outcome: str, start: Micros | None, end: Micros | None, newest: bool
    ) -> Iterator[Span]:
        """Give the days on which there are such decisions, those that follow one another as one span.

        Whoever looks for them goes through no other: of what is rare there may be a few in millions.
        """
        first = None if start is None else start // DAY
        last = None if end is None else -(-end // DAY)
        days = [day for day, _ in self._tuples(sql.decision_days(rule, outcome, first, last, newest))]
        step = -1 if newest else 1
        for _, some in groupby(enumerate(days), lambda place: place[1] - step * place[0]):
            within = [day for _, day in some]
            begins, ends = min(within) * DAY, (max(within) + 1) * DAY
            yield (
                begins if start is None else max(begins, start),
                ends if end is None else min(ends, end),
            )

    def count_decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        first = None if start is None else -(-start // DAY)
        last = None if end is None else end // DAY
        if customers is not None or (first is not None and last is not None and first >= last):
            return self._count(rule, customers, outcome, start, end)
        # Whole days are summed up already; what is counted is the rest at both ends.
        days = self._tuples(sql.decision_days(rule, outcome, first, last, False))
        total = sum(int(number) for _, number in days)
        if start is not None and first is not None:
            total += self._count(rule, None, outcome, start, first * DAY)
        if end is not None and last is not None:
            total += self._count(rule, None, outcome, last * DAY, end)
        return total

    def _count(
        self,
        rule: str | None,
        customers: Sequence[str] | None,
        outcome: str | None,
        start: Micros | None,
        end: Micros | None,
    ) -> int:
        if start is not None and start == end:
            return 0
        return int(self._scalar(sql.count_decisions(rule, customers, outcome, start, end)))

    def tally_decisions(self, start: Micros, end: Micros) -> list[DecisionTally]:
        if start // DAY >= (end - 1) // DAY:
            found = Counter(dict(self._tally(start, end)))
        else:
            # Nothing lies between the end and its midnight while the day goes on.
            first, last = _nearest(start), -(-end // DAY)
            found = _edge(end, last, self._tally)
            found.subtract(_edge(start, first, self._tally))
            days = self._tuples(sql.tally_decision_days(), first=first, last=last - 1)
            found.update({(rule, outcome): number for rule, outcome, number in days})
        return [DecisionTally(*key, number) for key, number in sorted(found.items()) if number]

    def _tally(self, start: Micros, end: Micros) -> Iterator[tuple[tuple[str, str], int]]:
        days = {"first": start // DAY, "last": (end - 1) // DAY}
        for rule, outcome, number in self._tuples(sql.tally_decisions(), start=start, end=end, **days):
            yield (rule, outcome), number

    def decision_spans(self, rule: str, bounds: Sequence[Micros]) -> list[SpanCount]:
        if not bounds:
            return []

        def kinds(start: Micros, end: Micros) -> Iterator[tuple[str, int]]:
            for number, outcome in self._tuples(sql.decision_kinds(), rule=rule, start=start, end=end):
                yield outcome, number

        nearest = [_nearest(at) for at in bounds]
        edges = [_edge(at, day, kinds) for at, day in zip(bounds, nearest, strict=True)]
        days: dict[int, Counter[str]] = defaultdict(Counter)
        asked = {"rule": rule, "first": nearest[0], "last": nearest[-1]}
        for day, outcome, number in self._tuples(sql.decision_day_kinds(), **asked):
            days[day][outcome] += number
        found: list[SpanCount] = []
        for place, start in enumerate(bounds[:-1]):
            numbers = Counter(edges[place + 1])
            numbers.subtract(edges[place])
            for day in range(nearest[place], nearest[place + 1]):
                numbers.update(days.get(day, {}))
            found += [SpanCount(start, kind, number) for kind, number in sorted(numbers.items()) if number]
        return found

    def decision_counts(
        self, *, rule: str | None = None, start: Micros | None = None, end: Micros | None = None
    ) -> list[DecisionCount]:
        given = {"rule": rule, "start": start, "end": end}
        bound = {name: value for name, value in given.items() if value is not None}
        counts = sql.decision_counts(rule is not None, start is not None, end is not None)
        return [DecisionCount(**row) for row in self._rows(counts, **bound)]


def _nearest(at: Micros) -> int:
    """Give the day that begins at the midnight next to an instant, before or after it."""
    return (at + DAY // 2) // DAY


def _edge(at: Micros, day: int, count: Callable[[Micros, Micros], Iterable[tuple[Key, int]]]) -> Counter[Key]:
    """Count what lies from the midnight of a day to an instant; it counts less than none before it.

    Days are summed up already, so that no more than what is between the two is gone through.
    """
    midnight = day * DAY
    if at >= midnight:
        return Counter(dict(count(midnight, at)) if at > midnight else {})
    return Counter({key: -number for key, number in count(at, midnight)})


def _around(spans: Iterable[Span]) -> list[Span]:
    """Give one span from the beginning of the first to the end of the last of them, none for none."""
    bounds = [at for span in spans for at in span if at is not None]
    return [(min(bounds), max(bounds))] if bounds else []


def _from(start: Micros | None, end: Micros | None, after: tuple[Micros, str] | None, newest: bool) -> Span:
    """Give what of a span is left after a decision."""
    if after is None:
        return start, end
    at = after[0]
    if newest:
        return start, at + 1 if end is None else min(end, at + 1)
    return at if start is None else max(start, at), end


class DecisionWriting(DecisionReading, Recording):
    """What is written of decisions."""

    def _write_decisions(self, decisions: Sequence[Decision]) -> None:
        rows = [decision_row(decision) for decision in decisions]
        self._add(sql.insert_decision(), rows, "a decision", "id")
        days = Counter((row["rule"], row["at"] // DAY, row["outcome"]) for row in rows)
        stripe = self._habits.stripe
        self._change(
            sql.add_to_decision_day(self._insert),
            [
                {"rule": rule, "day": day, "outcome": outcome, "stripe": stripe, "number": number}
                for (rule, day, outcome), number in sorted(days.items())
            ],
        )
        self._record_decisions(decisions, rows)

    def _write_counts(self, counts: Mapping[tuple[str, Micros, str], int]) -> None:
        self._change(
            sql.add_to_decision_count(self._insert),
            [
                {
                    "rule": rule,
                    "hour": hour,
                    "outcome": outcome,
                    "stripe": self._habits.stripe,
                    "number": number,
                }
                for (rule, hour, outcome), number in sorted(counts.items())
            ],
        )
