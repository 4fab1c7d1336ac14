"""Customers in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.customers.naming import words_of
from engine.errors import StoreError
from engine.model.values import Micros
from engine.store.memory.tables import MemoryTransaction, page
from engine.store.records import Alias, MemberRow, MemberSave, NamedCustomer, Resolution
from engine.store.rows import Columns, columns_of, member_row


class CustomerReading(MemoryTransaction):
    """What is asked about customers."""

    def _member(self, row: Columns, chunks: bool = True) -> MemberRow:
        held = self._table("bucket_chunk").get(row["id"]) if chunks else None
        columns = {name: value for name, value in row.items() if name != "shard"}
        return MemberRow(**columns, chunks=dict(held["chunks"]) if held else {})

    def load(self, ids: Iterable[str], *, chunks: bool = True) -> dict[str, MemberRow]:
        customers = self._table("customer")
        return {id: self._member(customers[id], chunks) for id in dict.fromkeys(ids) if id in customers}

    def customer(self, id: str) -> MemberRow | None:
        return self.load((id,)).get(id)

    def members(self, after: str | None, limit: int, *, chunks: bool = True) -> list[MemberRow]:
        return [self._member(row, chunks) for row in page(self._rows("customer"), ("id",), after, limit)]

    def customers_named(self, prefix: str, after: str | None, limit: int) -> list[NamedCustomer]:
        rows = [
            *(
                {"name": row["id"], "customer": row["id"]}
                for row in self._rows("customer")
                if row["erased_at"] is None
            ),
            *({"name": row["id"], "customer": row["survivor"]} for row in self._rows("alias")),
        ]
        named = [row for row in rows if row["name"].startswith(prefix)]
        return [NamedCustomer(**row) for row in page(named, ("name",), after, limit)]

    def found_by(
        self, words: Sequence[str], after: tuple[str, str] | None, limit: int
    ) -> list[tuple[str, str]]:
        aliases = self._table("alias")
        there = [row["id"] for row in self._rows("customer") if row["erased_at"] is None]
        own: dict[str, set[str]] = {id: {id} for id in (*there, *aliases)}
        for row in self._rows("customer_word"):
            own.setdefault(row["customer"], set()).add(row["word"])
        found = [
            (min(word for word in held if word.startswith(words[0])), name)
            for name, held in own.items()
            if all(any(word.startswith(each) for word in held) for each in words)
        ]
        return sorted(each for each in found if after is None or each > after)[:limit]

    def how_common(self, word: str, most: int) -> int:
        words = [row["word"] for row in self._rows("customer_word")]
        return sum(
            min(most, sum(each.startswith(word) for each in some))
            for some in (words, self._table("customer"))
        )

    def members_of_account(self, account: str) -> list[str]:
        return sorted(row["id"] for row in self._rows("customer") if row["account"] == account)

    def resolve(self, ids: Iterable[str]) -> Resolution:
        return {id: self._survivor(id) for id in ids}

    def aliases_of(self, *survivors: str) -> list[Alias]:
        found: list[Alias] = []
        asked = set(survivors)
        while asked:
            bound = [Alias(**row) for row in self._rows("alias") if row["survivor"] in asked]
            asked = {alias.id for alias in bound}
            found += bound
        return sorted(found, key=lambda alias: (alias.at, alias.id))

    def due_customers(self, now: Micros, limit: int) -> list[str]:
        return [row["id"] for row in page(self._due(now), ("next_due", "id"), None, limit)]

    def _due(self, now: Micros) -> list[Columns]:
        return [
            row for row in self._rows("customer") if row["next_due"] is not None and row["next_due"] <= now
        ]

    def earliest_due(self) -> Micros | None:
        return min(
            (row["next_due"] for row in self._rows("customer") if row["next_due"] is not None), default=None
        )


class CustomerWriting(CustomerReading):
    """What is changed about customers."""

    def hold(self, ids: Iterable[str]) -> dict[str, int]:
        customers = self._table("customer")
        return {id: customers[id]["version"] for id in dict.fromkeys(ids) if id in customers}

    def hold_free(self, ids: Iterable[str]) -> set[str]:
        return set(self.hold(ids))

    def claim_due(self, now: Micros, limit: int, shard: int | None = None) -> list[str]:
        rows = [row for row in self._due(now) if shard is None or row["shard"] == shard]
        persons = [row for row in rows if row["kind"] == "person"]
        return [row["id"] for row in page(persons or rows, ("next_due", "id"), None, limit)]

    def save(self, saves: Sequence[MemberSave]) -> None:
        customers = self._edit("customer")
        chunks = self._edit("bucket_chunk")
        for save in saves:
            id = save.row.id
            stored = customers[id]["version"] if id in customers else 0
            if stored != save.expected:
                raise StoreError(f"changed since they were loaded, so nothing is written: {id!r}")
            customers[id] = member_row(save.row)
            held: dict[int, bytes] = dict(chunks[id]["chunks"]) if id in chunks else {}
            for month in save.touched:
                held.pop(month, None)
                if month in save.row.chunks:
                    held[month] = save.row.chunks[month]
            chunks[id] = {"chunks": held}
            if save.words is not None:
                self._set_words(id, save.words)

    def _set_words(self, customer: str, words: Iterable[str]) -> None:
        table = self._edit("customer_word")
        for key in [key for key in table if key[0] == customer]:
            del table[key]
        for word in words:
            table[customer, word] = {"customer": customer, "word": word}

    def remove(self, ids: Iterable[str]) -> None:
        for id in ids:
            self._edit("customer").pop(id, None)
            self._edit("bucket_chunk").pop(id, None)
            # The id is another name now.
            self._set_words(id, words_of(id))

    def bind_alias(self, id: str, survivor: str, at: Micros, cause: str) -> None:
        if self._survivor(survivor) == id:
            raise StoreError(f"{id!r} cannot be another name of itself")
        self._add("alias", id, columns_of(Alias(id, survivor, at, cause)), "an alias")
        self._set_words(id, words_of(id))
