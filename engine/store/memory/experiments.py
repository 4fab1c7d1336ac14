"""Experiments in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from engine.experiments.assignment import GLOBAL_SALT, HELD_OUT, TREATED
from engine.experiments.revenue import Spending, Visit, tally
from engine.model.values import Micros
from engine.store.comparing import REACHES, ArmCount, Exposed, ExposedWorkflow, Spent
from engine.store.documents import unpack
from engine.store.memory.tables import MemoryTransaction, page, within
from engine.store.rows import Columns


class _First(msgspec.Struct):
    """The first exposure of a customer, and whether another one disagrees."""

    who: str
    arm: str
    design: str
    at: Micros
    goal_at: Micros | None
    started_at: Micros
    conflicting: bool = False

    @property
    def reached_before(self) -> bool:
        """Tell whether the goal had been reached before they came."""
        return self.goal_at is not None and self.goal_at < self.at


class ExperimentReading(MemoryTransaction):
    """What is asked about experiments."""

    def reached(self, rules: Sequence[str], start: Micros, end: Micros) -> int:
        return len(
            {
                row["customer"]
                for row in self._rows("decision")
                if row["rule"] in rules and row["outcome"] in REACHES and within(row["at"], start, end)
            }
        )

    def exposed_workflows(self) -> list[ExposedWorkflow]:
        found: dict[str, list[Micros]] = {}
        for row in self._rows("exposure"):
            if not row["split"]:
                found.setdefault(row["workflow"], []).append(row["at"])
        return [ExposedWorkflow(name, len(at), min(at), max(at)) for name, at in sorted(found.items())]

    def arm_counts(self, exposed: Exposed, measured_before: Micros) -> list[ArmCount]:
        groups: dict[tuple[str, str, bool], list[_First]] = {}
        for first in self._first(exposed):
            groups.setdefault((first.design, first.arm, first.conflicting), []).append(first)
        return [_count(group, measured_before) for _, group in sorted(groups.items())]

    def spending(self, exposed: Exposed, designs: Sequence[str], spent: Spent) -> dict[str, Spending]:
        return tally(self._visits(exposed, designs, spent))

    def _visits(self, exposed: Exposed, designs: Sequence[str], spent: Spent) -> Iterator[Visit]:
        for first in self._first(exposed):
            if first.design not in designs or first.conflicting or first.at >= spent.measured_before:
                continue
            yield Visit(first.who, first.arm, first.at, None, None)
            for row in self._rows("event"):
                inside = first.at - spent.before <= row["occurred_at"] < first.at + spent.after
                if inside and row["name"] == spent.event and self._survivor(row["customer"]) == first.who:
                    amount = unpack(row["properties"]).get(spent.property)
                    yield Visit(first.who, first.arm, first.at, row["occurred_at"], amount)

    def _first(self, exposed: Exposed) -> Iterable[_First]:
        found: dict[str, _First] = {}
        for row in page(self._rows("exposure"), ("at", "run", "split"), None, None):
            run = self._table("run").get(row["run"])
            if run is None or not _wanted(row, exposed):
                continue
            who, arm = self._survivor(row["customer"]), row["arm"]
            if exposed.by_global:
                arm = HELD_OUT if row["salt"] == GLOBAL_SALT else TREATED
            one = _First(who, arm, row["design"], row["at"], run["goal_at"], run["started_at"])
            first = found.setdefault(who, one)
            first.conflicting = first.conflicting or first.arm != arm
        return [found[who] for who in sorted(found)]


def _wanted(row: Columns, exposed: Exposed) -> bool:
    return (
        row["workflow"] in exposed.workflows
        and row["split"] == exposed.split
        and (exposed.by_global or row["salt"] != GLOBAL_SALT)
        and (exposed.until is None or row["at"] < exposed.until)
    )


def _count(group: Sequence[_First], measured_before: Micros) -> ArmCount:
    measured = [one for one in group if one.started_at < measured_before and not one.reached_before]
    return ArmCount(
        arm=group[0].arm,
        design=group[0].design,
        conflicting=group[0].conflicting,
        customers=len(group),
        measured=len(measured),
        reached=sum(one.goal_at is not None for one in measured),
        reached_before=sum(one.reached_before for one in group),
        first_at=min(one.at for one in group),
        last_at=max(one.at for one in group),
    )
