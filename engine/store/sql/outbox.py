"""The outbox in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.errors import StoreError
from engine.model.values import Micros
from engine.runs.changes import Settled
from engine.runs.run import Effect
from engine.store.records import Claim, OutboxRow
from engine.store.rows import Columns, claim_of, effect_row, outbox_row, settled_columns
from engine.store.sql.transaction import SqlTransaction, portions, some_of
from engine.store.statements import outbox as sql


class OutboxReading(SqlTransaction):
    """What is asked about external effects."""

    def effects(self, run: str) -> list[OutboxRow]:
        return [outbox_row(row) for row in self._rows(sql.effects_of(), run=run)]

    def effect(self, key: str) -> OutboxRow | None:
        row = self._row(sql.effect_by_key(), key=key)
        return None if row is None else outbox_row(row)

    def earliest_effect_due(self) -> Micros | None:
        due: Micros | None = self._scalar(sql.earliest_claimable())
        return due

    def dead_letters(self, after: str | None = None, limit: int = 100) -> list[OutboxRow]:
        rows = self._rows(sql.dead_letters(), after=after or "", limit=limit)
        return [outbox_row(row) for row in rows]


class OutboxWriting(OutboxReading):
    """What is changed about external effects."""

    def _write_effects(self, effects: Sequence[Effect]) -> None:
        rows = [effect_row(effect) for effect in effects]
        if self._change(sql.put_effect(self._insert), rows) != len(rows):
            keys = [effect.key for effect in effects]
            settled = [
                key for some in portions(keys) for (key,) in self._tuples(sql.settled_among(), keys=some)
            ]
            raise StoreError(f"an effect that has settled is put again: {some_of(settled)}")

    def _write_settled(self, settled: Sequence[Settled]) -> None:
        self._change(sql.settle_effect(), [self._settling(each) for each in settled])

    def _settling(self, settled: Settled) -> Columns:
        columns = settled_columns(settled.key, settled.outcome, settled.reason, settled.at)
        return columns | {"b_key": settled.key}

    def claim_effects(self, now: Micros, limit: int, lease_until: Micros) -> list[Claim]:
        claims = [claim_of(row) for row in self._rows(sql.claimable(), now=now, limit=limit)]
        leases = [{"b_key": claim.effect.key, "lease_until": lease_until} for claim in claims]
        self._change(sql.claim_effect(), leases)
        return claims

    def holds_effect(self, key: str, fence: int) -> bool:
        return self._row(sql.held_effect(), key=key, fence=fence) is not None

    def release_effect(self, key: str, fence: int, due: Micros) -> bool:
        return self._change(sql.release_effect(), [{"b_key": key, "b_fence": fence, "due": due}]) == 1

    def settle_effect(self, settled: Settled, fence: int) -> bool:
        return self._change(sql.settle_claim(), [self._settling(settled) | {"b_fence": fence}]) == 1

    def cancel_effects(self, runs: Iterable[str], at: Micros, reason: str) -> list[str]:
        keys = sorted(
            key for some in portions(runs) for (key,) in self._tuples(sql.ready_effects_of(), ids=some)
        )
        self._write_settled([Settled(key, "cancelled", reason, at) for key in keys])
        return keys

    def revive_effect(self, key: str, due: Micros) -> bool:
        return self._change(sql.revive_effect(), [{"b_key": key, "due": due}]) == 1
