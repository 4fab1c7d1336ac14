"""Customers in SQL: hot rows, chunks, and the names they go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from engine.customers.naming import words_of
from engine.errors import StoreError
from engine.model.values import Micros
from engine.store.records import Alias, MemberRow, MemberSave, NamedCustomer, Resolution
from engine.store.rows import member_row
from engine.store.sql.transaction import Habits, SqlTransaction, portions, some_of
from engine.store.statements import customers as sql
from engine.store.statements import words as wording

_LAST = "\U0010ffff"
"""What comes after every name that begins the same."""


class CustomerReading(SqlTransaction):
    """What is asked about customers."""

    def load(self, ids: Iterable[str], *, chunks: bool = True) -> dict[str, MemberRow]:
        found: dict[str, MemberRow] = {}
        for some in portions(ids):
            for row in self._tuples(sql.members_by_id(), ids=some):
                found[row[0]] = _member(row)
            if chunks:
                self._fill(found, some)
        return found

    def customer(self, id: str) -> MemberRow | None:
        return self.load((id,)).get(id)

    def members(self, after: str | None, limit: int, *, chunks: bool = True) -> list[MemberRow]:
        page = [_member(row) for row in self._tuples(sql.member_page(), after=after or "", limit=limit)]
        if chunks:
            found = {member.id: member for member in page}
            for some in portions(found):
                self._fill(found, some)
        return page

    def _fill(self, found: dict[str, MemberRow], ids: Sequence[str]) -> None:
        for customer, month, body in self._tuples(sql.chunks_of(), ids=ids):
            found[customer].chunks[month] = body

    def customers_named(self, prefix: str, after: str | None, limit: int) -> list[NamedCustomer]:
        found = self._rows(
            sql.customers_named(), start=prefix, end=prefix + _LAST, after=after or "", limit=limit
        )
        return [NamedCustomer(**row) for row in found]

    def found_by(
        self, words: Sequence[str], after: tuple[str, str] | None, limit: int
    ) -> list[tuple[str, str]]:
        word, name = after or (words[0], "")
        values: dict[str, Any] = {"word": word, "name": name, "limit": limit}
        for place, each in enumerate(words):
            values |= {f"start{place}": each, f"end{place}": each + _LAST}
        number = len(words)
        found = [(word, name) for word, name in self._tuples(wording.found_by_word(number), **values)]
        for statement in (wording.found_by_id(number), wording.found_by_old_id(number)):
            found += [(id, id) for (id,) in self._tuples(statement, **values)]
        return sorted(found)[:limit]

    def how_common(self, word: str, most: int) -> int:
        values: dict[str, Any] = {"start0": word, "end0": word + _LAST, "limit": most}
        return sum(
            self._scalar(each, **values) for each in (wording.how_many_words(), wording.how_many_ids())
        )

    def members_of_account(self, account: str) -> list[str]:
        return [row[0] for row in self._tuples(sql.members_of_account(), account=account)]

    def resolve(self, ids: Iterable[str]) -> Resolution:
        going_by = {id: id for id in ids}
        asked = set(going_by)
        while asked:
            bound = {
                id: survivor
                for some in portions(asked)
                for id, survivor in self._tuples(sql.aliases_by_id(), ids=some)
            }
            going_by = {id: bound.get(current, current) for id, current in going_by.items()}
            asked = set(bound.values())
        return going_by

    def aliases_of(self, *survivors: str) -> list[Alias]:
        found: dict[str, Alias] = {}
        asked = set(survivors)
        while asked:
            rows = [
                row for some in portions(asked) for row in self._rows(sql.aliases_by_survivor(), ids=some)
            ]
            asked = {row["id"] for row in rows}
            found.update({row["id"]: Alias(**row) for row in rows})
        return sorted(found.values(), key=lambda alias: (alias.at, alias.id))

    def due_customers(self, now: Micros, limit: int) -> list[str]:
        return [row[0] for row in self._tuples(sql.due_customers(), now=now, limit=limit)]

    def earliest_due(self) -> Micros | None:
        due: Micros | None = self._scalar(sql.earliest_due())
        return due


class CustomerWriting(CustomerReading):
    """What is changed about customers. It remembers which places it holds for new ones."""

    def __init__(self, connection: Connection, habits: Habits) -> None:
        super().__init__(connection, habits)
        self._places: set[str] = set()

    def hold(self, ids: Iterable[str]) -> dict[str, int]:
        wanted = list(dict.fromkeys(ids))
        if not self._habits.shared:
            return {id: version for some in portions(wanted) for id, version in self._held(some)}
        versions: dict[str, int] = {}
        # Somebody may take a customer away, or give a place back, between the looks.
        while missing := [id for id in wanted if id not in versions]:
            self._take_places(missing)
            versions.update(row for some in portions(missing) for row in self._held(some))
        return {id: version for id, version in versions.items() if version > 0}

    def _held(self, ids: Sequence[str]) -> Sequence[Any]:
        return self._tuples(sql.hold() if self._habits.shared else sql.versions_of(), ids=ids)

    def _take_places(self, ids: Sequence[str]) -> None:
        present = {id for some in portions(ids) for (id,) in self._tuples(sql.present(), ids=some)}
        new = sorted(set(ids) - present)
        empty = [member_row(MemberRow(id=id, created_at=0)) for id in new]
        self._change(sql.hold_place(self._insert), empty)
        self._places.update(new)

    def give_places_back(self) -> None:
        """Let go the places of customers who were never saved."""
        for some in portions(sorted(self._places)):
            self._run(sql.drop_places(), ids=some)
        self._places.clear()

    def hold_free(self, ids: Iterable[str]) -> set[str]:
        statement = sql.hold_free() if self._habits.shared else sql.present()
        return {id for some in portions(ids) for (id,) in self._tuples(statement, ids=some)}

    def claim_due(self, now: Micros, limit: int, shard: int | None = None) -> list[str]:
        values = {} if shard is None else {"shard": shard}
        statement = sql.claim_due(shard is not None)
        for kind in ("person", "account"):
            rows = self._tuples(statement, now=now, limit=limit, kind=kind, **values)
            if rows:
                return [id for (id,) in rows]
        return []

    def save(self, saves: Sequence[MemberSave]) -> None:
        new = [save for save in saves if save.expected == 0 and save.row.id not in self._places]
        self._add(sql.insert_customer(), [member_row(save.row) for save in new], "a customer", "id")
        known = [save for save in saves if save.expected != 0 or save.row.id in self._places]
        if known:
            rows = [
                member_row(save.row) | {"b_id": save.row.id, "b_expected": save.expected} for save in known
            ]
            if self._change(sql.update_customer(), rows) != len(rows):
                raise self._changed_by_others(known)
            self._places.difference_update(save.row.id for save in known)
        self._save_chunks(saves)
        self._save_words(saves)

    def _save_chunks(self, saves: Sequence[MemberSave]) -> None:
        put: list[dict[str, Any]] = []
        gone: list[dict[str, Any]] = []
        for save in saves:
            id, chunks = save.row.id, save.row.chunks
            for month in save.touched:
                if month in chunks:
                    put.append({"customer": id, "month": month, "body": chunks[month]})
                else:
                    gone.append({"b_customer": id, "b_month": month})
        self._change(sql.put_chunk(self._insert), put)
        self._change(sql.delete_chunk(), gone)

    def _save_words(self, saves: Sequence[MemberSave]) -> None:
        for some in portions(save.row.id for save in saves if save.words is not None and save.expected):
            self._run(wording.delete_words(), ids=some)
        self._put_words((save.row.id, word) for save in saves for word in save.words or ())

    def _put_words(self, words: Iterable[tuple[str, str]]) -> None:
        rows = [{"customer": customer, "word": word} for customer, word in sorted(words)]
        self._change(wording.put_word(self._insert), rows)

    def _changed_by_others(self, saves: Sequence[MemberSave]) -> StoreError:
        ids = [save.row.id for save in saves]
        versions = {
            id: version for some in portions(ids) for id, version in self._tuples(sql.versions_of(), ids=some)
        }
        stale = [save.row.id for save in saves if versions.get(save.row.id) != save.row.version]
        return StoreError(f"changed since they were loaded, so nothing is written: {some_of(stale)}")

    def remove(self, ids: Iterable[str]) -> None:
        for some in portions(ids):
            self._run(sql.delete_customers(), ids=some)
            self._run(sql.delete_chunks(), ids=some)
            self._run(wording.delete_words(), ids=some)
            # The id is another name now.
            self._put_words((id, word) for id in some for word in words_of(id))

    def bind_alias(self, id: str, survivor: str, at: Micros, cause: str) -> None:
        if self.resolve((survivor,))[survivor] == id:
            raise StoreError(f"{id!r} cannot be another name of itself")
        row = {"id": id, "survivor": survivor, "at": at, "cause": cause}
        self._add(sql.insert_alias(), [row], "an alias", "id")
        self._put_words((id, word) for word in words_of(id))


def _member(row: Any) -> MemberRow:
    id, kind, version, account, created_at, next_due, erased_at, hot, standing = row
    return MemberRow(
        id=id,
        kind=kind,
        version=version,
        account=account,
        created_at=created_at,
        next_due=next_due,
        erased_at=erased_at,
        hot=hot,
        standing=standing,
        chunks={},
    )
