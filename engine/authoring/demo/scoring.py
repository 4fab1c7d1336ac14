"""What was found against what was planted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable
from typing import TypedDict

from engine.authoring.demo.planted import FAMILIES, SCORED, Demo, Planted
from engine.model.values import Micros


class Found(TypedDict):
    """Of so many planted cases, how many were found."""

    found: int
    of: int


class Alarmed(TypedDict):
    """Of so many innocents, for how many the rule fired."""

    alarmed: int
    of: int


class Score(TypedDict):
    """Both by trigger: the families first, then every rule of which something was planted."""

    recall: dict[str, Found]
    false_alarms: dict[str, Alarmed]


def score(demo: Demo, fired: Iterable[tuple[str, str, Micros]], rules: Container[str] | None = None) -> Score:
    """Compare decisions `fired` (rule, customer, instant) with the truth about `rules` (None: all).

    A case is found, an innocent alarmed, when its rule fired for its customer from `at` to `within`,
    both included. Decisions outside every planted window count for nothing.
    """
    instants: dict[tuple[str, str], list[Micros]] = {}
    for rule, customer, at in fired:
        instants.setdefault((rule, customer), []).append(at)
    for times in instants.values():
        times.sort()
    planted = [case for case in demo.planted if rules is None or case.rule in rules]
    names = dict.fromkeys([*SCORED, *sorted({case.trigger for case in planted})])
    recall: dict[str, Found] = {name: {"found": 0, "of": 0} for name in names}
    alarms: dict[str, Alarmed] = {name: {"alarmed": 0, "of": 0} for name in names}
    for case in planted:
        hit = _fired_in(case, instants.get((case.rule, case.customer), []))
        for name in told_under(case):
            if case.expect == "fire":
                recall[name]["of"] += 1
                recall[name]["found"] += hit
            else:
                alarms[name]["of"] += 1
                alarms[name]["alarmed"] += hit
    return {"recall": recall, "false_alarms": alarms}


def told_under(case: Planted) -> list[str]:
    """Give the names under which a case counts: its own, and its family's where that is scored."""
    family = FAMILIES.get(case.rule)
    return [case.trigger, family] if family in SCORED and family != case.trigger else [case.trigger]


def _fired_in(case: Planted, times: list[Micros]) -> bool:
    first = bisect_left(times, case.at)
    return first < len(times) and times[first] <= case.within
