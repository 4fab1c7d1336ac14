"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.errors import StoreError
from engine.model.values import Micros
from engine.runs.changes import Settled
from engine.runs.run import Effect
from engine.store.letters import EVERY_LETTER, LetterFilter, step_in_key
from engine.store.memory.tables import MemoryTransaction, page, within
from engine.store.recording import Recording
from engine.store.records import Claim, ConnectorRow, OutboxRow
from engine.store.rows import Columns, claim_of, columns_of, effect_row, outbox_row, settled_columns


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

    def claimable_effects(self, now: Micros, limit: int, shard: int | None = None) -> list[tuple[str, str]]:
        rows = [row for row in self._claimable(now) if shard is None or row["shard"] == shard]
        return [(row["key"], row["customer"]) for row in page(rows, ("claimable_at", "key"), None, limit)]

    def _claimable(self, now: Micros) -> list[Columns]:
        return [
            row
            for row in self._rows("outbox")
            if row["claimable_at"] is not None and row["claimable_at"] <= now
        ]

    def dead_letters(
        self, wanted: LetterFilter = EVERY_LETTER, *, after: str | None = None, limit: int = 100
    ) -> list[OutboxRow]:
        rows = [row for row in self._rows("outbox") if row["dead"] is not None and _wanted(row, wanted)]
        return [outbox_row(row) for row in page(rows, ("key",), after, limit)]

    def connectors(self) -> dict[str, ConnectorRow]:
        return {row["name"]: ConnectorRow(**row) for row in self._rows("connector")}


class OutboxWriting(OutboxReading, Recording):
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
            again = ("state", "due", "claimable_at", "lease_until", "unsure", "document")
            self._set(effect.key, **{name: row[name] for name in again})

    def _write_settled(self, settled: Sequence[Settled]) -> None:
        for each in settled:
            row = self._table("outbox").get(each.key)
            if row is not None and (_waits(row) if each.call_off else row["state"] != "settled"):
                self._settle(each)

    def _settle(self, settled: Settled) -> None:
        self._set(settled.key, **settled_columns(settled.key, settled.outcome, settled.reason, settled.at))
        self._record_settled(settled)

    def claim_effects(self, keys: Iterable[str], now: Micros, lease_until: Micros) -> list[Claim]:
        asked = set(keys)
        due = [row for row in self._claimable(now) if row["key"] in asked]
        claims = [claim_of(row) for row in page(due, ("claimable_at", "key"), None, None)]
        for claim in claims:
            self._set(
                claim.effect.key,
                state="leased",
                attempts=claim.attempt,
                fence=claim.fence,
                unsure=claim.effect.unsure,
                lease_until=lease_until,
                claimable_at=lease_until,
            )
        return claims

    def extend_effects(self, held: Mapping[str, int], until: Micros) -> int:
        holding = [key for key, fence in held.items() if self.holds_effect(key, fence)]
        for key in holding:
            self._set(key, lease_until=until, claimable_at=until)
        return len(holding)

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
        keys = sorted(row["key"] for row in self._rows("outbox") if row["run"] in asked and _waits(row))
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

    def close_dead_letter(self, settled: Settled) -> bool:
        row = self._table("outbox").get(settled.key)
        if row is None or row["dead"] is None:
            return False
        self._settle(settled)
        self._set(settled.key, dead=None)
        return True

    def hold_connectors(self, names: Iterable[str]) -> dict[str, ConnectorRow]:
        known = self.connectors()
        for name in sorted(set(names) - set(known)):
            self._edit("connector")[name] = columns_of(ConnectorRow(name=name))
        return {name: known.get(name) or ConnectorRow(name=name) for name in sorted(set(names))}

    def save_connector(self, row: ConnectorRow) -> None:
        self._edit("connector")[row.name] = columns_of(row)


def _waits(row: Columns) -> bool:
    """Tell whether an effect waits and has surely not been taken."""
    return row["state"] == "ready" and not row["unsure"]


def _wanted(row: Columns, wanted: LetterFilter) -> bool:
    return (
        wanted.workflow in (None, row["workflow"])
        and (wanted.step is None or step_in_key(wanted.step) in row["key"])
        and (wanted.customers is None or row["customer"] in wanted.customers)
        and wanted.outcome in (None, row["outcome"])
        and wanted.reason in (None, row["reason"])
        and within(row["settled_at"], wanted.start, wanted.end)
    )
