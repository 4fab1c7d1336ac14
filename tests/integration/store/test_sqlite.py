"""SQLite itself: one engine on a file, readers beside it, commits on disk, sentences for what goes wrong."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from engine.errors import DatabaseInUseError, SchemaTooNewError, SchemaTooOldError, StoreError
from engine.store.lock import LockInfo, lock_path, read_lock_info
from engine.store.opening import migrate, open_store
from engine.store.sqlite import SqliteStore, open_sqlite
from engine.store.statements.engine import insert_outage
from tests.integration.store import rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "holdfast.db"


def test_a_new_file_is_made_at_the_newest_schema_and_opens_again(path: Path) -> None:
    first = open_sqlite(path, exclusive=True)
    with first.begin() as writer:
        writer.save([rows.first_save("ann")])
    first.close()

    second = open_sqlite(path, exclusive=True)
    with second.reader() as reader:
        assert reader.customer("ann") == rows.member("ann")
    second.close()


def test_a_second_engine_on_the_file_is_refused_and_told_who_has_it(path: Path) -> None:
    first = open_sqlite(path, exclusive=True)

    with pytest.raises(DatabaseInUseError, match=f"in use by the process {os.getpid()}"):
        open_sqlite(path, exclusive=True)
    with pytest.raises(DatabaseInUseError):
        migrate(f"sqlite:///{path}")

    first.close()
    open_sqlite(path, exclusive=True).close()


def test_an_engine_in_another_process_is_seen(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from engine.store.sqlite import open_sqlite;"
        "store = open_sqlite(Path(sys.argv[1]), exclusive=True); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"

        with pytest.raises(DatabaseInUseError, match=str(other.pid)):
            open_sqlite(path, exclusive=True)
        info = read_lock_info(path)
        other.kill()

    assert info == LockInfo(pid=other.pid)
    assert read_lock_info(path) is None
    open_sqlite(path, exclusive=True).close()


def test_others_read_beside_the_engine_but_do_not_write(path: Path) -> None:
    engine = open_sqlite(path, exclusive=True)
    beside = open_sqlite(path, exclusive=False)
    with engine.begin() as writer:
        writer.save([rows.first_save("ann")])

    with beside.reader() as reader:
        assert reader.customer("ann") is not None
    with pytest.raises(StoreError, match="reading only"), beside.begin():
        pass
    with pytest.raises(StoreError, match="reading only"):
        beside.write_lock_info(LockInfo(1))

    beside.close()
    engine.close()


def test_the_lock_file_says_how_the_engine_is_reached_and_to_its_owner_only(path: Path) -> None:
    engine = open_sqlite(path, exclusive=True)
    info = LockInfo(os.getpid(), "http://127.0.0.1:8080", "token")
    engine.write_lock_info(info)

    assert read_lock_info(path) == info
    assert lock_path(path).stat().st_mode & 0o777 == 0o600

    engine.close()
    assert read_lock_info(path) is None
    assert lock_path(path).read_bytes() == b""


def test_no_lock_file_means_that_no_engine_runs(path: Path) -> None:
    assert read_lock_info(path) is None


def test_every_commit_is_on_disk_and_deleted_content_is_overwritten(path: Path) -> None:
    store = open_sqlite(path, exclusive=True)
    for engine in (store._writers, store._readers):
        with engine.connect() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "secure_delete")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
    store.close()


def test_a_writer_takes_the_write_lock_at_once(path: Path) -> None:
    store = open_sqlite(path, exclusive=True)

    with closing(sqlite3.connect(path, timeout=0)) as other, store.begin():
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    store.close()


def test_a_reader_cannot_write(path: Path) -> None:
    store = open_sqlite(path, exclusive=True)

    with store._readers.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(insert_outage(), {"began": 1, "ended": 2})
    store.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no folder"):
        open_sqlite(tmp_path / "none" / "holdfast.db", exclusive=True)


def test_a_file_that_is_not_there_cannot_be_read(path: Path) -> None:
    with pytest.raises(StoreError, match="no database at"):
        open_sqlite(path, exclusive=False)
    with pytest.raises(StoreError, match="no database at"):
        migrate(f"sqlite:///{path}")
    assert not path.exists()


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.write_bytes(b"not a database, but a text that is long enough to be taken for one" * 20)

    with pytest.raises(StoreError, match="could not be used: file is not a database"):
        open_sqlite(path, exclusive=True)
    assert read_lock_info(path) is None


def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipe (name TEXT)")

    with pytest.raises(StoreError, match="not one of Holdfast's"):
        open_sqlite(path, exclusive=True)
    with pytest.raises(StoreError, match="not one of Holdfast's"):
        migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("recipe",)]


def test_a_file_that_a_first_start_left_empty_is_told_as_such(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")

    with pytest.raises(StoreError, match="is empty; start the engine once"):
        open_sqlite(path, exclusive=False)
    open_sqlite(path, exclusive=True).close()


def change_schema(path: Path, statement: str) -> None:
    open_sqlite(path, exclusive=True).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_database_of_a_newer_program_is_refused(path: Path) -> None:
    change_schema(path, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaTooNewError, match="9999"):
        open_sqlite(path, exclusive=True)
    with pytest.raises(SchemaTooNewError):
        open_sqlite(path, exclusive=False)
    with pytest.raises(SchemaTooNewError):
        migrate(f"sqlite:///{path}")


def test_a_database_of_an_older_program_is_refused_until_it_is_migrated(path: Path) -> None:
    # What the first migration finds: nothing but Alembic's own table.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")

    with pytest.raises(SchemaTooOldError, match="--migrate"):
        open_sqlite(path, exclusive=True)
    migrate(f"sqlite:///{path}")

    open_sqlite(path, exclusive=True).close()


def test_a_disk_that_takes_no_writes_is_our_fault_and_said(path: Path) -> None:
    store = open_sqlite(path, exclusive=True)
    with store._writers.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    with pytest.raises(StoreError, match="full"), store.begin() as writer:
        writer.save([rows.first_save("ann", hot=b"x" * 1_000_000)])
    with store.reader() as reader:
        assert reader.customer("ann") is None
    store.close()


def test_nothing_is_lost_when_the_process_is_killed_after_a_commit(path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from engine.store.sqlite import open_sqlite\n"
        "store = open_sqlite(Path(sys.argv[1]), exclusive=True)\n"
        "with store.begin() as writer: writer.count(received=7)\n"
        "with store.begin() as writer:\n"
        "    writer.count(received=100)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == -9

    store = open_sqlite(path, exclusive=True)
    with store.reader() as reader:
        assert reader.counters().received == 7
    store.close()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://anna:secret@localhost:1/holdfast", r"anna:\*\*\*@localhost.* could not be used"),
        ("mysql://localhost/holdfast", "does not run on mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("holdfast.db", "not a database URL"),
    ],
)
def test_a_url_that_names_no_usable_database_is_refused_in_words(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence):
        open_store(url)


def test_a_url_with_an_absolute_path_opens_that_file(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")

    assert isinstance(store, SqliteStore)
    assert store.path == path
    store.close()
