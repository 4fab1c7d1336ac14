"""The outbox in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.errors import StoreError
from engine.model.values import Micros
from engine.runs.changes import Settled
from engine.runs.run import Effect
from engine.store.letters import EVERY_LETTER, LetterFilter
from engine.store.recording import Recording
from engine.store.records import Claim, ConnectorRow, OutboxRow
from engine.store.rows import Columns, claim_of, columns_of, effect_row, outbox_row, settled_columns
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

    def claimable_effects(self, now: Micros, limit: int, shard: int | None = None) -> list[tuple[str, str]]:
        values = {} if shard is None else {"shard": shard}
        rows = self._tuples(sql.claimable(shard is not None), now=now, limit=limit, **values)
        return [(key, customer) for key, customer in rows]

    def dead_letters(
        self, wanted: LetterFilter = EVERY_LETTER, *, after: str | None = None, limit: int = 100
    ) -> list[OutboxRow]:
        return [outbox_row(row) for row in self._rows(sql.dead_letters(wanted, after or "", limit))]

    def connectors(self) -> dict[str, ConnectorRow]:
        return {row["name"]: ConnectorRow(**row) for row in self._rows(sql.connectors())}


class OutboxWriting(OutboxReading, Recording):
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
        for statement, called_off in ((sql.call_off_effect(), True), (sql.settle_effect(), False)):
            for each in settled:
                # One by one: only what this settles is recorded.
                if each.call_off is called_off and self._change(statement, [self._settling(each)]):
                    self._record_settled(each)

    def _settling(self, settled: Settled) -> Columns:
        columns = settled_columns(settled.key, settled.outcome, settled.reason, settled.at)
        return columns | {"b_key": settled.key}

    def claim_effects(self, keys: Iterable[str], now: Micros, lease_until: Micros) -> list[Claim]:
        rows = [
            row for some in portions(keys) for row in self._rows(sql.claimable_among(), keys=some, now=now)
        ]
        claims = [claim_of(row) for row in rows]
        leases = [{"b_key": claim.effect.key, "lease_until": lease_until} for claim in claims]
        self._change(sql.claim_effect(), leases)
        return claims

    def extend_effects(self, held: Mapping[str, int], until: Micros) -> int:
        rows = [{"b_key": key, "b_fence": held[key], "lease_until": until} for key in sorted(held)]
        return self._change(sql.extend_effect(), rows)

    def holds_effect(self, key: str, fence: int) -> bool:
        return self._row(sql.held_effect(), key=key, fence=fence) is not None

    def release_effect(self, key: str, fence: int, due: Micros) -> bool:
        return self._change(sql.release_effect(), [{"b_key": key, "b_fence": fence, "due": due}]) == 1

    def settle_effect(self, settled: Settled, fence: int) -> bool:
        held = self._change(sql.settle_claim(), [self._settling(settled) | {"b_fence": fence}]) == 1
        if held:
            self._record_settled(settled)
        return held

    def cancel_effects(self, runs: Iterable[str], at: Micros, reason: str) -> list[str]:
        keys = sorted(
            key for some in portions(runs) for (key,) in self._tuples(sql.ready_effects_of(), ids=some)
        )
        self._write_settled([Settled(key, "cancelled", reason, at) for key in keys])
        return keys

    def revive_effect(self, key: str, due: Micros) -> bool:
        return self._change(sql.revive_effect(), [{"b_key": key, "due": due}]) == 1

    def close_dead_letter(self, settled: Settled) -> bool:
        closed = self._change(sql.close_dead_letter(), [self._settling(settled) | {"dead": None}]) == 1
        if closed:
            self._record_settled(settled)
        return closed

    def hold_connectors(self, names: Iterable[str]) -> dict[str, ConnectorRow]:
        asked = sorted(set(names))
        self._change(
            sql.begin_connector(self._insert), [columns_of(ConnectorRow(name=name)) for name in asked]
        )
        rows = self._rows(sql.held_connectors(), names=asked)
        return {row["name"]: ConnectorRow(**row) for row in rows}

    def save_connector(self, row: ConnectorRow) -> None:
        columns = columns_of(row)
        self._change(sql.save_connector(), [columns | {"b_name": columns.pop("name")}])
