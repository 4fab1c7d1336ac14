"""Glancing: the little of each customer that a list of them shows, from their hot row alone."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.loyalty.ledger import balance
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.runs.stage import Member
from engine.runtime.members import member_of
from engine.runtime.shell import Shell
from engine.timeline.ruleset import BASE

NAMES = (("name",), ("first_name", "last_name"))
"""The traits that are what somebody is called, the first that is known before the others."""


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a customer, as of what was played last.

    called: their name, where a trait tells it. last_seen: when the last event of theirs occurred. stages:
    by lifecycle; bands, and values of 0 to 100: by score; points: what can be spent, by program.
    """

    kind: Subject
    account: str | None
    called: str | None
    email: str | None
    first_seen: Micros | None
    last_seen: Micros | None
    segments: tuple[str, ...]
    stages: dict[str, str]
    bands: dict[str, str]
    values: dict[str, Decimal | None]
    points: dict[str, int]


class Found(msgspec.Struct, frozen=True):
    """A customer as found by a name, with a glance at who it is where that was asked for."""

    name: str
    customer: str
    glance: Glance | None = None


def named(shell: Shell, prefix: str, after: str | None, limit: int, *, glances: bool) -> list[Found]:
    """Page the customers of whom a name begins so, by that name; the whole base is none of them."""
    with shell.store.reader() as reader:
        page = reader.customers_named(prefix, after, limit + 1)
        found = [one for one in page if one.name != BASE][:limit]
        if not glances:
            return [Found(one.name, one.customer) for one in found]
        going_by = reader.resolve({one.customer for one in found})
        rows = reader.load(set(going_by.values()), chunks=False)
    known = {id: glance(shell, member_of(row)) for id, row in rows.items()}
    return [Found(one.name, one.customer, known.get(going_by[one.customer])) for one in found]


def glance(shell: Shell, member: Member) -> Glance:
    """Give what a list shows of a customer."""
    facts, standing, workspace = member.facts, member.standing, shell.ruleset.workspace
    sent = {name: str(trait.value) for name, trait in facts.traits.items() if trait.value is not None}
    scores = {name: one for name, one in sorted(standing.scores.items()) if name in workspace.scores}
    called = (" ".join(sent[name] for name in names if name in sent) for names in NAMES)
    return Glance(
        kind=member.kind,
        account=member.account,
        called=next(filter(None, called), None),
        email=sent.get("email"),
        first_seen=facts.first_seen,
        last_seen=None if facts.newest is None else facts.newest[0],
        segments=tuple(standing.segments),
        stages={name: held.stage for name, held in sorted(standing.stages.items())},
        bands={name: one.band for name, one in scores.items()},
        values={name: one.value for name, one in scores.items()},
        points={
            name: balance(standing.ledger, name).available
            for name in sorted(standing.ledger.books)
            if name in workspace.programs
        },
    )
