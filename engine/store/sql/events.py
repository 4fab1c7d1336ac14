"""Events in SQL: accepted once each, quarantined, counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from engine.customers.event import Event
from engine.model.values import Micros
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
from engine.store.rows import event_of, event_row, quarantine_row, stored_event
from engine.store.sql.transaction import SqlTransaction, portions
from engine.store.statements import events as sql


class EventReading(SqlTransaction):
    """What is asked about events."""

    def event(self, source: str, message_id: str) -> StoredEvent | None:
        row = self._row(sql.event_by_message(), source=source, message=message_id)
        return None if row is None else stored_event(row)

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
        names = None if named is None else sorted(named)
        found = [
            event_of(row)
            for some in portions(customers)
            for row in self._rows(sql.event_page(some, start, end, after, limit, names, newest))
        ]
        found.sort(key=lambda event: (-event.received_at if newest else event.received_at, event.seq))
        return found[:limit]

    def history_accepted(self, customers: Iterable[str]) -> dict[int, Micros]:
        rows = (row for some in portions(customers) for row in self._tuples(sql.history_accepted(), ids=some))
        return dict(rows)

    def events(
        self,
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        return [event_of(row) for row in self._rows(sql.event_page(None, start, end, after, limit))]

    def pending_events(self, limit: int) -> list[Event]:
        return [event_of(row) for row in self._rows(sql.pending_events(), limit=limit)]

    def quarantine_list(
        self,
        wanted: QuarantineFilter = EVERYTHING_REFUSED,
        *,
        after: int | None = None,
        limit: int = 100,
    ) -> list[QuarantinedEvent]:
        rows = self._rows(sql.quarantine_page(wanted, after or 0, limit))
        return [QuarantinedEvent(**row) for row in rows]

    def quarantined(self, id: int) -> QuarantinedEvent | None:
        row = self._row(sql.quarantined(), id=id)
        return None if row is None else QuarantinedEvent(**row)

    def last_seq(self) -> int:
        return int(self._scalar(sql.last_seq()))

    def earliest_occurred(self, after_seq: int) -> Micros | None:
        found: Micros | None = self._scalar(sql.earliest_occurred(), seq=after_seq)
        return found

    def counters(self) -> Counters:
        return Counters(**dict(self._tuples(sql.counters())))


class EventWriting(EventReading, Recording):
    """What is changed about events."""

    def _seqs(self, number: int) -> list[int]:
        """Give the places in the order of acceptance that so many events will have."""
        if self._habits.shared:
            return sorted(seq for (seq,) in self._tuples(sql.next_seqs(), number=number))
        last: int = self._scalar(sql.last_seq())
        return list(range(last + 1, last + 1 + number))

    def add_events(
        self, events: Sequence[Event], digests: Sequence[str], *, decided_at: Micros | None = None
    ) -> list[Receipt]:
        seqs = self._seqs(len(events))
        rows = [
            event_row(event, seq, digest, decided_at)
            for seq, event, digest in zip(seqs, events, digests, strict=True)
        ]
        if self._change(sql.insert_new_event(self._insert), rows) == len(rows):
            self._record_acts(zip(events, rows, strict=True))
            return [Accepted(row["seq"]) for row in rows]
        taken = {seq for some in portions(seqs) for (seq,) in self._tuples(sql.seqs_among(), seqs=some)}
        self._record_acts(pair for pair in zip(events, rows, strict=True) if pair[1]["seq"] in taken)
        known = self._known([row for row in rows if row["seq"] not in taken])
        receipts: list[Receipt] = []
        for row in rows:
            if row["seq"] in taken:
                receipts.append(Accepted(row["seq"]))
                continue
            seq, digest = known[row["source"], row["message_id"]]
            receipts.append(Duplicate(seq) if digest == row["digest"] else Conflict(seq))
        return receipts

    def _known(self, rows: Sequence[dict[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
        """Give seq and digest of what is stored under the rows' sources and message ids."""
        messages: dict[str, list[str]] = {}
        for row in rows:
            messages.setdefault(row["source"], []).append(row["message_id"])
        return {
            (source, message): (seq, digest)
            for source, ids in messages.items()
            for some in portions(ids)
            for message, seq, digest in self._tuples(sql.events_by_message(), source=source, messages=some)
        }

    def add_engine_events(self, events: Sequence[Event]) -> list[Event]:
        if not events:
            return []
        seqs = self._seqs(len(events))
        numbered = [msgspec.structs.replace(event, seq=seq) for seq, event in zip(seqs, events, strict=True)]
        rows = [event_row(event, event.seq, "", event.received_at) for event in numbered]
        self._add(sql.insert_event(), rows, "an event of the engine", "message_id")
        return numbered

    def decide_events(self, seqs: Sequence[int], at: Micros) -> None:
        self._change(sql.decide_event(), [{"b_seq": seq, "decided_at": at} for seq in seqs])

    def discard_events(self, seqs: Sequence[int]) -> None:
        self._change(sql.delete_event(), [{"b_seq": seq} for seq in seqs])

    def quarantine(self, entries: Sequence[QuarantinedEvent]) -> None:
        self._change(sql.insert_quarantined(), [quarantine_row(entry) for entry in entries])

    def settle_quarantined(self, id: int, at: Micros, by: str, outcome: str) -> bool:
        told = {"b_id": id, "replayed_at": at, "replayed_by": by, "outcome": outcome}
        return self._change(sql.settle_quarantined(), [told]) == 1

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
        added = {
            "received": received,
            "accepted": accepted,
            "duplicates": duplicates,
            "conflicts": conflicts,
            "quarantined": quarantined,
            "decided": decided,
            "erased": erased,
            "quarantine_erased": quarantine_erased,
        }
        self._change(
            sql.add_to_counter(self._insert),
            [
                {"name": name, "stripe": self._habits.stripe, "number": number}
                for name, number in sorted(added.items())
                if number
            ],
        )
