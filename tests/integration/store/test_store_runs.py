"""Runs: started once, moved by compare and set, their attempts appended."""

import msgspec
import pytest

from engine.errors import StoreError
from engine.model.reasons import RunStatus
from engine.runs.changes import Changes, GoalReached, Settled
from engine.runs.run import Run, Wait
from engine.store.activity import SpanCount
from engine.store.interface import Store
from engine.store.opening import open_store
from engine.store.records import RunTally
from tests.integration.store import rows
from tests.servers import postgres_url


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


def test_a_run_that_moved_meanwhile_is_not_overwritten() -> None:
    # given two processes that have both read a run
    url = postgres_url()
    one, other = open_store(url), open_store(url)
    write_runs(one, rows.run("r-1"))
    with pytest.raises(StoreError, match="r-1"), one.begin() as slow:
        (stale,) = slow.load_runs(["ann"])
        with other.begin() as quick:
            (run,) = quick.load_runs(["ann"])
            run.seq, run.path = run.seq + 1, "2"
            quick.write(Changes(runs={run.id: run}))

        # when the slower one moves it too, then it is refused
        stale.seq, stale.path = stale.seq + 1, "3"
        slow.write(Changes(runs={stale.id: stale}))
    with other.reader() as reader:
        assert reader.run("r-1") == run
    one.close()
    other.close()


def test_a_run_starts_once(store: Store) -> None:
    # Its id is made of what started it.
    write_runs(store, rows.run("r-1", workflow="first"))

    with pytest.raises(StoreError, match="'r-1'"):
        write_runs(store, rows.run("r-1", workflow="second"))
    with store.reader() as reader:
        kept = reader.run("r-1")
        assert kept is not None and kept.workflow == "first"


def test_a_run_that_goes_over_to_another_customer_is_found_as_theirs(store: Store) -> None:
    write_runs(store, rows.run("r-1", customer="ann"))

    with store.begin() as writer:
        (run,) = writer.load_runs(["ann"])
        run.customer, run.seq = "bob", run.seq + 1
        writer.write(Changes(runs={run.id: run}))

    with store.reader() as reader:
        assert reader.load_runs(["ann"]) == []
        assert [run.id for run in reader.load_runs(["bob"])] == ["r-1"]
        assert [run.id for run in reader.runs(customers=["bob"])] == ["r-1"]


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
        assert ids(status=RunStatus.STOPPED, workflow="other") == []
        assert ids(status=RunStatus.STOPPED, customers=["ann"], newest=True) == ["d"]
        assert ids(status=RunStatus.WAITING, newest=True) == ["b", "a", "c"]
        assert ids(start=20, end=30) == ["a", "b"]


def test_the_latest_starts_of_a_workflow_are_given_but_for_refused_ones(store: Store) -> None:
    write_runs(
        store,
        *(rows.run(f"r{at}", started_at=at) for at in (10, 20, 30)),
        rows.run("no", started_at=25, status=RunStatus.REFUSED, wait=None),
        rows.run("other", started_at=25, workflow="other"),
    )

    with store.reader() as reader:
        assert reader.starts("win-back", 0, 30, 10) == [20, 10]
        assert reader.starts("win-back", 11, None, 10) == [30, 20]
        assert reader.starts("win-back", 0, None, 1) == [30]
        assert reader.starts("none", 0, None, 1) == []


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
        found = [(row.run.id, row.since, row.effect) for row in reader.overdue(31)]
        assert found == [("later", 20, None), ("running", 25, None), ("late", 30, None)]
        assert [row.run.id for row in reader.overdue(31, limit=1)] == ["later"]
        assert [row.run.id for row in reader.overdue(31, after=(20, "later"))] == ["running", "late"]
        assert reader.census(31).overdue_runs == reader.pulse(31).overdue_runs == 3
        assert reader.pulse(31).open_runs == 5


