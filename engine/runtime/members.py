"""Customers in memory between transactions, and how they are kept as rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from engine.customers.encoding import decode, encode_chunks, encode_hot
from engine.customers.naming import said, words_of
from engine.customers.table import FactTable
from engine.decisions import standing
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.runs.stage import Member
from engine.store.interface import Reader
from engine.store.records import MemberRow, MemberSave

STALE = "stale"
"""Stands in a customer's `built` while their facts have to be made anew."""

MOST = 20_000
"""Customers kept in memory; each is some kilobytes."""


class Members:
    """The customers most lately played. Valid because this process is the only one that writes, or else
    as long as their version is the one that is stored.

    What a transaction has loaded is only taken over after its commit; after a roll-back it is
    forgotten, for the core has changed it in place.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, Member] = OrderedDict()

    def load(
        self, reader: Reader, ids: list[str], held: Mapping[str, int] | None = None
    ) -> dict[str, Member]:
        """Give those of these customers who exist, with their open runs.

        `held` are their versions as stored, where other processes write too.
        """
        found = {
            id: kept
            for id in ids
            if (kept := self._kept.get(id)) is not None and (held is None or held.get(id) == kept.version)
        }
        missing = [id for id in ids if id not in found]
        if missing:
            found.update({id: member_of(row) for id, row in reader.load(missing).items()})
        for member in found.values():
            member.runs = {}
        for run in reader.load_runs(found):
            found[run.customer].runs[run.id] = run
        return found

    def keep(self, members: Mapping[str, Member], *, passing: bool = False) -> None:
        """Take over what a committed transaction has loaded and changed.

        With `passing` only those who were kept before: a round of everybody must not push out those whom
        events are about.
        """
        for id, member in members.items():
            if not member.created and not (passing and id not in self._kept):
                self._kept[id] = member
                self._kept.move_to_end(id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, ids: Iterable[str]) -> None:
        """Drop customers whose state in memory can no longer be trusted."""
        for id in ids:
            self._kept.pop(id, None)

    def clear(self) -> None:
        """Drop everybody: the ruleset has changed."""
        self._kept.clear()


def member_of(row: MemberRow) -> Member:
    """Read a customer from its row, without runs."""
    kind: Subject = "account" if row.kind == "account" else "person"
    facts = decode(row.hot, row.chunks)
    return Member(
        row.id, kind, facts, standing.decode(row.standing), version=row.version, said=said(facts.traits)
    )


def saved(member: Member, table: FactTable, next_due: Micros | None, now: Micros) -> MemberSave:
    """Give a customer as a row to write, and count the change: from now on this is what is stored."""
    facts = member.facts
    if not facts.built:
        facts.built, facts.stored = table.hash, None
    chunks = encode_chunks(facts)
    known = said(facts.traits)
    words = None if known == member.said else words_of(member.id, known)
    member.said = known
    expected, member.version = member.version, member.version + 1
    row = MemberRow(
        id=member.id,
        kind=member.kind,
        version=member.version,
        account=member.account,
        created_at=now if facts.first_seen is None else facts.first_seen,
        next_due=next_due,
        hot=encode_hot(facts),
        standing=standing.encode(member.standing),
        chunks={month: body for month, body in chunks.items() if body is not None},
    )
    member.created = False
    facts.touched.clear()
    return MemberSave(row, expected, frozenset(chunks), words)
