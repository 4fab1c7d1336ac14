"""Today: what happened in a day up to now, and how the work stands; from counts and indexes alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from engine.model.values import DAY, HOUR, Micros
from engine.runtime.reports.standstill import OVERDUE, silent_workflows
from engine.store.interface import Reader
from engine.store.records import CaseCount, Pulse


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The day from `since` to `until`, and how things stand at `until`.

    `decisions` are numbers by rule and outcome; those that are counted by the hour (not_met, unknown) are
    of the whole hours that touch the day. `runs` are numbers of those that began in the day, by workflow
    and status. `silent` are workflows that used to start and do no more.
    """

    since: Micros
    until: Micros
    decisions: dict[str, dict[str, int]]
    runs: dict[str, dict[str, int]]
    pulse: Pulse
    cases: list[CaseCount]
    paused: frozenset[str]
    silent: list[str]
    open_asks: int


def today(reader: Reader, rules: Iterable[str], now: Micros) -> Today:
    """Give the day up to an instant; what is counted by the hour is of these rules."""
    since = now - DAY
    decisions: dict[str, Counter[str]] = defaultdict(Counter)
    for kept in reader.tally_decisions(since, now + 1):
        decisions[kept.rule][kept.outcome] += kept.number
    for rule in rules:
        # A rule at a time: its hours stand together, and a year of all rules would be gone through.
        for counted in reader.decision_counts(rule=rule, start=since - since % HOUR, end=now + 1):
            decisions[rule][counted.outcome] += counted.number
    runs: dict[str, dict[str, int]] = defaultdict(dict)
    for tally in reader.tally_runs(since, now + 1):
        runs[tally.workflow][tally.status] = tally.number
    return Today(
        since=since,
        until=now,
        decisions={rule: dict(found) for rule, found in sorted(decisions.items())},
        runs=dict(runs),
        pulse=reader.pulse(now - OVERDUE),
        cases=reader.case_counts(),
        paused=reader.marks().paused,
        silent=silent_workflows(reader, now),
        open_asks=reader.count_open_asks(),
    )
