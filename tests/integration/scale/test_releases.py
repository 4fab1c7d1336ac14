"""Releases where several processes share a database: one makes them, the others follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.runtime.crashpoint import Crashed, Point
from engine.runtime.engine import Engine
from engine.runtime.secret import SecretError
from tests.crash.shop import FILES, lay_out
from tests.integration.scale.shops import Shared, arrive, order, raising, together, until

BIG_FROM_500 = {"rules/big-order.yaml": FILES["rules/big-order.yaml"].replace(">= 100", ">= 500")}
MORE_MAIL = {"workflows/thank-you.yaml": FILES["workflows/thank-you.yaml"].replace("wait: 5m", "wait: 6m")}


def fired(engine: Engine) -> list[str]:
    """Give the orders of which the rule for big ones has thought so."""
    with engine.store.reader() as reader:
        return [run.key or "" for run in reader.runs(workflow="thank-you", limit=1000)]


def live(engine: Engine) -> list[int]:
    with engine.store.reader() as reader:
        return [each.number for each in reader.releases()]


def test_the_next_event_is_decided_by_the_rules_of_another_process(shared: Shared) -> None:
    # given an API process that works by the first rules
    api = shared.open()
    arrive(api, "ann")
    api.ingest([order("ann", "o1", 200)], source="shop").result()
    assert fired(api) == ["o1"]

    # when another process starts with others
    shared.open(shared.folder("changed", BIG_FROM_500))

    # then the first one decides by them too
    api.ingest([order("ann", "o2", 200)], source="shop").result()
    assert fired(api) == ["o1"]
    api.ingest([order("ann", "o3", 500)], source="shop").result()
    assert sorted(fired(api)) == ["o1", "o3"]
    assert live(api) == [1, 2]


def test_who_has_nothing_to_do_follows_too(shared: Shared) -> None:
    api, worker = shared.open(), shared.open(role="worker", work=True)
    api.stay_known()
    second = shared.open(shared.folder("changed", BIG_FROM_500))
    until(lambda: {each["release"] for each in second.doctor()["processes"] if each["release"]} == {2}, 20)
    assert {engine.workspace.hash for engine in (api, worker)} == {second.workspace.hash}


def test_an_open_run_finishes_on_its_old_definition(shared: Shared) -> None:
    # given a run that waits
    api = shared.open()
    arrive(api, "ann")
    api.ingest([order("ann", "o1", 200)], source="shop").result()
    with api.store.reader() as reader:
        [before] = reader.runs()

    # when its workflow is changed by another process, and it goes on there and here
    shared.open(shared.folder("changed", MORE_MAIL))
    api.ingest([order("ann", "o2", 200)], source="shop").result()
    with api.store.reader() as reader:
        found = {run.key: run for run in reader.runs()}

    # then it has kept its definition, and a new one has the new one
    assert found["o1"].definition == before.definition
    assert found["o2"].definition != before.definition


def test_the_folder_of_a_process_that_was_not_brought_up_to_date_is_no_release(shared: Shared) -> None:
    # given rules that were changed since
    old = shared.folder("old")
    shared.open(old).close()
    api = shared.open(shared.folder("changed", BIG_FROM_500))

    # when a process with the older ones starts anew
    late = shared.open(old)

    # then it works by those that are live
    assert late.workspace.hash == api.workspace.hash
    arrive(late, "ann")
    late.ingest([order("ann", "o1", 200)], source="shop").result()
    assert fired(late) == []
    assert live(api) == [1, 2]


def test_older_rules_go_live_again_once_anything_in_them_is_new(shared: Shared) -> None:
    # given rules that were changed, by which a process works
    old = shared.folder("old")
    shared.open(old).close()
    api = shared.open(shared.folder("changed", BIG_FROM_500))
    arrive(api, "ann")

    # when the older ones come with another comment
    rule = old / "rules" / "big-order.yaml"
    rule.write_text(rule.read_text() + "# as it was\n")
    shared.open(old)

    # then they are live
    api.ingest([order("ann", "o1", 200)], source="shop").result()
    assert fired(api) == ["o1"]
    assert live(api) == [1, 2, 3]


@pytest.mark.parametrize("point", ["release_marked", "rebuilt_some", "release_settled", "released"])
def test_a_release_whose_process_dies_is_finished_by_another(shared: Shared, point: Point) -> None:
    # given an API process, and one that dies in the middle of releasing
    api = shared.open()
    arrive(api, "ann", "bob")
    with raising(point), pytest.raises(Crashed):
        shared.open(shared.folder("changed", BIG_FROM_500))

    # when the first one is told of an order, then it has finished the release before
    api.ingest([order("ann", "o1", 200), order("bob", "o2", 500)], source="shop").result()
    assert fired(api) == ["o2"]
    assert live(api) == [1, 2]
    assert api.doctor()["balanced"]


def test_a_worker_on_a_database_without_a_release_says_what_is_missing(shared: Shared) -> None:
    with pytest.raises(StoreError, match="nothing is live in this database yet; start `holdfast serve`"):
        shared.open(role="worker")


def test_secrets_that_differ_are_refused(shared: Shared, tmp_path: Path) -> None:
    shared.open()
    elsewhere = lay_out(tmp_path / "elsewhere")
    with pytest.raises(SecretError, match="is not the secret that this database's engine was first started"):
        shared.open(elsewhere)


def test_two_processes_that_release_the_same_files_at_once_make_one_release(shared: Shared) -> None:
    shared.open()
    one, two = (shared.folder(name, BIG_FROM_500) for name in ("one", "two"))
    assert together([lambda: shared.open(one), lambda: shared.open(two)]) == []
    assert live(shared.open(role="worker")) == [1, 2]
