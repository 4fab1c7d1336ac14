"""The engine's own memory, in memory."""

from __future__ import annotations

from engine.audit.actor import Actor
from engine.model.values import Day, Micros
from engine.store.memory.tables import MemoryTransaction, page
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


class EngineReading(MemoryTransaction):
    """What is asked about the engine itself."""

    def definition(self, sha256: str) -> str | None:
        row = self._table("definition").get(sha256)
        return None if row is None else row["text"]

    def release(self, number: int) -> ReleaseRow | None:
        row = self._table("release").get(number)
        return None if row is None else RELEASE.value(row)

    def releases(self) -> list[ReleaseRow]:
        return [RELEASE.value(row) for row in page(self._rows("release"), ("number",), None, None)]

    def release_at(self, at: Micros) -> ReleaseRow | None:
        live = [row for row in self._rows("release") if row["at"] <= at]
        newest = page(live, ("at", "number"), None, 1, newest=True)
        return RELEASE.value(newest[0]) if newest else None

    def load_base(self, day: Day) -> BaseRow | None:
        row = self._table("base_figure").get(day)
        return None if row is None else BaseRow(**row)

    def latest_base(self, day: Day) -> BaseRow | None:
        return self.load_base(max((each for each in self._table("base_figure") if each <= day), default=0))

    def find_key(self, id: str) -> KeyRow | None:
        row = self._table("key").get(id)
        return None if row is None else KeyRow(**row)

    def list_keys(self) -> list[KeyRow]:
        return [KeyRow(**row) for row in page(self._rows("key"), ("created_at", "id"), None, None)]

    def find_answer(self, request: Request) -> Answer | None:
        row = self._table("idempotency").get(request)
        return None if row is None else Answer(**row)

    def marks(self) -> Marks:
        written = {name: row["value"] for name, row in self._table("meta").items()}
        return marks_of(max(self._table("release"), default=0), written)

    def kept_mark(self, name: str) -> str | None:
        row = self._table("meta").get(name)
        return None if row is None else row["value"]

    def last_heartbeat(self) -> Micros | None:
        return max((row["heartbeat_at"] for row in self._rows("process")), default=None)

    def processes(self) -> list[ProcessRow]:
        rows = sorted(self._rows("process"), key=lambda row: (-row["heartbeat_at"], row["id"]))
        return [ProcessRow(**row) for row in rows]

    def holder_of(self, name: str, now: Micros) -> str | None:
        known = self._table("lease").get(name)
        return None if known is None or known["until"] <= now else str(known["holder"])

    def leases(self) -> list[LeaseRow]:
        return [LeaseRow(name=name, **row) for name, row in sorted(self._table("lease").items())]

    def outages(self) -> list[Outage]:
        return [Outage(**row) for row in page(self._rows("outage"), ("began",), None, None)]


class EngineWriting(EngineReading, Recording):
    """What is written about the engine itself."""

    def save_definition(self, sha256: str, text: str) -> None:
        self._edit("definition").setdefault(sha256, {"text": text})

    def save_release(self, release: ReleaseRow) -> None:
        self._add("release", release.number, RELEASE.row(release), "this release")
        self._record_release(release)

    def save_base(self, base: BaseRow) -> None:
        self._add("base_figure", base.day, columns_of(base), "these figures")

    def add_key(self, key: KeyRow, by: Actor | None = None) -> None:
        self._add("key", key.id, columns_of(key), "this key")
        self._record_key(key, by)

    def revoke_key(self, id: str, at: Micros, by: Actor | None = None) -> bool:
        keys = self._edit("key")
        if id not in keys or keys[id]["revoked_at"] is not None:
            return False
        keys[id] = keys[id] | {"revoked_at": at}
        self._record_revoked(id, at, by)
        return True

    def touch_key(self, id: str, at: Micros, address: str | None = None) -> None:
        keys = self._edit("key")
        if id in keys:
            keys[id] = keys[id] | {"last_used_at": at, "last_used_from": address}

    def hand_over_key(
        self, id: str, successor: str, until: Micros, at: Micros, by: Actor | None = None
    ) -> bool:
        keys = self._edit("key")
        known = keys.get(id)
        if known is None or known["revoked_at"] is not None or known["successor"] is not None:
            return False
        keys[id] = known | {"successor": successor, "expires_at": until}
        self._record_rotated(id, successor, at, by)
        return True

    def save_answer(self, request: Request, answer: Answer) -> None:
        self._add("idempotency", request, columns_of(answer), "the answer to this request")

    def drop_answers(self, before: Micros) -> int:
        answers = self._edit("idempotency")
        old = [request for request, row in answers.items() if row["at"] < before]
        for request in old:
            del answers[request]
        return len(old)

    def add_process(self, process: ProcessRow) -> None:
        self._add("process", process.id, columns_of(process), "this process")

    def heartbeat(self, process: str, now: Micros, release: int) -> None:
        processes = self._edit("process")
        if process in processes:
            processes[process] = processes[process] | {"heartbeat_at": now, "release": release}

    def drop_processes(self, before: Micros) -> None:
        newest = self.last_heartbeat()
        processes = self._edit("process")
        for id, row in list(processes.items()):
            if row["heartbeat_at"] < before and row["heartbeat_at"] != newest:
                del processes[id]

    def end_process(self, process: str) -> None:
        leases = self._edit("lease")
        for name, row in leases.items():
            if row["holder"] == process:
                leases[name] = row | {"until": 0}
        processes = self._edit("process")
        if process in processes:
            processes[process] = processes[process] | {"pid": 0}

    def mark(self, name: str, value: str | None) -> None:
        meta = self._edit("meta")
        if value is None:
            meta.pop(name, None)
        else:
            meta[name] = {"value": value}

    def own_mark(self, name: str, value: str) -> str:
        kept: str = self._edit("meta").setdefault(name, {"value": value})["value"]
        return kept

    def take_lease(self, name: str, holder: str, now: Micros, until: Micros) -> int | None:
        leases = self._edit("lease")
        known = leases.get(name)
        if known is not None and known["holder"] != holder and known["until"] > now:
            return None
        fence: int = 1 if known is None else known["fence"] + (known["holder"] != holder)
        leases[name] = {"holder": holder, "until": until, "fence": fence}
        return fence

    def holds_lease(self, name: str, holder: str, fence: int) -> bool:
        known = self._table("lease").get(name)
        return known is not None and (known["holder"], known["fence"]) == (holder, fence)

    def add_outage(self, began: Micros, ended: Micros) -> None:
        self._add("outage", began, columns_of(Outage(began, ended)), "this outage")
