"""Glancing: the little of each customer that a list of them shows, from their hot row alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from engine.customers.naming import EMAIL, called, typed
from engine.loyalty.ledger import balance
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.runs.stage import Member
from engine.runtime.members import member_of
from engine.runtime.shell import Shell
from engine.store.interface import Reader
from engine.timeline.ruleset import BASE

COUNTED = 20_000
"""Ids and words that begin alike are counted so far, to begin with the word of which there are fewest."""


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
    """A customer as found by a name, with a glance at who it is where that was asked for.

    `place` is where they stand among those found by words: the one to begin with, what it begins, the name.
    """

    name: str
    customer: str
    glance: Glance | None = None
    place: tuple[int, str, str] | None = None


def named(shell: Shell, prefix: str, after: str | None, limit: int, *, glances: bool) -> list[Found]:
    """Page the customers of whom a name begins so, by that name; the whole base is none of them."""
    with shell.store.reader() as reader:
        page = reader.customers_named(prefix, after, limit + 1)
        return _known(shell, reader, {one.name: None for one in page}, limit, glances)


def looked_for(
    shell: Shell, text: str, after: tuple[int, str, str] | None, limit: int, *, glances: bool
) -> list[Found]:
    """Page the customers of whom each word of a text begins an id, a name or an address.

    In the order of what the rarest of the words begins, then of their ids; `after` is the place of the last.
    """
    words = typed(text)
    if not words:
        return []
    with shell.store.reader() as reader:
        first = _rarest(reader, words) if after is None else after[0] % len(words)
        asked = [words[first], *words[:first], *words[first + 1 :]]
        page = reader.found_by(asked, None if after is None else after[1:], limit + 1)
        places = {name: (first, word, name) for word, name in page}
        return _known(shell, reader, places, limit, glances)


def _rarest(reader: Reader, words: Sequence[str]) -> int:
    if len(words) == 1:
        return 0
    counts = [(reader.how_common(word, COUNTED), -len(word)) for word in words]
    return counts.index(min(counts))


def _known(
    shell: Shell, reader: Reader, names: Mapping[str, tuple[int, str, str] | None], limit: int, glances: bool
) -> list[Found]:
    found = [name for name in names if name != BASE][:limit]
    going_by = reader.resolve(found)
    rows = reader.load(set(going_by.values()), chunks=False) if glances else {}
    known = {id: glance(shell, member_of(row)) for id, row in rows.items()}
    return [Found(name, going_by[name], known.get(going_by[name]), names[name]) for name in found]


def glance(shell: Shell, member: Member) -> Glance:
    """Give what a list shows of a customer."""
    facts, standing, workspace = member.facts, member.standing, shell.ruleset.workspace
    sent = {name: str(trait.value) for name, trait in facts.traits.items() if trait.value is not None}
    scores = {name: one for name, one in sorted(standing.scores.items()) if name in workspace.scores}
    return Glance(
        kind=member.kind,
        account=member.account,
        called=called(sent),
        email=sent.get(EMAIL),
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
