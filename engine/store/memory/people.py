"""Questions, cases, coupons, points, segments and budgets in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from engine.errors import StoreError
from engine.escalation.case import Case
from engine.loyalty.ledger import ACCOUNTS, Account, Posting
from engine.model.values import Micros
from engine.runs.changes import MembershipChange
from engine.runs.run import AskItem, Coupon
from engine.store.memory.tables import MemoryTransaction, page
from engine.store.records import EVERY_CASE, CaseCount, CaseFilter, MembershipRow
from engine.store.rows import (
    ASK,
    CASE,
    COUPON,
    POSTING,
    Columns,
    ask_row,
    case_row,
    fold_memberships,
    is_closed,
    lot_rows,
)

Period = tuple[str, str]


class PeopleReading(MemoryTransaction):
    """What is asked about people's part in runs, and about what customers got."""

    def ask(self, id: str) -> AskItem | None:
        row = self._table("ask").get(id)
        return None if row is None else ASK.value(row)

    def asks(
        self,
        *,
        answered: bool = False,
        who: str | None = None,
        after: str | None = None,
        limit: int = 100,
        due_from: Micros | None = None,
    ) -> list[AskItem]:
        rows = [
            row
            for row in self._rows("ask")
            if (row["answered_at"] is not None) == answered and who in (None, row["who"])
        ]
        return [ASK.value(row) for row in _ordered(rows, after, limit, due_from)]

    def count_open_asks(self) -> int:
        return sum(row["answered_at"] is None for row in self._rows("ask"))

    def open_asks(self, ids: Iterable[str]) -> dict[str, AskItem]:
        table = self._table("ask")
        rows = (table[id] for id in dict.fromkeys(ids) if id in table)
        return {row["id"]: ASK.value(row) for row in rows if row["answered_at"] is None}

    def asks_of(self, customers: Sequence[str]) -> list[AskItem]:
        rows = (row for row in self._rows("ask") if row["customer"] in customers)
        return sorted((ASK.value(row) for row in rows), key=lambda ask: (ask.asked_at, ask.id))

    def case(self, id: str) -> Case | None:
        row = self._table("case").get(id)
        return None if row is None else CASE.value(row)

    def cases(
        self,
        *,
        status: str | None = None,
        customers: Sequence[str] | None = None,
        found: CaseFilter = EVERY_CASE,
        after: str | None = None,
        limit: int = 100,
        due_from: Micros | None = None,
    ) -> list[Case]:
        rows = [
            row
            for row in self._rows("case")
            if (status is None or row["status"] == status)
            and (customers is None or row["customer"] in customers)
            and _fits(row, found)
        ]
        return [CASE.value(row) for row in _ordered(rows, after, limit, due_from)]

    def case_counts(self) -> list[CaseCount]:
        names = ("ladder", "status", "paused", "breached", "exhausted")
        counted = Counter(
            tuple(row[name] for name in names)
            for row in self._rows("case")
            if row["status"] in ("open", "acknowledged")
        )
        return [
            CaseCount(**dict(zip(names, kind, strict=True)), number=number)
            for kind, number in sorted(counted.items())
        ]

    def coupons(self, customers: Sequence[str]) -> list[Coupon]:
        rows = [row for row in self._rows("coupon") if row["customer"] in customers]
        return [COUPON.value(row) for row in page(rows, ("issued_at", "code"), None, None)]

    def postings(self, customers: Sequence[str], *, program: str | None = None) -> list[Posting]:
        return [
            POSTING.value(row)
            for row in self._rows("posting")
            if row["customer"] in customers and (program is None or row["program"] == program)
        ]

    def posting(self, program: str, key: str) -> Posting | None:
        row = self._table("posting").get((program, key))
        return None if row is None else POSTING.value(row)

    def points_of(self, program: str, *, closed: bool = False) -> dict[Account, int]:
        lots = lot_rows(POSTING.value(row) for row in self._rows("posting") if row["program"] == program)
        counted = [lot for lot in lots if is_closed(lot) or not closed]
        return {account: sum(lot[account] for lot in counted) for account in ACCOUNTS}

    def members_of(
        self, segment: str, *, at: Micros | None = None, after: str | None = None, limit: int = 1000
    ) -> list[str]:
        inside = {
            row["customer"]
            for row in self._rows("segment_membership")
            if row["segment"] == segment and _covers(row, at)
        }
        return [id for id in sorted(inside) if after is None or id > after][:limit]

    def memberships_of(self, customer: str) -> list[MembershipRow]:
        rows = [row for row in self._rows("segment_membership") if row["customer"] == customer]
        return [
            MembershipRow(row["segment"], customer, row["valid_from"], row["valid_to"], row["cause"])
            for row in page(rows, ("valid_from", "id"), None, None)
        ]

    def budgets(self, periods: Iterable[Period]) -> dict[Period, Decimal]:
        spent = self._table("budget")
        return {period: Decimal(spent[period]["spent"]) for period in periods if period in spent}


