"""Suppressions, and how coupons and budgets stand, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from engine.contact.suppressions import Suppression
from engine.errors import StoreError
from engine.model.values import Micros
from engine.runs.changes import Allowed, CouponMove
from engine.runs.run import Coupon
from engine.store.memory.tables import MemoryTransaction, page
from engine.store.recording import Recording
from engine.store.records import BudgetRow, SuppressionRow
from engine.store.rows import COUPON


class ContactReading(MemoryTransaction):
    """What is asked about who may be written to, and about what was given away."""

    def coupon(self, code: str) -> Coupon | None:
        row = self._table("coupon").get(code)
        return None if row is None else COUPON.value(row)

    def suppressed(self, channel: str, address: str) -> str | None:
        found = self.suppressions(targets=[address], channel=channel)
        return next((row.reason for row in found if row.scope == "address"), None)

    def suppression(self, id: int) -> SuppressionRow | None:
        row = self._table("suppression").get(id)
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
        rows = [
            row
            for row in self._rows("suppression")
            if (row.get("removed_at") is not None) == removed
            and (targets is None or row["target"] in targets)
            and (channel is None or row["channel"] in (channel, "*"))
        ]
        return [SuppressionRow(**row) for row in page(rows, ("id",), after, limit)]

    def budget_rows(self, periods: Iterable[tuple[str, str]]) -> list[BudgetRow]:
        table = self._table("budget")
        return [
            BudgetRow(*place, Decimal(table[place]["spent"]), Decimal(table[place]["committed"]))
            for place in sorted(set(periods))
            if place in table
        ]


class ContactWriting(ContactReading, Recording):
    """What is written of who may be written to, and of how coupons end."""

    def _move_coupons(self, moves: Sequence[CouponMove]) -> None:
        table = self._edit("coupon") if moves else {}
        for move in moves:
            if move.code not in table:
                raise StoreError(f"there is no coupon {move.code}")
            changed = msgspec.structs.asdict(move) | {"status": move.status.value}
            table[move.code] = table[move.code] | changed

    def _lift_suppressions(self, allowed: Sequence[Allowed]) -> None:
        for each in allowed:
            for row in self.suppressions(targets=[each.customer], limit=2**31):
                if (row.scope, row.channel) == ("customer", each.scope):
                    self._remove(row.id, each.at, each.by, each.note)

    def _write_suppressions(self, suppressions: Sequence[Suppression]) -> None:
        for one in suppressions:
            holding = self.suppressions(targets=[one.target], channel=one.channel, limit=2**31)
            if not any((row.scope, row.channel) == (one.scope, one.channel) for row in holding):
                id = self._next("suppression")
                self._edit("suppression")[id] = msgspec.structs.asdict(one) | {"id": id}

    def remove_suppression(self, id: int, at: Micros, by: str, note: str) -> bool:
        removed = self._remove(id, at, by, note)
        if removed:
            self._record_allowed(id, at, by)
        return removed

    def _remove(self, id: int, at: Micros, by: str, note: str) -> bool:
        row = self._table("suppression").get(id)
        if row is None or row.get("removed_at") is not None:
            return False
        removed = {"removed_at": at, "removed_by": by, "removed_note": note}
        self._edit("suppression")[id] = row | removed
        return True
