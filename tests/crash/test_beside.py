"""Others at the database of a server, while it runs and after it was killed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

from engine.model.values import MINUTE
from engine.store.lock import read_lock_info
from tests.crash.server import Server, holdfast
from tests.crash.shop import START, arrival, event, lay_out

EVENTS = [arrival(START, "ann"), event(START, "order_completed", "ann", "o1", order_id="o1", total=150)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lay_out(tmp_path)


@pytest.fixture
def server(folder: Path) -> Generator[Server]:
    """A server in the middle of its work."""
    with Server(folder, START) as server:
        server.post(EVENTS)
        server.move(START + MINUTE)
        yield server


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "holdfast.db")) as connection, connection:
        connection.execute(statement)


def test_a_second_server_is_refused_and_told_why(folder: Path, server: Server) -> None:
    code, _, complained = holdfast(folder, "serve", "--port", "0")
    assert code == 1
    assert f"holdfast.db is in use by the process {server.process.pid}; only one engine may run on it" in (
        complained
    )
    assert "Traceback" not in complained
    # and the first goes on as before
    assert server.post(EVENTS)["duplicates"] == 2
    info = read_lock_info(folder / "holdfast.db")
    assert info is not None and info.address == server.address


def test_a_schema_is_not_migrated_under_a_server(folder: Path, server: Server) -> None:
    code, _, complained = holdfast(folder, "doctor", "--migrate")
    assert (code, "in use by the process" in complained) == (1, True)


def test_readers_work_beside_a_server_and_after_it_was_killed(folder: Path, server: Server) -> None:
    for _ in range(2):
        # when somebody reads, then it is there
        code, said, complained = holdfast(folder, "runs", "--json")
        assert (code, complained) == (0, "")
        (run,) = json.loads(said)["items"]
        assert (run["workflow"], run["status"]) == ("thank-you", "waiting")
        assert holdfast(folder, "run", run["id"])[0] == 0
        code, said, complained = holdfast(folder, "doctor", "--json")
        assert (code, complained) == (0, "")
        told = json.loads(said)
        assert (told["received"], told["decided"], told["balanced"]) == (2, 2, True)
        # and the same once the server is no more
        server.kill()


def test_the_doctor_says_so_when_something_is_lost(folder: Path, server: Server) -> None:
    # given a killed server's database out of which an event is gone
    server.kill()
    assert holdfast(folder, "doctor")[0] == 0
    change(folder, "DELETE FROM event WHERE message_id = 'o1'")
    # then the doctor finds it
    code, said, _ = holdfast(folder, "doctor", "--json")
    assert (code, json.loads(said)["balanced"]) == (1, False)


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("doctor",), ("runs",), ("doctor", "--migrate")]
)
def test_a_database_of_a_newer_program_is_left_alone(
    folder: Path, server: Server, command: list[str]
) -> None:
    # given a database that a newer program has migrated
    server.stop()
    change(folder, "UPDATE alembic_version SET version_num = '9999'")
    # then every command says so
    code, _, complained = holdfast(folder, *command)
    assert code == 1
    assert "has the schema 9999, newer than this program's" in complained
    assert "Traceback" not in complained


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("doctor",), ("runs",)])
def test_a_database_of_an_older_program_names_the_command_that_migrates_it(
    folder: Path, command: list[str]
) -> None:
    # given a database from before the first migration
    with closing(sqlite3.connect(folder / "holdfast.db")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    # then every command names the one that helps
    code, _, complained = holdfast(folder, *command)
    assert (code, "run `holdfast doctor --migrate`" in complained) == (1, True)
    assert "Traceback" not in complained
    # and it does
    assert holdfast(folder, "doctor", "--migrate")[0] == 0
    with Server(folder, START) as server:
        assert server.post(EVENTS)["accepted"] == 2
