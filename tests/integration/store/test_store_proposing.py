"""Plans, proposals and the record of changes, and what the database itself refuses."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine, insert, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from engine.runs.changes import Changes
from engine.store.interface import Store
from engine.store.opening import open_store
from engine.store.proposing import ChangeRow, PlanRow, ProposalRow
from engine.store.tables import RELEASE
from tests.integration.store import rows
from tests.servers import postgres_url


def plan(token: str, at: int = 10) -> PlanRow:
    return PlanRow(
        token=token, at=at, by="ann", base=1, files={"a": "h1"}, texts={"a": "rule: a"}, report=b"{}"
    )


def proposal(number: int) -> ProposalRow:
    return ProposalRow(
        number=number,
        state="open",
        at=10,
        token="t",
        base=1,
        author="ann",
        key="k-1",
        note=None,
        files={"a": "h1"},
        report=b"{}",
    )


def line(at: int, release: int) -> ChangeRow:
    return ChangeRow(at=at, kind="proposed", release=release, by="ann", key="k-1", hash="t")


def test_a_plan_is_kept_and_forgotten(store: Store) -> None:
    with store.begin() as writer:
        writer.save_plan(plan("one", 10))
        writer.save_plan(plan("two", 10))
        writer.save_plan(plan("two", 20))

    with store.begin() as writer:
        assert writer.drop_plans(20) == 1

    with store.reader() as reader:
        assert reader.plan("one") is None
        assert reader.plan("two") == plan("two", 20)


def test_of_a_proposal_only_what_has_become_of_it_changes(store: Store) -> None:
    with store.begin() as writer:
        writer.save_proposal(proposal(3))
        writer.save_proposal(proposal(2))
        writer.save_proposal(msgspec.structs.replace(proposal(3), state="rejected", note="no", files={}))

    with store.reader() as reader:
        assert reader.proposals() == [proposal(2), msgspec.structs.replace(proposal(3), state="rejected")]
        assert reader.proposal(2) == proposal(2)
        assert reader.proposal(4) is None


def test_the_record_of_changes_is_read_in_its_order_and_counted(store: Store) -> None:
    with store.begin() as writer:
        for at, release in ((10, 1), (20, 2), (20, 1), (30, 2)):
            writer.add_change(line(at, release))

    with store.reader() as reader:
        found = reader.changes()
        assert [(each.at, each.release) for each in found] == [(10, 1), (20, 2), (20, 1), (30, 2)]
        assert reader.changes(start=20, end=30) == found[1:3]
        assert reader.changes(release=1) == [found[0], found[2]]
        assert reader.changes(after=found[1].id, limit=1) == [found[2]]
        assert reader.count_changes() == 4
        assert reader.count_changes(start=20, end=30) == 2


def test_an_emergency_is_approved_once(store: Store) -> None:
    # given an emergency
    made = msgspec.structs.replace(rows.release(1), cause="emergency", author="ann", actor="eve")
    with store.begin() as writer:
        writer.save_release(made)

    # when it is approved, and by another one too
    with store.begin() as writer:
        writer.approve_emergency(1, "bob")
        writer.approve_emergency(1, "kim")

    # then the first one counts
    with store.reader() as reader:
        assert reader.releases() == [msgspec.structs.replace(made, approver="bob")]


def test_what_plans_ask_of_customers_runs_and_events(store: Store) -> None:
    with store.begin() as writer:
        writer.save([rows.first_save("bob"), rows.first_save("ann")])
        writer.add_events([rows.event("m-1")], ["1"])
        open_run = rows.run("r-1")
        writer.write(Changes(runs={"r-1": open_run}))

    with store.reader() as reader:
        assert reader.customer_ids() == ["ann", "bob"]
        assert reader.open_runs() == {open_run.workflow: 1}
        assert reader.event_names() == {rows.event("m-1").name}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return postgres_url() if request.param == "postgres" else f"sqlite:///{tmp_path / 'holdfast.db'}"


ONE = {"number": 1, "at": 1, "document": b"\x80"}


@pytest.mark.parametrize(
    ("cause", "author", "actor", "approver"),
    [
        ("approved", "ann", "bob", None),
        ("approved", "ann", "bob", ""),
        ("approved", "ann", "ann", "ann"),
        ("approved", "ann@example.com", "bob", " Ann@Example.COM "),
        ("approved", "", "bob", "bob"),
        ("emergency", "ann", "eve", "ann"),
        ("emergency", "ann", "eve", "EVE"),
        ("because", "ann", "bob", "bob"),
    ],
)
def test_the_database_refuses_a_release_without_a_second_human(
    url: str, cause: str, author: str, actor: str, approver: str | None
) -> None:
    # given a database of ours, opened by somebody with SQL of their own
    open_store(url).close()
    named = make_url(url)
    driver = "postgresql+psycopg" if named.get_backend_name() == "postgresql" else "sqlite"
    database = create_engine(named.set(drivername=driver))
    row = {**ONE, "cause": cause, "author": author, "actor": actor, "approver": approver}

    # when they write such a release, then the database says no
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(RELEASE), [row])

    # and neither do they make one of it afterwards
    sound = {**ONE, "cause": "start", "author": "local", "actor": "local", "approver": None}
    with database.begin() as connection:
        connection.execute(insert(RELEASE), [sound])
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(update(RELEASE).values(cause=cause, author=author, actor=actor, approver=approver))
    database.dispose()


@pytest.mark.parametrize(
    ("cause", "approver"),
    [("approved", "bob"), ("start", None), ("rollback", None), ("emergency", None), ("reversal", None)],
)
def test_the_database_takes_every_release_that_may_be(url: str, cause: str, approver: str | None) -> None:
    store = open_store(url)
    made = msgspec.structs.replace(rows.release(1), cause=cause, author="ann", actor="ann", approver=approver)
    with store.begin() as writer:
        writer.save_release(made)
    with store.reader() as reader:
        assert reader.releases() == [made]
    store.close()
