"""What was found against what was planted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TypedDict

from engine.authoring.demo.planted import TRIGGERS, Demo, Planted
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
    """Both by trigger, every trigger present."""

    recall: dict[str, Found]
    false_alarms: dict[str, Alarmed]


def score(demo: Demo, fired: Iterable[tuple[str, str, Micros]]) -> Score:
    """Compare decisions `fired` (rule, customer, instant) with the truth.

    A case is found, an innocent alarmed, when its rule fired for its customer from `at` to `within`,
    both included. Decisions outside every planted window count for nothing.
    """
    instants: dict[tuple[str, str], list[Micros]] = {}
    for rule, customer, at in fired:
        instants.setdefault((rule, customer), []).append(at)
    for times in instants.values():
        times.sort()
    recall: dict[str, Found] = {trigger: {"found": 0, "of": 0} for trigger in TRIGGERS}
    alarms: dict[str, Alarmed] = {trigger: {"alarmed": 0, "of": 0} for trigger in TRIGGERS}
    for case in demo.planted:
        hit = _fired_in(case, instants.get((case.rule, case.customer), []))
        if case.expect == "fire":
            recall[case.trigger]["of"] += 1
            recall[case.trigger]["found"] += hit
        else:
            alarms[case.trigger]["of"] += 1
            alarms[case.trigger]["alarmed"] += hit
    return {"recall": recall, "false_alarms": alarms}


def _fired_in(case: Planted, times: list[Micros]) -> bool:
    first = bisect_left(times, case.at)
    return first < len(times) and times[first] <= case.within
