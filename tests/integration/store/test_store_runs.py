"""Runs: started once, moved by compare and set, their attempts appended."""

import msgspec
import pytest

from engine.errors import StoreError
from engine.model.reasons import RunStatus
from engine.runs.changes import Changes
from engine.runs.run import Run, Wait
from engine.store.interface import Store
from tests.integration.store import rows


def write_runs(store: Store, *runs: Run) -> None:
    with store.begin() as writer:
        writer.write(Changes(runs={run.id: run for run in runs}))


def test_a_run_comes_back_with_every_value_of_its_type(store: Store) -> None:
    run = rows.run("r-1")
    write_runs(store, run)

    with store.reader() as reader:
        read = reader.run("r-1")
    assert read == run
    assert repr(read) == repr(run)


def test_a_run_given_out_is_the_callers_own(store: Store) -> None:
    write_runs(store, rows.run("r-1"))

    with store.reader() as reader:
        mine = reader.run("r-1")
        assert mine is not None
        mine.used.append("mine")
        mine.event["mine"] = 1
        assert reader.run("r-1") == rows.run("r-1")


def test_a_run_moves_on_when_it_was_loaded(store: Store) -> None:
    write_runs(store, rows.run("r-1"))

    with store.begin() as writer:
        (run,) = writer.load_runs(["ann"])
        run.seq, run.path, run.wait = 3, "2", Wait(kind="time", due=900)
        writer.write(Changes(runs={run.id: run}))
        run.seq, run.status, run.ended_at = 4, RunStatus.COMPLETED, 950
        writer.write(Changes(runs={run.id: run}))

    with store.reader() as reader:
        assert reader.run("r-1") == run
        assert reader.load_runs(["ann"]) == []


def test_a_run_that_was_not_loaded_is_not_overwritten(store: Store) -> None:
    write_runs(store, rows.run("r-1"))

    with pytest.raises(StoreError, match="r-1"):
        write_runs(store, rows.run("r-1", seq=5))
    with store.reader() as reader:
        assert reader.run("r-1") == rows.run("r-1")


def test_a_run_starts_once_per_trigger_key(store: Store) -> None:
    write_runs(store, rows.run("r-1", trigger_key="same"))

    with pytest.raises(StoreError, match="'same'"):
        write_runs(store, rows.run("r-2", trigger_key="same"))


def test_only_open_runs_of_the_customers_asked_for_are_loaded(store: Store) -> None:
    write_runs(
        store,
        rows.run("late", started_at=200, from_at=200),
        rows.run("b"),
        rows.run("a"),
        rows.run("running", status=RunStatus.RUNNING, wait=None, customer="bob"),
        rows.run("refused", status=RunStatus.REFUSED, wait=None, ended_at=None),
        rows.run("done", status=RunStatus.COMPLETED, wait=None, ended_at=150),
        rows.run("other", customer="cy"),
    )

    with store.reader() as reader:
        assert [run.id for run in reader.load_runs(["ann", "bob"])] == ["a", "b", "running", "late"]
        assert reader.load_runs([]) == []
        assert reader.census(0).open_runs == 5


def test_runs_are_filtered_and_paged(store: Store) -> None:
    write_runs(
        store,
        rows.run("b", started_at=20),
        rows.run("a", started_at=20, customer="bob"),
        rows.run("c", started_at=10, workflow="other"),
        rows.run("d", started_at=30, status=RunStatus.STOPPED, wait=None, ended_at=40),
    )

    with store.reader() as reader:

        def ids(**filters: object) -> list[str]:
            return [run.id for run in reader.runs(**filters)]  # type: ignore[arg-type]

        assert ids() == ["c", "a", "b", "d"]
        assert ids(newest=True) == ["d", "b", "a", "c"]
        assert ids(after=(20, "a"), limit=1) == ["b"]
        assert ids(after=(20, "b"), newest=True) == ["a", "c"]
        assert ids(workflow="other") == ["c"]
        assert ids(customers=["bob"]) == ["a"]
        assert ids(status=RunStatus.STOPPED) == ["d"]
        assert ids(start=20, end=30) == ["a", "b"]


def test_runs_that_stand_still_are_overdue(store: Store) -> None:
    write_runs(
        store,
        rows.run("late", wait=Wait(kind="time", due=30)),
        rows.run("later", wait=Wait(kind="time", due=20)),
        rows.run("running", status=RunStatus.RUNNING, wait=None, started_at=25),
        rows.run("future", wait=Wait(kind="time", due=31)),
        rows.run("outside", wait=Wait(kind="effect")),
        rows.run("done", status=RunStatus.COMPLETED, wait=None, ended_at=1),
    )

    with store.reader() as reader:
        assert [run.id for run in reader.overdue_runs(31)] == ["later", "running", "late"]
        assert [run.id for run in reader.overdue_runs(31, limit=1)] == ["later"]
        assert reader.census(31).overdue_runs == 3


def test_attempts_are_appended_in_order(store: Store) -> None:
    attempts = [rows.attempt("r-1", 1), rows.attempt("r-1", 2), rows.attempt("r-1", 2, attempt=2, effect="k")]
    with store.begin() as writer:
        writer.write(Changes(attempts=[*reversed(attempts), rows.attempt("r-2", 1)]))

    with store.reader() as reader:
        assert reader.attempts("r-1") == attempts


def test_an_attempt_is_written_once(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(attempts=[rows.attempt("r-1", 1)]))

    with pytest.raises(StoreError, match="attempt"), store.begin() as writer:
        writer.write(Changes(attempts=[rows.attempt("r-1", 1)]))


def test_exposures_are_found_by_workflow_and_customer(store: Store) -> None:
    exposures = [
        rows.exposure("r-2", at=20, arm="held_out"),
        rows.exposure("r-1", at=10),
        rows.exposure("r-3", at=30, workflow="other", customer="bob"),
    ]
    with store.begin() as writer:
        writer.write(Changes(exposures=exposures))

    with store.reader() as reader:
        assert reader.exposures() == [exposures[1], exposures[0], exposures[2]]
        assert reader.exposures(workflow="win-back") == [exposures[1], exposures[0]]
        assert reader.exposures(customers=["bob"]) == [exposures[2]]


def test_an_exposure_is_fixed_for_ever(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(exposures=[rows.exposure("r-1")]))

    again = msgspec.structs.replace(rows.exposure("r-1"), arm="held_out")
    with pytest.raises(StoreError, match="exposure"), store.begin() as writer:
        writer.write(Changes(exposures=[again]))
