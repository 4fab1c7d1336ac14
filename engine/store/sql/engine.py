"""The engine's own memory in SQL: what went live, who may come in, what was answered, when it ran."""

from __future__ import annotations

from engine.audit.actor import Actor
from engine.model.values import Day, Micros
from engine.store.recording import Recording
from engine.store.records import (
    Answer,
    BaseRow,
    KeyRow,
    LeaseRow,
    Marks,
    Outage,
    ProcessRow,
    ReleaseRow,
    Request,
    marks_of,
)
from engine.store.rows import RELEASE, columns_of
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import engine as sql

MARKS = [name for name in Marks.__struct_fields__ if name != "release"]


class EngineReading(SqlTransaction):
    """What is asked about the engine itself."""

    def definition(self, sha256: str) -> str | None:
        text: str | None = self._scalar(sql.definition(), sha256=sha256)
        return text

    def release(self, number: int) -> ReleaseRow | None:
        row = self._row(sql.release(), number=number)
        return None if row is None else RELEASE.value(row)

    def releases(self) -> list[ReleaseRow]:
        return [RELEASE.value(row) for row in self._rows(sql.releases())]

    def release_at(self, at: Micros) -> ReleaseRow | None:
        row = self._row(sql.release_at(), at=at)
        return None if row is None else RELEASE.value(row)

    def load_base(self, day: Day) -> BaseRow | None:
        row = self._row(sql.base(), day=day)
        return None if row is None else BaseRow(**row)

    def latest_base(self, day: Day) -> BaseRow | None:
        row = self._row(sql.latest_base(), day=day)
        return None if row is None else BaseRow(**row)

    def find_key(self, id: str) -> KeyRow | None:
        row = self._row(sql.key(), id=id)
        return None if row is None else KeyRow(**row)

    def list_keys(self) -> list[KeyRow]:
        return [KeyRow(**row) for row in self._rows(sql.keys())]

    def find_answer(self, request: Request) -> Answer | None:
        row = self._row(sql.answer(), **columns_of(request))
        return None if row is None else Answer(**row)

    def marks(self) -> Marks:
        rows = self._tuples(sql.marks(), names=MARKS)
        return marks_of(rows[0][2], {name: value for name, value, _ in rows})

    def kept_mark(self, name: str) -> str | None:
        value: str | None = self._scalar(sql.meta(), name=name)
        return value

    def last_heartbeat(self) -> Micros | None:
        at: Micros | None = self._scalar(sql.last_heartbeat())
        return at

    def processes(self) -> list[ProcessRow]:
        return [ProcessRow(**row) for row in self._rows(sql.processes())]

    def holder_of(self, name: str, now: Micros) -> str | None:
        row = self._row(sql.lease(), name=name)
        return None if row is None or row["until"] <= now else str(row["holder"])

    def leases(self) -> list[LeaseRow]:
        return [LeaseRow(**row) for row in self._rows(sql.leases())]

    def outages(self) -> list[Outage]:
        return [Outage(**row) for row in self._rows(sql.outages())]


class EngineWriting(EngineReading, Recording):
    """What is written about the engine itself."""

    def save_definition(self, sha256: str, text: str) -> None:
        self._change(sql.insert_definition(self._insert), [{"sha256": sha256, "text": text}])

    def save_release(self, release: ReleaseRow) -> None:
        self._add(sql.insert_release(), [RELEASE.row(release)], "this release", "number")
        self._record_release(release)

    def save_base(self, base: BaseRow) -> None:
        self._add(sql.insert_base(), [columns_of(base)], "these figures", "day")

    def add_key(self, key: KeyRow, by: Actor | None = None) -> None:
        self._add(sql.insert_key(), [columns_of(key)], "this key", "id")
        self._record_key(key, by)

    def revoke_key(self, id: str, at: Micros, by: Actor | None = None) -> bool:
        revoked = self._change(sql.revoke_key(), [{"b_id": id, "revoked_at": at}]) == 1
        if revoked:
            self._record_revoked(id, at, by)
        return revoked

    def touch_key(self, id: str, at: Micros, address: str | None = None) -> None:
        self._change(sql.touch_key(), [{"b_id": id, "last_used_at": at, "last_used_from": address}])

    def hand_over_key(
        self, id: str, successor: str, until: Micros, at: Micros, by: Actor | None = None
    ) -> bool:
        given = {"b_id": id, "successor": successor, "expires_at": until}
        handed = self._change(sql.hand_over_key(), [given]) == 1
        if handed:
            self._record_rotated(id, successor, at, by)
        return handed

    def save_answer(self, request: Request, answer: Answer) -> None:
        row = columns_of(request) | columns_of(answer)
        self._add(sql.insert_answer(), [row], "the answer to this request", "key")

    def drop_answers(self, before: Micros) -> int:
        return self._change(sql.delete_answers(), [{"before": before}])

    def add_process(self, process: ProcessRow) -> None:
        self._add(sql.insert_process(), [columns_of(process)], "this process", "id")

    def heartbeat(self, process: str, now: Micros, release: int) -> None:
        self._change(sql.touch_process(), [{"b_id": process, "heartbeat_at": now, "release": release}])

    def drop_processes(self, before: Micros) -> None:
        self._change(sql.delete_processes(), [{"b_before": before}])

    def end_process(self, process: str) -> None:
        self._change(sql.end_leases(), [{"b_holder": process}])
        self._change(sql.end_process(), [{"b_id": process}])

    def mark(self, name: str, value: str | None) -> None:
        if value is None:
            self._change(sql.delete_meta(), [{"b_name": name}])
        else:
            self._change(sql.put_meta(self._insert), [{"name": name, "value": value}])

    def own_mark(self, name: str, value: str) -> str:
        self._change(sql.begin_meta(self._insert), [{"name": name, "value": value}])
        return str(self._scalar(sql.meta(), name=name))

    def take_lease(self, name: str, holder: str, now: Micros, until: Micros) -> int | None:
        row = {"name": name, "holder": holder, "fence": 1, "until": until, "b_now": now}
        if not self._change(sql.take_lease(self._insert), [row]):
            return None
        fence: int = self._rows(sql.lease(), name=name)[0]["fence"]
        return fence

    def holds_lease(self, name: str, holder: str, fence: int) -> bool:
        return self._row(sql.hold_lease(), name=name, holder=holder, fence=fence) is not None

    def add_outage(self, began: Micros, ended: Micros) -> None:
        self._add(sql.insert_outage(), [{"began": began, "ended": ended}], "this outage", "began")