def test_runs_whose_effect_stands_still_are_overdue_too(store: Store) -> None:
    # given runs that wait for effects: unsent, in time, given up, lost, and one that has gone on since
    def waits(id: str, token: str) -> Run:
        return rows.run(id, wait=Wait(kind="effect", token=token))

    write_runs(
        store,
        waits("a", "e-a"),
        waits("b", "e-b"),
        waits("c", "e-c"),
        waits("d", "e-d"),
        waits("e", "e-later"),
        rows.run("late", wait=Wait(kind="time", due=25)),
        rows.run("gone", status=RunStatus.STOPPED, wait=None, ended_at=1),
    )
    dues = {"a": 20, "b": 40, "c": 10, "d": 10, "e": 10, "gone": 5}
    with store.begin() as writer:
        effects = [rows.effect(f"e-{id}", run=id, due=due) for id, due in dues.items()]
        writer.write(Changes(effects=effects))
        claims = writer.claim_effects(["e-c", "e-d", "e-e"], 12, 100)
        outcomes = {"e-c": ("failed", 15), "e-d": ("uncertain", 30), "e-e": ("failed", 16)}
        for claim in claims:
            outcome, at = outcomes[claim.effect.key]
            assert writer.settle_effect(Settled(claim.effect.key, outcome, None, at), claim.fence)

    # then each is listed with what it waits for, page by page
    with store.reader() as reader:
        found = reader.overdue(31)
        assert [(row.run.id, row.since, row.effect and row.effect.outcome) for row in found] == [
            ("c", 15, "failed"), ("a", 20, None), ("late", 25, None), ("d", 30, "uncertain")
        ]  # fmt: skip
        paged: list[str] = []
        place: tuple[int, str] | None = None
        while page := reader.overdue(31, place, 1):
            paged.append(page[0].run.id)
            place = page[0].since, page[0].run.id
        assert paged == ["c", "a", "late", "d"]
        pulse = reader.pulse(31)
        assert (pulse.overdue_runs, reader.census(31).overdue_runs) == (4, 4)
        assert (pulse.waiting_effects, pulse.dead_letters, pulse.uncertain) == (3, 3, 1)
        assert pulse.oldest_effect == 5


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


def test_a_run_is_exposed_to_its_holdout_and_to_each_split(store: Store) -> None:
    exposures = [
        rows.exposure("r-1", design='{"salt":"win-back","arms":{"treated":9000,"held_out":1000}}'),
        rows.exposure("r-1", split="offer-test", arm="plain", at=120),
    ]
    with store.begin() as writer:
        writer.write(Changes(exposures=exposures))

    with store.reader() as reader:
        assert reader.exposures() == exposures


def test_the_goal_of_a_run_that_has_ended_is_kept_once(store: Store) -> None:
    # given a run that has ended, and one that has reached its goal before
    runs = {"r-1": rows.run("r-1"), "r-2": rows.run("r-2", key="other", goal_at=110)}
    with store.begin() as writer:
        writer.write(Changes(runs=runs))

    # when the goal of both is told, and of one that nobody knows
    reached = [GoalReached(name, "win-back", 150) for name in ("r-1", "r-2", "gone")]
    with store.begin() as writer:
        writer.write(Changes(goals=reached))

    # then the first time stands
    with store.begin() as writer:
        assert {run.id: run.goal_at for run in writer.load_runs(["ann"])} == {"r-1": 150, "r-2": 110}
        # and a run can go on from there
        [run] = [run for run in writer.load_runs(["ann"]) if run.id == "r-1"]
        run.seq += 1
        writer.write(Changes(runs={"r-1": run}))
        found = writer.run("r-1")
        assert found is not None and found.goal_at == 150


def test_runs_are_counted_by_the_span_in_which_they_began(store: Store) -> None:
    done = {"status": RunStatus.COMPLETED, "wait": None}
    write_runs(
        store,
        rows.run("a", started_at=1),
        rows.run("b", started_at=9, **done),
        rows.run("c", started_at=10),
        rows.run("d", started_at=10, workflow="other"),
        rows.run("e", started_at=40),
    )

    workflow = rows.run("a").workflow
    with store.reader() as reader:
        assert reader.run_spans(workflow, [0, 10, 30, 40]) == [
            SpanCount(0, "completed", 1),
            SpanCount(0, "waiting", 1),
            SpanCount(10, "waiting", 1),
        ]


def test_where_the_open_runs_stand_is_paged(store: Store) -> None:
    write_runs(
        store,
        rows.run("b", customer="ann", path="2.then.0"),
        rows.run("a", customer="ann", path="0"),
        rows.run("c", customer="bob", status=RunStatus.COMPLETED, wait=None),
        rows.run("d", customer="cid", path="1"),
    )

    with store.reader() as reader:
        pages = [reader.open_run_page(after, 2) for after in (None, ("ann", "b"), ("cid", "d"))]
    assert [[(each.customer, each.id, each.path) for each in page] for page in pages] == [
        [("ann", "a", "0"), ("ann", "b", "2.then.0")],
        [("cid", "d", "1")],
        [],
    ]
    assert {each.definition for page in pages for each in page} == {rows.run("a").definition}


def test_runs_of_a_span_are_tallied_by_workflow_and_how_they_stand(store: Store) -> None:
    write_runs(
        store,
        *(rows.run(f"r{at}", started_at=at) for at in (10, 20, 30)),
        rows.run("no", started_at=25, status=RunStatus.REFUSED, wait=None),
        rows.run("other", started_at=25, workflow="other"),
    )

    with store.reader() as reader:
        assert reader.tally_runs(10, 30) == [
            RunTally("other", "waiting", 1),
            RunTally("win-back", "refused", 1),
            RunTally("win-back", "waiting", 2),
        ]
        assert reader.tally_runs(31, 40) == []
