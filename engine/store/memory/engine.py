"""The engine's own memory, in memory."""

from __future__ import annotations

from engine.model.values import Day, Micros
from engine.store.memory.tables import MemoryTransaction, page
from engine.store.records import Answer, BaseRow, KeyRow, Outage, ReleaseRow, Request
from engine.store.rows import RELEASE, columns_of


class EngineReading(MemoryTransaction):
    """What is asked about the engine itself."""

    def definition(self, sha256: str) -> str | None:
        row = self._table("definition").get(sha256)
        return None if row is None else row["text"]

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

    def last_heartbeat(self) -> Micros | None:
        row = self._table("meta").get("heartbeat")
        return None if row is None else row["at"]

    def outages(self) -> list[Outage]:
        return [Outage(**row) for row in page(self._rows("outage"), ("began",), None, None)]


class EngineWriting(EngineReading):
    """What is written about the engine itself."""

    def save_definition(self, sha256: str, text: str) -> None:
        self._edit("definition").setdefault(sha256, {"text": text})

    def save_release(self, release: ReleaseRow) -> None:
        self._add("release", release.number, RELEASE.row(release), "this release")

    def save_base(self, base: BaseRow) -> None:
        self._add("base_figure", base.day, columns_of(base), "these figures")

    def add_key(self, key: KeyRow) -> None:
        self._add("key", key.id, columns_of(key), "this key")

    def revoke_key(self, id: str, at: Micros) -> bool:
        keys = self._edit("key")
        if id not in keys or keys[id]["revoked_at"] is not None:
            return False
        keys[id] = keys[id] | {"revoked_at": at}
        return True

    def touch_key(self, id: str, at: Micros) -> None:
        keys = self._edit("key")
        if id in keys:
            keys[id] = keys[id] | {"last_used_at": at}

    def save_answer(self, request: Request, answer: Answer) -> None:
        self._add("idempotency", request, columns_of(answer), "the answer to this request")

    def drop_answers(self, before: Micros) -> int:
        answers = self._edit("idempotency")
        old = [request for request, row in answers.items() if row["at"] < before]
        for request in old:
            del answers[request]
        return len(old)

    def heartbeat(self, now: Micros) -> None:
        self._edit("meta")["heartbeat"] = {"at": now}

    def add_outage(self, began: Micros, ended: Micros) -> None:
        self._add("outage", began, columns_of(Outage(began, ended)), "this outage")
