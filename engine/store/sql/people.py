"""Questions, cases, coupons, points, segments and budgets in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from engine.errors import StoreError
from engine.escalation.case import Case
from engine.loyalty.ledger import ACCOUNTS, Account, Posting
from engine.model.values import Micros
from engine.runs.changes import MembershipChange
from engine.runs.run import AskItem, Coupon
from engine.store.records import EVERY_CASE, CaseCount, CaseFilter, MembershipRow
from engine.store.rows import ASK, CASE, COUPON, POSTING, ask_row, case_row, fold_memberships, lot_rows
from engine.store.sql.transaction import SqlTransaction, portions
from engine.store.statements import people as sql

Period = tuple[str, str]


class PeopleReading(SqlTransaction):
    """What is asked about people's part in runs, and about what customers got."""

    def ask(self, id: str) -> AskItem | None:
        row = self._row(sql.ask_by_id(), id=id)
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
        asked: dict[str, Any] = {} if who is None else {"who": who}
        if due_from is not None:
            asked["due"] = due_from
        page = sql.ask_page(answered, who is not None, due_from is not None)
        return [ASK.value(row) for row in self._rows(page, after=after or "", limit=limit, **asked)]

    def count_open_asks(self) -> int:
        return int(self._scalar(sql.count_open_asks()))

    def open_asks(self, ids: Iterable[str]) -> dict[str, AskItem]:
        rows = (row for some in portions(ids) for row in self._rows(sql.open_asks(), ids=some))
        return {row["id"]: ASK.value(row) for row in rows}

    def asks_of(self, customers: Sequence[str]) -> list[AskItem]:
        rows = (row for some in portions(customers) for row in self._rows(sql.asks_of(), ids=some))
        return sorted((ASK.value(row) for row in rows), key=lambda ask: (ask.asked_at, ask.id))

    def case(self, id: str) -> Case | None:
        row = self._row(sql.case_by_id(), id=id)
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
        page = sql.case_page(status, customers, found, after, limit, due_from)
        return [CASE.value(row) for row in self._rows(page)]

    def case_counts(self) -> list[CaseCount]:
        return [CaseCount(**row) for row in self._rows(sql.count_cases())]

    def coupons(self, customers: Sequence[str]) -> list[Coupon]:
        return [
            COUPON.value(row)
            for some in portions(customers)
            for row in self._rows(sql.coupons_of(), ids=some)
        ]

    def postings(self, customers: Sequence[str], *, program: str | None = None) -> list[Posting]:
        return [POSTING.value(row) for row in self._rows(sql.postings_of(customers, program))]

    def posting(self, program: str, key: str) -> Posting | None:
        row = self._row(sql.posting_by_key(), program=program, key=key)
        return None if row is None else POSTING.value(row)

    def points_of(self, program: str, *, closed: bool = False) -> dict[Account, int]:
        row = self._row(sql.points_of(closed), program=program)
        return {account: 0 if row is None else int(row[account] or 0) for account in ACCOUNTS}

    def members_of(
        self, segment: str, *, at: Micros | None = None, after: str | None = None, limit: int = 1000
    ) -> list[str]:
        return [row[0] for row in self._tuples(sql.members_of(segment, at, after, limit))]

    def memberships_of(self, customer: str) -> list[MembershipRow]:
        rows = self._rows(sql.memberships_of(), customer=customer)
        return [
            MembershipRow(row["segment"], customer, row["valid_from"], row["valid_to"], row["cause"])
            for row in rows
        ]

    def budgets(self, periods: Iterable[Period]) -> dict[Period, Decimal]:
        asked = set(periods)
        return {
            (row["budget"], row["period"]): Decimal(row["spent"])
            for some in portions(sorted({budget for budget, _ in asked}))
            for row in self._rows(sql.spent(), names=some)
            if (row["budget"], row["period"]) in asked
        }


class PeopleWriting(PeopleReading):
    """What is written of people's part, of segments, points and budgets."""

    def _write_asks(self, asks: Sequence[AskItem]) -> None:
        self._change(sql.put_ask(self._insert), [ask_row(ask) for ask in asks])

    def _write_cases(self, cases: Iterable[Case]) -> None:
        self._change(sql.put_case(self._insert), [case_row(case) for case in cases])

    def _write_coupons(self, coupons: Sequence[Coupon]) -> None:
        self._add(sql.insert_coupon(), [COUPON.row(coupon) for coupon in coupons], "this coupon", "code")

    def _write_postings(self, postings: Sequence[Posting]) -> None:
        rows = [POSTING.row(posting) for posting in postings]
        self._add(sql.insert_posting(), rows, "this movement of points", "key")
        self._change(sql.add_to_lot(self._insert), lot_rows(postings))

    def _write_memberships(self, changes: Sequence[MembershipChange]) -> None:
        closed, added = fold_memberships(changes)
        rows = [
            {"b_segment": row["segment"], "b_customer": row["customer"], "valid_to": row["valid_to"]}
            for row in closed
        ]
        if self._change(sql.close_membership(), rows) != len(rows):
            raise StoreError("a customer left a segment without being in it")
        self._add(sql.insert_membership(), added, "this membership", "customer")

    def budgets(self, periods: Iterable[Period]) -> dict[Period, Decimal]:
        if not self._habits.shared:
            return super().budgets(periods)
        found: dict[Period, Decimal] = {}
        rows = [
            {"budget": budget, "period": period, "spent": "0", "committed": "0"}
            for budget, period in sorted(set(periods))
        ]
        self._change(sql.begin_spending(self._insert), rows)
        for each in rows:
            row = self._row(sql.hold_spent(), budget=each["budget"], period=each["period"])
            if row is not None and Decimal(row["spent"]):
                found[row["budget"], row["period"]] = Decimal(row["spent"])
        return found

    def _put_spent(self, place: Period, spent: Decimal, more: Decimal) -> None:
        """Write what a period that is held has taken, and add to what of it is spent for good."""
        row = self._row(sql.one_budget(), budget=place[0], period=place[1])
        committed = more + (Decimal(row["committed"]) if row is not None else Decimal(0))
        values = {"budget": place[0], "period": place[1], "spent": str(spent), "committed": str(committed)}
        self._change(sql.put_spent(self._insert), [values])
