"""Reading: what is known of customers, as the doors show it. Nothing here waits for the writer."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from engine.contact.consent import ADDRESSES, address
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.decisions.decision import Decision
from engine.errors import NotFoundError
from engine.loyalty.ledger import Posting
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.run import Run
from engine.runs.stage import Member
from engine.runtime.members import Members
from engine.runtime.shell import Shell
from engine.store.interface import Reader
from engine.store.records import Alias, OutboxRow
from engine.timeline.cast import Cast
from engine.timeline.moment import Moment
from engine.timeline.world import World


class KnownFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as expressions see it: its value, the newest input's instant and source, and why it is
    unknown (or what its value rests on)."""

    value: Any
    at: Micros | None
    source: str | None
    reason: str | None


class KnownCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer. `version` counts its changes, `facts` are by name."""

    id: str
    kind: Subject
    account: str | None
    aliases: tuple[Alias, ...]
    version: int
    first_seen: Micros | None
    segments: tuple[str, ...]
    facts: dict[str, KnownFact]
    suppressed: dict[str, str]


class Entry(msgspec.Struct, frozen=True):
    """One line of a timeline; `of` is the row itself."""

    at: Micros
    kind: Literal["event", "decision", "run", "message", "points"]
    of: Event | Decision | Run | OutboxRow | Posting


@contextmanager
def looking(shell: Shell, now: Micros) -> Iterator[tuple[Reader, World, Cast]]:
    """Open a snapshot with a cast of its own: the core may play in it, and nothing is kept."""
    with shell.store.reader() as reader:
        members = Members()
        yield reader, shell.world(reader, now), Cast(lambda ids: members.load(reader, ids))


def customer(shell: Shell, id: str, now: Micros) -> KnownCustomer:
    """Give what is known of a customer at `now`, under whichever of their names is asked.

    Raises `NotFoundError`.
    """
    with looking(shell, now) as (reader, world, cast):
        member = member_of(reader, cast, id)
        facts = Moment(world, member, Changes(), now, [], at_event=True).facts()
        return KnownCustomer(
            id=member.id,
            kind=member.kind,
            account=member.account,
            aliases=tuple(reader.aliases_of(member.id)),
            version=member.version,
            first_seen=member.facts.first_seen,
            segments=tuple(member.standing.segments),
            facts={
                name: KnownFact(
                    value=facts[name],
                    at=facts.age(name)[0],
                    source=facts.age(name)[1],
                    reason=reason.value if (reason := facts.reason(name)) is not None else None,
                )
                for name in shell.ruleset.catalog.customer(member.kind)
            },
            suppressed=_suppressed(world, member, facts),
        )


def timeline(shell: Shell, id: str, *, before: Micros | None = None, limit: int = 100) -> list[Entry]:
    """Give what happened to a customer before an instant, the newest first.

    Events, decisions, runs, messages and points in one list, under all their names. Raises
    `NotFoundError` for a customer that nobody has heard of.
    """
    with shell.store.reader() as reader:
        names = names_of(reader, id)
        found: list[list[Entry]] = [
            [
                Entry(one.received_at, "event", one)
                for one in reader.events_of(names, end=before, limit=limit, newest=True)
            ],
            [
                Entry(one.at, "decision", one)
                for one in reader.decisions(customers=names, end=before, limit=limit, newest=True)
            ],
            [Entry(one.at, "points", one) for one in reader.postings(names)],
        ]
        runs = reader.runs(customers=names, end=before, limit=limit, newest=True)
        found.append([Entry(one.started_at, "run", one) for one in runs])
        found.append(
            [
                Entry(row.settled_at, "message", row)
                for run in runs
                for row in reader.effects(run.id)
                if row.settled_at is not None
            ]
        )
    entries = [entry for kind in found for entry in kind if before is None or entry.at < before]
    return heapq.nlargest(limit, entries, key=lambda entry: entry.at)


def _suppressed(world: World, member: Member, facts: Facts) -> dict[str, str]:
    """Give why a customer gets no messages, by channel: because of the customer, or of the address."""
    found = dict(member.standing.contact.suppressed)
    for channel in ADDRESSES:
        to = address(channel, facts)
        why = world.suppressions.reason(channel, to) if to is not None else None
        if why is not None:
            found.setdefault(channel, why)
    return found


def ids_of(reader: Reader, id: str) -> list[str]:
    """Give every id that means the same customer as one, the one they go by first, known or not."""
    survivor = reader.resolve([id])[id]
    return [survivor, *(alias.id for alias in reader.aliases_of(survivor))]


def names_of(reader: Reader, id: str) -> list[str]:
    """Give the ids of a customer as `ids_of` does; raises `NotFoundError` where nobody has them."""
    names = ids_of(reader, id)
    if reader.customer(names[0]) is None:
        raise NotFoundError(f"there is no customer {id}; send an id that its events came with")
    return names


def member_of(reader: Reader, cast: Cast, id: str) -> Member:
    """Give a customer as they stand, by any id that means them; raises `NotFoundError`."""
    member = cast.find(reader.resolve([id])[id])
    if member is None:
        raise NotFoundError(f"there is no customer {id}; send an id that its events came with")
    return member
