"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.errors import StoreError
from engine.model.values import Micros
from engine.runs.changes import Settled
from engine.runs.run import Effect
from engine.store.memory.tables import MemoryTransaction, page
from engine.store.records import Claim, OutboxRow
from engine.store.rows import claim_of, effect_row, outbox_row, settled_columns


class OutboxReading(MemoryTransaction):
    """What is asked about external effects."""

    def effects(self, run: str) -> list[OutboxRow]:
        rows = [row for row in self._rows("outbox") if row["run"] == run]
        return [outbox_row(row) for row in page(rows, ("created_at", "key"), None, None)]

    def effect(self, key: str) -> OutboxRow | None:
        row = self._table("outbox").get(key)
        return None if row is None else outbox_row(row)

    def earliest_effect_due(self) -> Micros | None:
        claimable = (row["claimable_at"] for row in self._rows("outbox"))
        return min((at for at in claimable if at is not None), default=None)

    def dead_letters(self, after: str | None = None, limit: int = 100) -> list[OutboxRow]:
        rows = [row for row in self._rows("outbox") if row["dead"] is not None]
        return [outbox_row(row) for row in page(rows, ("key",), after, limit)]


class OutboxWriting(OutboxReading):
    """What is changed about external effects."""

    def _set(self, key: str, **columns: Any) -> None:
        table = self._edit("outbox")
        table[key] = table[key] | columns

    def _write_effects(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            row = effect_row(effect)
            known = self._table("outbox").get(effect.key)
            if known is None:
                self._edit("outbox")[effect.key] = row
                continue
            if known["state"] == "settled":
                raise StoreError(f"an effect that has settled is put again: {effect.key!r}")
            again = ("state", "due", "claimable_at", "lease_until", "document")
            self._set(effect.key, **{name: row[name] for name in again})

    def _write_settled(self, settled: Sequence[Settled]) -> None:
        for each in settled:
            row = self._table("outbox").get(each.key)
            if row is not None and row["state"] != "settled":
                self._settle(each)

    def _settle(self, settled: Settled) -> None:
        self._set(settled.key, **settled_columns(settled.key, settled.outcome, settled.reason, settled.at))

    def claim_effects(self, now: Micros, limit: int, lease_until: Micros) -> list[Claim]:
        due = [
            row
            for row in self._rows("outbox")
            if row["claimable_at"] is not None and row["claimable_at"] <= now
        ]
        claims = [claim_of(row) for row in page(due, ("claimable_at", "key"), None, limit)]
        for claim in claims:
            self._set(
                claim.effect.key,
                state="leased",
                attempts=claim.attempt,
                fence=claim.fence,
                lease_until=lease_until,
                claimable_at=lease_until,
            )
        return claims

    def holds_effect(self, key: str, fence: int) -> bool:
        row = self._table("outbox").get(key)
        return row is not None and row["state"] == "leased" and row["fence"] == fence

    def release_effect(self, key: str, fence: int, due: Micros) -> bool:
        held = self.holds_effect(key, fence)
        if held:
            self._set(key, state="ready", due=due, claimable_at=due, lease_until=None)
        return held

    def settle_effect(self, settled: Settled, fence: int) -> bool:
        held = self.holds_effect(settled.key, fence)
        if held:
            self._settle(settled)
        return held

    def cancel_effects(self, runs: Iterable[str], at: Micros, reason: str) -> list[str]:
        asked = set(runs)
        keys = sorted(
            row["key"] for row in self._rows("outbox") if row["run"] in asked and row["state"] == "ready"
        )
        self._write_settled([Settled(key, "cancelled", reason, at) for key in keys])
        return keys

    def revive_effect(self, key: str, due: Micros) -> bool:
        row = self._table("outbox").get(key)
        if row is None or row["dead"] is None:
            return False
        self._set(
            key,
            state="ready",
            due=due,
            claimable_at=due,
            attempts=0,
            settled_at=None,
            outcome=None,
            reason=None,
            dead=None,
        )
        return True
