"""Events in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from engine.customers.event import Event
from engine.model.values import Micros
from engine.store.memory.tables import MemoryTransaction, page, within
from engine.store.recording import Recording
from engine.store.records import (
    EVERYTHING_REFUSED,
    Accepted,
    Conflict,
    Counters,
    Duplicate,
    QuarantinedEvent,
    QuarantineFilter,
    Receipt,
    StoredEvent,
)
from engine.store.rows import Columns, event_of, event_row, quarantine_row, stored_event


class EventReading(MemoryTransaction):
    """What is asked about events."""

    def event(self, source: str, message_id: str) -> StoredEvent | None:
        found = self._table("message").get((source, message_id))
        return None if found is None else stored_event(self._table("event")[found["seq"]])

    def events_of(
        self,
        customers: Iterable[str],
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int | None = None,
        named: Iterable[str] | None = None,
        newest: bool = False,
    ) -> list[Event]:
        asked, names = set(customers), None if named is None else set(named)
        rows = [
            row
            for row in self._rows("event")
            if row["customer"] in asked and (names is None or row["name"] in names)
        ]
        if newest:
            latest = self._page(rows, start, end, after, None)
            return sorted(latest, key=lambda event: -event.received_at)[:limit]
        return self._page(rows, start, end, after, limit)

    def history_accepted(self, customers: Iterable[str]) -> dict[int, Micros]:
        asked = set(customers)
        return {
            row["seq"]: row["decided_at"]
            for row in self._rows("event")
            if row["customer"] in asked and row["cause"] == "history"
        }

    def events(
        self,
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        return self._page(self._rows("event"), start, end, after, limit)

    def _page(
        self,
        rows: Iterable[Columns],
        start: Micros | None,
        end: Micros | None,
        after: tuple[Micros, int] | None,
        limit: int | None,
    ) -> list[Event]:
        inside = [row for row in rows if within(row["received_at"], start, end)]
        return [event_of(row) for row in page(inside, ("received_at", "seq"), after, limit)]

    def pending_events(self, limit: int) -> list[Event]:
        rows = [row for row in self._rows("event") if row["decided_at"] is None]
        return [event_of(row) for row in page(rows, ("seq",), None, limit)]

    def quarantine_list(
        self,
        wanted: QuarantineFilter = EVERYTHING_REFUSED,
        *,
        after: int | None = None,
        limit: int = 100,
    ) -> list[QuarantinedEvent]:
        rows = [
            row
            for row in self._rows("quarantine")
            if wanted.code in (None, row["code"])
            and wanted.source in (None, row["source"])
            and wanted.customer in (None, row["customer"])
            and wanted.replayed in (None, row["replayed_at"] is not None)
            and within(row["received_at"], wanted.start, wanted.end)
        ]
        return [QuarantinedEvent(**row) for row in page(rows, ("id",), after, limit)]

    def quarantined(self, id: int) -> QuarantinedEvent | None:
        row = self._table("quarantine").get(id)
        return None if row is None else QuarantinedEvent(**row)

    def last_seq(self) -> int:
        return max(self._table("event"), default=0)

    def earliest_occurred(self, after_seq: int) -> Micros | None:
        later = (row["occurred_at"] for row in self._rows("event") if row["seq"] > after_seq)
        return min(later, default=None)

    def counters(self) -> Counters:
        return Counters(**{name: row["number"] for name, row in self._table("counter").items()})


class EventWriting(EventReading, Recording):
    """What is changed about events."""

    def add_events(
        self, events: Sequence[Event], digests: Sequence[str], *, decided_at: Micros | None = None
    ) -> list[Receipt]:
        receipts: list[Receipt] = []
        seq = self._next("event")
        for event, digest in zip(events, digests, strict=True):
            known = self.event(event.source, event.message_id)
            if known is None:
                row = event_row(event, seq, digest, decided_at)
                self._keep(row)
                self._record_acts([(event, row)])
                receipts.append(Accepted(seq))
                seq += 1
            elif known.digest == digest:
                receipts.append(Duplicate(known.event.seq))
            else:
                receipts.append(Conflict(known.event.seq))
        return receipts

    def _keep(self, row: Columns) -> None:
        self._add(
            "message", (row["source"], row["message_id"]), {"seq": row["seq"]}, "an event of the engine"
        )
        self._edit("event")[row["seq"]] = row

    def add_engine_events(self, events: Sequence[Event]) -> list[Event]:
        first = self._next("event")
        numbered = [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(events, first)]
        for event in numbered:
            self._keep(event_row(event, event.seq, "", event.received_at))
        return numbered

    def decide_events(self, seqs: Sequence[int], at: Micros) -> None:
        events = self._edit("event")
        for seq in seqs:
            events[seq] = events[seq] | {"decided_at": at}

    def discard_events(self, seqs: Sequence[int]) -> None:
        for seq in seqs:
            row = self._edit("event").pop(seq)
            del self._edit("message")[row["source"], row["message_id"]]

    def quarantine(self, entries: Sequence[QuarantinedEvent]) -> None:
        for id, entry in enumerate(entries, self._next("quarantine")):
            self._edit("quarantine")[id] = quarantine_row(entry) | {"id": id}

    def settle_quarantined(self, id: int, at: Micros, by: str, outcome: str) -> bool:
        row = self._table("quarantine").get(id)
        if row is None or row["replayed_at"] is not None:
            return False
        told = {"replayed_at": at, "replayed_by": by, "outcome": outcome}
        self._edit("quarantine")[id] = row | told
        return True

    def count(
        self,
        *,
        received: int = 0,
        accepted: int = 0,
        duplicates: int = 0,
        conflicts: int = 0,
        quarantined: int = 0,
        decided: int = 0,
        erased: int = 0,
        quarantine_erased: int = 0,
    ) -> None:
        before = self.counters()
        after = Counters(
            received=before.received + received,
            accepted=before.accepted + accepted,
            duplicates=before.duplicates + duplicates,
            conflicts=before.conflicts + conflicts,
            quarantined=before.quarantined + quarantined,
            decided=before.decided + decided,
            erased=before.erased + erased,
            quarantine_erased=before.quarantine_erased + quarantine_erased,
        )
        self._edit("counter").update(
            {name: {"number": getattr(after, name)} for name in after.__struct_fields__}
        )