class PeopleWriting(PeopleReading):
    """What is written of people's part, of segments, points and budgets."""

    def _write_asks(self, asks: Sequence[AskItem]) -> None:
        self._edit("ask").update({ask.id: ask_row(ask) for ask in asks})

    def _write_cases(self, cases: Iterable[Case]) -> None:
        self._edit("case").update({case.id: case_row(case) for case in cases})

    def _write_coupons(self, coupons: Sequence[Coupon]) -> None:
        for coupon in coupons:
            self._add("coupon", coupon.code, COUPON.row(coupon), "this coupon")

    def _write_postings(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            key = (posting.program, posting.key)
            self._add("posting", key, POSTING.row(posting), "this movement of points")

    def _write_memberships(self, changes: Sequence[MembershipChange]) -> None:
        closed, added = fold_memberships(changes)
        for row in closed:
            left = self._open(row)
            if left is None:
                raise StoreError("a customer left a segment without being in it")
            self._edit("segment_membership")[left["id"]] = left | {"valid_to": row["valid_to"]}
        for row in added:
            if self._open(row) is not None:
                raise StoreError(f"this membership is stored already: {row['customer']!r}")
            id = self._next("segment_membership")
            self._edit("segment_membership")[id] = row | {"id": id}

    def _open(self, place: Columns) -> Columns | None:
        """Give the membership that is open for the same segment and customer."""
        return next(
            (
                row
                for row in self._rows("segment_membership")
                if row["segment"] == place["segment"]
                and row["customer"] == place["customer"]
                and row["valid_to"] is None
            ),
            None,
        )

    def _put_spent(self, place: Period, spent: Decimal, more: Decimal) -> None:
        known = self._table("budget").get(place, {"committed": "0"})
        committed = Decimal(known["committed"]) + more
        self._edit("budget")[place] = {
            "budget": place[0], "period": place[1], "spent": str(spent), "committed": str(committed)
        }  # fmt: skip


def _ordered(rows: list[Columns], after: str | None, limit: int, due_from: Micros | None) -> list[Columns]:
    """Page rows by id, or by (due, id) from an instant on."""
    if due_from is None:
        return page(rows, ("id",), after, limit)
    return page(rows, ("due", "id"), (due_from, after or ""), limit)


def _fits(row: Columns, found: CaseFilter) -> bool:
    if found.overdue_by is not None and (row["overdue_at"] is None or row["overdue_at"] > found.overdue_by):
        return False
    return all(
        wanted is None or row[name] == wanted
        for name, wanted in (
            ("ladder", found.ladder),
            ("who", found.who),
            ("breached", found.breached),
            ("exhausted", found.exhausted),
        )
    )


def _covers(row: Columns, at: Micros | None) -> bool:
    if at is None:
        return row["valid_to"] is None
    return row["valid_from"] <= at and (row["valid_to"] is None or row["valid_to"] > at)
