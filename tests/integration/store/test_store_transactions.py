"""Transactions: all or nothing, one writer, snapshots for readers."""

import threading

import pytest

from engine.errors import StoreError
from engine.runs.changes import Changes
from engine.store.interface import Store
from engine.store.memory.store import MemoryStore
from tests.integration.store import rows


def test_what_a_block_wrote_is_there_after_it(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann")])

    with store.reader() as reader:
        assert reader.customer("ann") == rows.member("ann")


def test_a_writer_sees_what_it_has_written(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann")])

        assert writer.customer("ann") == rows.member("ann")


def test_a_block_that_raises_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as writer:
        writer.add_events([rows.event("m-1")], ["digest"])
        writer.save([rows.first_save("ann", chunks={202601: b"chunk"})])
        writer.write(Changes(decisions=[rows.decision("d-1")], runs={"r-1": rows.run("r-1")}))
        writer.count(received=1, accepted=1)
        writer.quarantine([rows.quarantined("m-2")])
        raise ZeroDivisionError

    with store.reader() as reader:
        assert reader.events() == []
        assert reader.customer("ann") is None
        assert reader.decisions() == []
        assert reader.runs() == []
        assert reader.counters().received == 0
        assert reader.quarantine_list() == []


def test_a_failed_block_does_not_spoil_the_next(store: Store) -> None:
    with pytest.raises(StoreError), store.begin() as writer:
        writer.write(Changes(coupons=[rows.coupon("c-1"), rows.coupon("c-1")]))

    with store.begin() as writer:
        writer.write(Changes(coupons=[rows.coupon("c-1")]))
    with store.reader() as reader:
        assert reader.coupons(["ann"]) == [rows.coupon("c-1")]


def test_a_reader_sees_one_snapshot_while_others_write(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("ann")])

    with store.reader() as reader:
        before = reader.members(None, 10)
        with store.begin() as writer:
            writer.save([rows.first_save("bob")])
        after = reader.members(None, 10)

    assert [member.id for member in before] == ["ann"]
    assert after == before


def test_a_reader_in_another_thread_does_not_wait_for_the_writer(store: Store) -> None:
    seen: list[object] = []

    def read() -> None:
        with store.reader() as reader:
            seen.append(reader.customer("ann"))

    with store.begin() as writer:
        writer.save([rows.first_save("ann")])
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(timeout=5)

    assert seen == [None]


def test_a_second_writer_waits_for_the_first(store: Store) -> None:
    order: list[str] = []

    def write() -> None:
        with store.begin() as writer:
            order.append("second")
            writer.count(received=1)

    with store.begin() as writer:
        thread = threading.Thread(target=write)
        thread.start()
        writer.count(received=1)
        order.append("first")
    thread.join(timeout=5)

    assert order == ["first", "second"]
    with store.reader() as reader:
        assert reader.counters().received == 2


def test_a_writer_inside_a_writer_is_refused_instead_of_waiting_for_ever(store: Store) -> None:
    with store.begin(), pytest.raises(StoreError, match="already has a writing transaction"):
        with store.begin():
            pass

    with store.begin() as writer:
        writer.count(received=1)


def test_what_the_database_refuses_is_told_where_it_is_asked(store: Store) -> None:
    # given a database out of which a table is taken, in a transaction that plays something
    if isinstance(store, MemoryStore):
        return  # has no database that could refuse anything
    with pytest.raises(ZeroDivisionError), store.begin() as writer:
        writer._connection.exec_driver_sql("DROP TABLE bucket_chunk")  # type: ignore[attr-defined]

        # then whoever asks it hears of our own error, and takes it for none of the core
        with pytest.raises(StoreError, match="could not be used"):
            writer.load(["ann"])
        raise ZeroDivisionError
    with store.reader() as reader:
        assert reader.load(["ann"]) == {}
