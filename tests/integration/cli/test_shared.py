"""The command line on a PostgreSQL database that engines share."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from api.cli.places import DATABASE
from engine.runtime.engine import Engine
from tests.command_line import Holdfast
from tests.servers import postgres_url

ORDERS = ("accepted", "duplicates", "conflicts", "quarantined", "customers")


@pytest.fixture
def engine(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Engine]:
    """An engine that is at work on the database that every command finds in its environment."""
    url = postgres_url()
    monkeypatch.setenv(DATABASE, url)
    with Engine.open(workspace, url, work=False) as opened:
        yield opened


def test_a_key_is_made_and_revoked_beside_engines(engine: Engine, holdfast: Holdfast) -> None:
    made = holdfast("keys", "create", "--role", "ingest", "--owner", "a@b.c", "--json").answer
    assert engine.find_key(made["id"]) is not None
    assert [each["id"] for each in holdfast("keys", "list", "--json").answer["items"]] == [made["id"]]
    assert holdfast("keys", "revoke", made["id"]).code == 0
    found = engine.find_key(made["id"])
    assert found is not None and found.revoked_at is not None


@pytest.mark.parametrize("past", [False, True])
def test_events_are_imported_beside_engines(engine: Engine, holdfast: Holdfast, past: bool) -> None:
    answer = holdfast("import", "orders.csv", "--json", *(["--history"] if past else [])).answer
    answer.pop("seconds")
    assert answer == dict(zip(ORDERS, (3, 1, 1, 1, 3), strict=True))
    assert engine.customer("c1").facts["orders"].value == 2
    # the other engine goes on
    told = {"customer": "c1", "event": "order_completed", "id": "o9", "total": 5}
    engine.ingest([told], source="shop").result()
    assert engine.customer("c1").facts["orders"].value == 3
    assert engine.doctor()["balanced"]


def test_what_reads_reads(engine: Engine, holdfast: Holdfast) -> None:
    told = {"customer": "c1", "event": "order_completed", "id": "o1", "total": 120}
    engine.ingest([told], source="shop").result()
    [run] = holdfast("runs", "--json").answer["items"]
    assert holdfast("run", run["id"], "--json").answer["run"]["workflow"] == "tell-desk"
    assert holdfast("why", "c1", "big-order", "--json").answer["decision"] == "fired"
    assert holdfast("backtest", "--json").answer["rules"]["big-order"]["fired"] == 1


def test_a_command_in_a_changed_folder_releases_nothing(
    engine: Engine, holdfast: Holdfast, workspace: Path
) -> None:
    # given a folder that was changed since it went live, to what does not even load
    rule = workspace / "rules" / "big-order.yaml"
    rule.write_text(rule.read_text().replace("when:", "whenever:"))

    # when commands write, then they do so by what is live
    assert holdfast("keys", "create", "--role", "author", "--owner", "a@b.c").code == 0
    assert holdfast("import", "orders.csv").code == 0
    with engine.store.reader() as reader:
        assert len(reader.releases()) == 1
        assert reader.counters().accepted == 3


def test_the_first_command_on_an_empty_database_lets_its_folder_go_live(
    workspace: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE, postgres_url(empty=True))
    assert holdfast("import", "orders.csv", "--history").code == 0
    assert holdfast("doctor", "--json").answer["accepted"] == 3


def test_a_worker_before_the_first_start_is_told_what_is_missing(
    workspace: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE, postgres_url())
    said = holdfast("worker")
    assert (said.code, said.err) == (
        1, "holdfast: nothing is live in this database yet; start `holdfast serve` on it first\n"
    )  # fmt: skip


def test_doctor_lists_the_processes(engine: Engine, holdfast: Holdfast) -> None:
    engine._drive.beat()
    said = holdfast("doctor", "--json")
    assert said.code == 0
    [process] = said.answer["processes"]
    assert set(process) == {
        "role", "host", "pid", "version", "release", "started", "heard_of", "alive", "leader",
    }  # fmt: skip
    assert (process["role"], process["alive"], process["leader"]) == ("serve", True, True)
    text = holdfast("doctor").out
    assert "last heard of" in text and "leads" in text


def test_migrating_what_is_up_to_date_changes_nothing(engine: Engine, holdfast: Holdfast) -> None:
    engine.close()
    assert holdfast("doctor", "--migrate").code == 0


@pytest.mark.parametrize("command", [("runs",), ("keys", "list"), ("doctor",)])
def test_a_server_that_is_not_there_is_one_clear_line(
    workspace: Path, holdfast: Holdfast, command: tuple[str, ...]
) -> None:
    said = holdfast(*command, "--database", "postgresql://nobody:secret@127.0.0.1:1/none")
    assert said.code == 1
    assert said.err.startswith("holdfast: the database postgresql://nobody:***@127.0.0.1:1/none could not")
    assert said.err.count("\n") == 1 and "secret" not in said.err
