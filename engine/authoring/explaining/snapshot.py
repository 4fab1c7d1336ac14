"""Snapshot: where a replay stood, its customers as bytes, from which another can go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from engine.customers import encoding
from engine.decisions import standing
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.runs.stage import Counter, Member


class Kept(msgspec.Struct, frozen=True):
    """A customer as bytes: facts, their months, and the standing."""

    kind: Subject
    facts: bytes
    months: Mapping[int, bytes]
    standing: bytes

    def beside(self, before: Kept | None) -> int:
        """Give the bytes of what differs from how the customer was kept before."""
        if self is before:
            return 0
        held = {} if before is None else before.months
        months = (len(body) for month, body in self.months.items() if held.get(month) is not body)
        return len(self.facts) + len(self.standing) + sum(months)


class Snapshot(msgspec.Struct, frozen=True):
    """Where a replay stood: so many events were taken, so many releases gone over to.

    All that was due up to `at` is played; with `waited`, that is later than the last event. `made` are the
    ids of the events that came about after the snapshot `before` it, `spent` is what budgets have taken.
    """

    events: int
    release: int
    at: Micros
    waited: bool
    members: Mapping[str, Kept]
    learnt: Mapping[str, Micros]
    made: tuple[str, ...]
    spent: Mapping[Counter, Decimal]
    before: Snapshot | None

    def all_made(self) -> Iterator[str]:
        """Give the ids of all events that came about since the release."""
        one: Snapshot | None = self
        while one is not None and one.release == self.release:
            yield from one.made
            one = one.before

    @property
    def size(self) -> int:
        """The bytes of what differs from the snapshot before."""
        others = {} if self.before is None else self.before.members
        return sum(kept.beside(others.get(name)) for name, kept in self.members.items())


def kept(member: Member, before: Kept | None) -> Kept:
    """Give a customer as bytes; `before` is how the same facts were kept last, if they were."""
    facts = member.facts
    months = {} if before is None else dict(before.months)
    for month, body in encoding.encode_chunks(facts).items():
        if body is None:
            months.pop(month, None)
        else:
            months[month] = body
    facts.touched.clear()
    return Kept(member.kind, encoding.encode_hot(facts), months, standing.encode(member.standing))


def member_of(id: str, kept: Kept) -> Member:
    """Read a customer from their bytes."""
    facts = encoding.decode(kept.facts, kept.months)
    return Member(id, kept.kind, facts, standing.decode(kept.standing))
