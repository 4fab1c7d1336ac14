"""Replaying: the recorded decisions of a period, decided again from what was there by then, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from engine.audit.leaves import AnyLeaf, read_entry
from engine.decisions.decision import Decision, encode
from engine.errors import HoldfastError
from engine.model.values import Micros
from engine.runtime.reports.explaining import Explainer
from engine.store.audit import LeafRow
from engine.store.interface import Reader, Store

AT_ONCE = 1000


class Difference(msgspec.Struct, frozen=True):
    """A decision that comes out otherwise: its id, the rule, when, and what it comes to now."""

    decision: str
    rule: str
    at: Micros
    what: str


class Replayed(msgspec.Struct, kw_only=True):
    """What replaying came to. `erased` are decisions whose customer was erased."""

    equal: int = 0
    different: int = 0
    erased: int = 0
    differences: list[Difference] = []


def replay(
    store: Store, explainer: Explainer, start: Micros | None = None, end: Micros | None = None
) -> Replayed:
    """Decide every recorded decision of a period again, and hold the two against one another."""
    found = Replayed()
    with store.reader() as reader:
        erased = _erased(reader, start, end)
        found.erased = len(erased)
        decisions = [each for each in _decisions(reader, start, end) if each.id not in erased]
        eras = [
            (customer, [*some])
            for customer, own in groupby(decisions, key=lambda decision: decision.customer)
            for _, some in groupby([*own], key=lambda decision: _names(reader, customer, decision.at))
        ]
    for customer, recorded in eras:
        _hold(explainer, customer, recorded, found)
    return found


def _hold(explainer: Explainer, customer: str, recorded: Sequence[Decision], found: Replayed) -> None:
    try:
        again = explainer.decide_again(customer, recorded[-1].at)
    except HoldfastError as error:
        made: dict[str, Decision] = {}
        missing = str(error)
    else:
        made, missing = {decision.id: decision for decision in again}, "it is not decided any more"
    for decision in recorded:
        other = made.get(decision.id)
        if other is not None and encode(other) == encode(decision):
            found.equal += 1
            continue
        found.different += 1
        what = missing if other is None else _told(decision, other)
        found.differences.append(Difference(decision.id, decision.rule, decision.at, what))


def _told(recorded: Decision, made: Decision) -> str:
    names = [
        name
        for name in Decision.__struct_fields__
        if name != "starts" and getattr(recorded, name) != getattr(made, name)
    ]
    return f"another {', '.join(names)}"


def _decisions(reader: Reader, start: Micros | None, end: Micros | None) -> list[Decision]:
    """Give the recorded decisions by (customer, at, id)."""
    found: list[Decision] = []
    after = None
    while some := reader.decisions(start=start, end=end, after=after, limit=AT_ONCE):
        found += some
        after = some[-1].at, some[-1].id
    return sorted(found, key=lambda decision: (decision.customer, decision.at, decision.id))


def _names(reader: Reader, customer: str, at: Micros) -> int:
    """Tell one time of a customer from another: how many names had become theirs."""
    return sum(alias.at <= at for alias in reader.aliases_of(customer))


def _erased(reader: Reader, start: Micros | None, end: Micros | None) -> set[str]:
    """Give the decisions whose customers were erased, and those of accounts that have lost a member."""
    gone: set[str | None] = {read_entry(row.entry).subject for row in _all_erased(reader)}
    return {
        leaf.ref
        for leaf in _recorded(reader, start, end)
        if leaf.subject in gone or reader.decision(leaf.ref) is None
    }


def _all_erased(reader: Reader) -> Iterator[LeafRow]:
    after = None
    while some := reader.acts("erased", after=after, limit=AT_ONCE):
        yield from some
        after = some[-1].at, some[-1].number


def _recorded(reader: Reader, start: Micros | None, end: Micros | None) -> Iterator[AnyLeaf]:
    first, after = reader.leaf_span(start, end) or (0, 0)
    for number in range(first, after, AT_ONCE):
        for row in reader.leaves(number, min(number + AT_ONCE, after)):
            inside = (start is None or row.at >= start) and (end is None or row.at < end)
            if row.kind == "decision" and inside:
                yield read_entry(row.entry)
