"""What the log holds comes into the file beside the writer, and what cannot stays where it is."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.store.checkpoint import Checkpointer, move


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """A file that somebody has open, with a commit that is only in its log."""
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE note (text TEXT)")
        writer.execute("INSERT INTO note VALUES ('kept')")
        yield path


def notes_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM note")]


def test_what_was_committed_is_in_the_file_without_its_log(written: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        move(connection)

    shutil.copy(written, tmp_path / "alone.db")
    assert notes_in(tmp_path / "alone.db") == ["kept"]


def test_what_cannot_be_moved_stays_in_the_log(written: Path) -> None:
    with closing(sqlite3.connect(f"file:{written}?mode=ro", uri=True)) as connection:
        move(connection)

    assert notes_in(written) == ["kept"]


@pytest.mark.parametrize("commits", [0, 1, 2])
def test_it_ends_when_it_is_closed(written: Path, commits: int) -> None:
    checkpointer = Checkpointer(written)
    for _ in range(commits):
        checkpointer.committed()

    checkpointer.close()
    checkpointer.close()

    checkpointer.committed()
    assert notes_in(written) == ["kept"]
