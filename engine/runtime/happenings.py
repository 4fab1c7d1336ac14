"""Happenings: decisions and runs in the order in which the audit record holds them, as they are followed.

The number of its entry is a happening's place: the numbers have no gap and never change, so that whoever
knows the last one they saw misses nothing and hears nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal, TypeAlias

import msgspec

from engine.audit.leaves import AnyLeaf, DecisionLeaf, EndLeaf, StartLeaf, StepLeaf, kind_of, read_entry
from engine.model.values import Micros
from engine.store.audit import LeafRow
from engine.store.interface import Reader
from engine.store.remains import PREFIX

Kind: TypeAlias = Literal["decision", "run_started", "step", "run_ended"]
RUN: frozenset[Kind] = frozenset[Kind](("run_started", "step", "run_ended"))
"""The kinds that are of runs."""
KINDS: frozenset[Kind] = frozenset[Kind]((*RUN, "decision"))

READING = "access"
"""The kind of an entry that says that somebody read something, which changes nothing."""

PAGE = 500
"""Entries that are read at once."""
MOST_RUNS = 10_000
"""Runs of which it is remembered whose they are."""


class Happening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A decision, or a run's start, step or end; `leaf` is its number in the audit record.

    `customer` is the id that they go by now; of an erased one what stands for them.
    """

    leaf: int
    kind: Kind
    at: Micros
    customer: str | None = None
    rule: str | None = None
    decision: str | None = None
    workflow: str | None = None
    run: str | None = None
    parent: str | None = None
    path: str | None = None
    verb: str | None = None
    status: str | None = None
    outcome: str | None = None
    reason: str | None = None
    arm: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """The happenings among the entries from `start` to before `end`.

    `stirred` is where the last of all entries ends that is more than a reading, 0 where none is.
    """

    start: int
    end: int
    found: list[Happening]
    stirred: int = 0


class Runs:
    """Knows of which workflow and rule a run is; that never changes, and is read once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str | None, str | None]] = {}

    def of(self, reader: Reader, run: str) -> tuple[str | None, str | None]:
        """Give a run's workflow and the rule that started it."""
        known = self._known.get(run)
        if known is None:
            found = reader.run(run)
            known = (None, None) if found is None else (found.workflow, found.rule)
            if len(self._known) >= MOST_RUNS:
                self._known.clear()
            self._known[run] = known
        return known


def see(reader: Reader, runs: Runs, start: int, end: int) -> Seen:
    """Read what happened among the entries from `start` to before `end`, a page at most."""
    end = min(end, start + PAGE)
    rows = reader.leaves(start, end)
    leaves = [(row.number, read_entry(row.entry)) for row in rows if row.kind in KINDS]
    called = _names(reader, (leaf for _, leaf in leaves))
    found = [_happening(reader, runs, number, leaf, called) for number, leaf in leaves]
    return Seen(start, end, found, _stirred(rows))


def stirred(reader: Reader, start: int, end: int) -> int:
    """Give where the last entry from `start` to before `end` ends that is more than a reading, 0 for none.

    Of more entries than a page it is `end`, unseen.
    """
    return end if end - start > PAGE else _stirred(reader.leaves(start, end))


def _stirred(rows: Iterable[LeafRow]) -> int:
    return max((row.number + 1 for row in rows if row.kind != READING), default=0)


def _names(reader: Reader, leaves: Iterable[AnyLeaf]) -> dict[str, str]:
    """Give what the customers of entries are called now, by their pseudonyms."""
    subjects = {leaf.subject for leaf in leaves if leaf.subject is not None}
    if not subjects:
        return {}
    named = {subject: row.customer for subject, row in reader.subjects_named(subjects).items()}
    now = reader.resolve(named.values())
    return {subject: now[customer] for subject, customer in named.items()}


def _happening(
    reader: Reader, runs: Runs, number: int, leaf: AnyLeaf, called: Mapping[str, str]
) -> Happening:
    customer = None if leaf.subject is None else called.get(leaf.subject, PREFIX + leaf.subject)
    about = partial(Happening, leaf=number, at=leaf.at, customer=customer)
    match leaf:
        case DecisionLeaf():
            return about(
                kind="decision",
                rule=leaf.rule,
                decision=leaf.ref,
                outcome=leaf.outcome,
                reason=leaf.reason,
            )
        case StartLeaf():
            return about(
                kind="run_started",
                rule=runs.of(reader, leaf.ref)[1],
                decision=leaf.decision,
                workflow=leaf.workflow,
                run=leaf.ref,
                parent=leaf.parent,
                status=leaf.status,
                arm=leaf.arm,
            )
        case StepLeaf():
            run = leaf.ref.rsplit(":", 2)[0]
            workflow, rule = runs.of(reader, run)
            return about(
                kind="step",
                rule=rule,
                workflow=workflow,
                run=run,
                path=leaf.path,
                verb=leaf.verb,
                outcome=leaf.outcome,
                reason=leaf.reason,
            )
        case EndLeaf():
            return about(
                kind="run_ended",
                rule=runs.of(reader, leaf.run)[1],
                workflow=leaf.workflow,
                run=leaf.run,
                status=leaf.status,
                reason=leaf.reason,
            )
    raise AssertionError(f"an entry of the kind {kind_of(leaf)} is none that is followed")
