"""Events: accepted once, duplicates and conflicts told apart, pages in the order of receipt."""

from typing import Any

import msgspec
import pytest

from engine.errors import StoreError
from engine.runs.changes import Changes
from engine.store.interface import Store
from engine.store.records import (
    Accepted,
    Census,
    Conflict,
    Counters,
    Duplicate,
    QuarantineFilter,
    StoredEvent,
)
from tests.integration.store import rows


def test_an_event_comes_back_with_every_value_of_its_type(store: Store) -> None:
    event = rows.full_event()

    with store.begin() as writer:
        (receipt,) = writer.add_events([event], ["digest"], decided_at=120)

    kept = msgspec.structs.replace(event, seq=receipt.seq)
    with store.reader() as reader:
        assert reader.event("shop", "full") == StoredEvent(kept, "digest", 120)
        (read,) = reader.events()
    assert read == kept
    assert repr(read.properties) == repr(event.properties)


def test_new_events_are_numbered_in_their_order(store: Store) -> None:
    with store.begin() as writer:
        first = writer.add_events([rows.event("a"), rows.event("b")], ["1", "2"])
        second = writer.add_events([rows.event("c")], ["3"])

    seqs = [receipt.seq for receipt in first + second]
    assert all(isinstance(receipt, Accepted) for receipt in first + second)
    assert seqs == sorted(set(seqs))


def test_of_imported_history_it_is_known_when_it_was_accepted(store: Store) -> None:
    # given history and an event of now
    with store.begin() as writer:
        past = [rows.event("a", cause="history"), rows.event("b", customer="bob", cause="history")]
        first, _, _ = writer.add_events([*past, rows.event("c")], ["1", "2", "3"], decided_at=120)
    # when it is asked for one customer, then it is their history alone
    with store.reader() as reader:
        assert reader.history_accepted(["ann"]) == {first.seq: 120}
        assert reader.history_accepted([]) == {}


def test_an_event_sent_again_is_a_duplicate_and_another_content_a_conflict(store: Store) -> None:
    with store.begin() as writer:
        (first,) = writer.add_events([rows.event("a")], ["1"])

    with store.begin() as writer:
        receipts = writer.add_events(
            [rows.event("a"), rows.event("b"), rows.event("a", name="other")], ["1", "2", "9"]
        )

    assert receipts[0] == Duplicate(first.seq)
    assert isinstance(receipts[1], Accepted)
    assert receipts[2] == Conflict(first.seq)
    with store.reader() as reader:
        assert [event.message_id for event in reader.events()] == ["a", "b"]


def test_duplicates_and_conflicts_inside_one_call_are_found(store: Store) -> None:
    events = [rows.event("a"), rows.event("a"), rows.event("a", name="other"), rows.event("b")]

    with store.begin() as writer:
        receipts = writer.add_events(events, ["1", "1", "9", "2"])

    assert [type(receipt) for receipt in receipts] == [Accepted, Duplicate, Conflict, Accepted]
    assert receipts[1].seq == receipts[2].seq == receipts[0].seq


def test_one_message_id_from_two_sources_is_two_events(store: Store) -> None:
    with store.begin() as writer:
        receipts = writer.add_events([rows.event("a"), rows.event("a", source="crm")], ["1", "1"])

    assert [type(receipt) for receipt in receipts] == [Accepted, Accepted]


def test_more_duplicates_than_one_statement_names_are_found(store: Store) -> None:
    events = [rows.event(str(number)) for number in range(1200)]
    digests = [str(number) for number in range(1200)]
    with store.begin() as writer:
        first = writer.add_events(events, digests)

    with store.begin() as writer:
        again = writer.add_events(events, digests)

    assert again == [Duplicate(receipt.seq) for receipt in first]


def test_events_come_in_the_order_of_receipt_and_then_of_acceptance(store: Store) -> None:
    events = [
        rows.event("late", received_at=300),
        rows.event("early", "bob", received_at=100),
        rows.event("same", received_at=100),
    ]
    with store.begin() as writer:
        writer.add_events(events, ["1", "2", "3"])

    with store.reader() as reader:
        assert [event.message_id for event in reader.events()] == ["early", "same", "late"]
        assert [event.message_id for event in reader.events_of(["ann"])] == ["same", "late"]
        assert [event.message_id for event in reader.events_of(["ann", "bob"])] == ["early", "same", "late"]
        assert reader.events_of([]) == []


def test_events_are_bounded_half_open_and_paged_by_receipt_and_seq(store: Store) -> None:
    with store.begin() as writer:
        times = {"10": 10, "20": 20, "20b": 20, "30": 30, "40": 40}
        writer.add_events([rows.event(id, received_at=at) for id, at in times.items()], list(times))

    with store.reader() as reader:
        bounded = reader.events(start=20, end=40)
        first = reader.events(limit=2)
        last = first[-1]
        rest = reader.events(after=(last.received_at, last.seq))
        of_ann = reader.events_of(["ann"], after=(last.received_at, last.seq), limit=1)

    assert [event.message_id for event in bounded] == ["20", "20b", "30"]
    assert [event.message_id for event in first] == ["10", "20"]
    assert [event.message_id for event in rest] == ["20b", "30", "40"]
    assert [event.message_id for event in of_ann] == ["20b"]


