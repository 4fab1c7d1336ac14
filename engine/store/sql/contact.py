"""Suppressions, and how coupons and budgets stand, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from engine.contact.suppressions import Suppression
from engine.errors import StoreError
from engine.model.values import Micros
from engine.runs.changes import Allowed, CouponMove
from engine.runs.run import Coupon
from engine.store.recording import Recording
from engine.store.records import BudgetRow, SuppressionRow
from engine.store.rows import COUPON
from engine.store.sql.transaction import SqlTransaction, portions
from engine.store.statements import contact as sql
from engine.store.statements import people


class ContactReading(SqlTransaction):
    """What is asked about who may be written to, and about what was given away."""

    def coupon(self, code: str) -> Coupon | None:
        row = self._row(sql.coupon_by_code(), code=code)
        return None if row is None else COUPON.value(row)

    def suppressed(self, channel: str, address: str) -> str | None:
        reason: str | None = self._scalar(sql.suppressed(), channel=channel, target=address)
        return reason

    def suppression(self, id: int) -> SuppressionRow | None:
        row = self._row(sql.suppression_by_id(), id=id)
        return None if row is None else SuppressionRow(**row)

    def suppressions(
        self,
        *,
        targets: Sequence[str] | None = None,
        channel: str | None = None,
        removed: bool = False,
        after: int | None = None,
        limit: int = 100,
    ) -> list[SuppressionRow]:
        page = sql.suppression_page(targets, channel, removed, after, limit)
        return [SuppressionRow(**row) for row in self._rows(page)]

    def budget_rows(self, periods: Iterable[tuple[str, str]]) -> list[BudgetRow]:
        asked = set(periods)
        return [
            BudgetRow(row["budget"], row["period"], Decimal(row["spent"]), Decimal(row["committed"]))
            for some in portions(sorted({budget for budget, _ in asked}))
            for row in self._rows(people.spent(), names=some)
            if (row["budget"], row["period"]) in asked
        ]


class ContactWriting(ContactReading, Recording):
    """What is written of who may be written to, and of how coupons end."""

    def _move_coupons(self, moves: Sequence[CouponMove]) -> None:
        for move in moves:
            # One by one: a coupon may move twice in a transaction.
            row = msgspec.structs.asdict(move) | {"b_code": move.code, "status": move.status.value}
            del row["code"]
            if self._change(sql.move_coupon(), [row]) != 1:
                raise StoreError(f"there is no coupon {move.code}")

    def _lift_suppressions(self, allowed: Sequence[Allowed]) -> None:
        rows = [
            {
                "b_target": each.customer,
                "b_channel": each.scope,
                "removed_at": each.at,
                "removed_by": each.by,
                "removed_note": each.note,
            }
            for each in allowed
        ]
        self._change(sql.lift_suppression(), rows)

    def _write_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        for suppression in suppressions:
            self._change(sql.insert_suppression(self._insert), [msgspec.structs.asdict(suppression)])

    def remove_suppression(self, id: int, at: Micros, by: str, note: str) -> bool:
        row = {"b_id": id, "removed_at": at, "removed_by": by, "removed_note": note}
        removed = self._change(sql.remove_suppression(), [row]) == 1
        if removed:
            self._record_allowed(id, at, by)
        return removed
