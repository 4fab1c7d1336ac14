"""Migrations: what they make is what the tables say, and they go back with data in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, select

from engine.runs.changes import Changes
from engine.store import schema
from engine.store.sqlite import open_sqlite
from engine.store.tables import METADATA, RUN
from tests.integration.store import rows


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_migrating_up_makes_the_very_tables_that_the_code_uses(connection: Connection) -> None:
    schema.upgrade(connection)

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, METADATA) == []
    assert schema.current(connection) == schema.head()


def test_partial_indexes_have_their_conditions(connection: Connection) -> None:
    # compare_metadata does not look at them.
    schema.upgrade(connection)
    made = _indexes(connection)

    METADATA.drop_all(connection)
    METADATA.create_all(connection)
    assert made == _indexes(connection)
    assert any("WHERE" in sql for sql in made.values())


def _indexes(connection: Connection) -> dict[str, str]:
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''"
    )
    return {name: sql for name, sql in found}


def test_migrating_down_and_up_again_works_with_data(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "holdfast.db", exclusive=True)
    with store.begin() as writer:
        writer.add_events([rows.event("m-1")], ["1"])
        writer.save([rows.first_save("ann", chunks={1: b"c"})])
        writer.write(
            Changes(
                decisions=[rows.decision("d-1")],
                runs={"r-1": rows.run("r-1")},
                attempts=[rows.attempt("r-1", 1)],
                effects=[rows.effect("k-1")],
            )
        )
    store.close()

    engine = create_engine(f"sqlite:///{tmp_path / 'holdfast.db'}")
    with engine.begin() as connection:
        schema.downgrade(connection, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        assert schema.current(connection) is None
        schema.upgrade(connection)
        assert connection.execute(select(RUN)).all() == []
    engine.dispose()

    open_sqlite(tmp_path / "holdfast.db", exclusive=True).close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "holdfast.db", exclusive=True)
    store.close()

    again = open_sqlite(tmp_path / "holdfast.db", exclusive=True)
    with pytest.raises(ZeroDivisionError), again._writers.begin() as connection:
        schema.downgrade(connection, "base")
        raise ZeroDivisionError
    with again.reader() as reader:
        assert reader.members(None, 1) == []
    again.close()