def test_the_latest_events_come_first_and_those_of_an_instant_as_accepted(store: Store) -> None:
    # given events of two customers, of which three share an instant
    times = {"10": 10, "20": 20, "20b": 20, "20c": 20, "30": 30}
    with store.begin() as writer:
        events = [rows.event(id, "bob" if id == "20b" else "ann", received_at=at) for id, at in times.items()]
        writer.add_events(events, list(times))

    # when the latest are asked for, then one more finds what was found before, in the same order
    with store.reader() as reader:
        for limit in range(1, 6):
            found = reader.events_of(["ann", "bob"], limit=limit, newest=True)
            assert [each.message_id for each in found] == ["30", "20", "20b", "20c", "10"][:limit]
        before = reader.events_of(["ann"], end=30, limit=2, newest=True)
    assert [each.message_id for each in before] == ["20", "20c"]


def test_events_are_pending_until_they_are_decided(store: Store) -> None:
    with store.begin() as writer:
        receipts = writer.add_events([rows.event("a"), rows.event("b")], ["1", "2"])
        writer.add_events([rows.event("c")], ["3"], decided_at=110)

    with store.begin() as writer:
        pending = [event.message_id for event in writer.pending_events(10)]
        writer.decide_events([receipts[0].seq], at=130)

    with store.reader() as reader:
        assert pending == ["a", "b"]
        assert [event.message_id for event in reader.pending_events(10)] == ["b"]
        stored = reader.event("shop", "a")
        assert stored is not None and stored.decided_at == 130
        assert reader.census(0).pending == 1


def test_a_discarded_event_may_come_again(store: Store) -> None:
    with store.begin() as writer:
        receipts = writer.add_events([rows.event("a"), rows.event("b")], ["1", "2"])
        writer.discard_events([receipts[1].seq])

    with store.begin() as writer:
        again = writer.add_events([rows.event("a"), rows.event("b")], ["1", "2"])

    assert [type(receipt) for receipt in again] == [Duplicate, Accepted]


def test_the_engines_own_events_are_kept_decided_and_counted_apart(store: Store) -> None:
    made = rows.event("e-1", source="holdfast", name="segment_entered", cause="engine")
    with store.begin() as writer:
        writer.add_events([rows.event("a")], ["1"], decided_at=100)
        (kept,) = writer.add_engine_events([made])

    with store.reader() as reader:
        assert kept.seq > 0
        assert reader.events()[-1] == kept
        assert reader.census(0).accepted == 1
        assert reader.census(0).pending == 0


def test_an_event_of_the_engine_happens_once(store: Store) -> None:
    made = rows.event("e-1", source="holdfast", cause="run")
    with store.begin() as writer:
        writer.write(Changes(events=[made]))

    with pytest.raises(StoreError, match="e-1"), store.begin() as writer:
        writer.write(Changes(events=[made]))


def test_the_quarantine_keeps_what_could_not_be_accepted(store: Store) -> None:
    entries = [rows.quarantined("a"), rows.quarantined(None, customer=None, body=b"\xff\x00")]
    with store.begin() as writer:
        writer.quarantine(entries)

    with store.reader() as reader:
        first, second = reader.quarantine_list()
        assert [msgspec.structs.replace(each, id=0) for each in (first, second)] == entries
        assert reader.quarantine_list(after=first.id) == [second]
        assert reader.quarantine_list(limit=1) == [first]
        assert reader.census(0).quarantined == 2


def test_the_quarantine_is_listed_by_what_is_asked(store: Store) -> None:
    # given entries that differ in everything, one of them replayed
    entries = [
        rows.quarantined("a"),
        rows.quarantined("b", code="bad_value", received_at=200),
        rows.quarantined("c", source="desk", customer="bob", received_at=300),
    ]
    with store.begin() as writer:
        writer.quarantine(entries)
    with store.begin() as writer:
        assert writer.settle_quarantined(2, 400, "olga", "accepted")
        assert not writer.settle_quarantined(2, 500, "otto", "duplicate")
        assert not writer.settle_quarantined(9, 500, "otto", "duplicate")

    def found(**wanted: Any) -> list[str | None]:
        with store.reader() as reader:
            return [each.message_id for each in reader.quarantine_list(QuarantineFilter(**wanted))]

    # then each filter finds its own
    assert found() == ["a", "b", "c"]
    assert found(code="bad_time") == ["a", "c"]
    assert found(source="desk") == found(customer="bob") == found(start=300) == ["c"]
    assert found(start=200, end=300) == found(replayed=True) == ["b"]
    assert found(replayed=False) == ["a", "c"]
    # and what was replayed says who it was, the first time
    with store.reader() as reader:
        told = reader.quarantined(2)
        assert reader.quarantined(9) is None
    assert told is not None
    assert (told.replayed_at, told.replayed_by, told.outcome) == (400, "olga", "accepted")


def test_counters_add_up(store: Store) -> None:
    with store.begin() as writer:
        writer.count(received=5, accepted=3, duplicates=1, quarantined=1)
    with store.begin() as writer:
        writer.count(received=2, conflicts=1, accepted=1, decided=4)

    with store.reader() as reader:
        assert reader.counters() == Counters(
            received=7, accepted=4, duplicates=1, conflicts=1, quarantined=1, decided=4
        )


def test_an_empty_store_counts_nothing(store: Store) -> None:
    with store.reader() as reader:
        assert reader.counters() == Counters()
        assert reader.census(0) == Census(
            accepted=0,
            pending=0,
            quarantined=0,
            customers=0,
            open_runs=0,
            overdue_runs=0,
            waiting_effects=0,
            dead_letters=0,
        )
