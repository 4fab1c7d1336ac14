"""Which revision a database's schema has, and how it gets to another."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import (
    URL,
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_mock_engine,
    inspect,
    select,
)

from engine.errors import SchemaTooNewError, SchemaTooOldError, StoreError
from engine.store.tables import METADATA

# Alembic takes longer to import than a store to open, and whoever opens one seldom migrates it.
if TYPE_CHECKING:
    from alembic.config import Config

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps what it migrates in globals: two threads of a process must not migrate at once."""

_MIGRATIONS = Path(__file__).with_name("migrations")

_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic keeps the revision of a database."""


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def _revisions() -> tuple[str, ...]:
    """Give all revisions that this program knows, the oldest first: each is a file named after it."""
    versions = (_MIGRATIONS / "versions").glob("schema_*.py")
    return tuple(sorted(path.stem.removeprefix("schema_") for path in versions))


def head() -> str:
    """Give the revision that this program needs."""
    return _revisions()[-1]


def current(connection: Connection) -> str | None:
    """Give the revision of a database, None when it has never been migrated."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.scalar(select(_VERSION.c.version_num))
    return revision


def is_empty(connection: Connection) -> bool:
    """Tell whether a database has no tables at all."""
    return not inspect(connection).get_table_names()


def create(connection: Connection) -> None:
    """Fill an empty database with the tables of today, which are those that all migrations lead to."""
    for sentence in _sentences(str(connection.engine.url.drivername)):
        connection.exec_driver_sql(sentence)
    connection.execute(_VERSION.insert().values(version_num=head()))


@cache
def _sentences(driver: str) -> tuple[str, ...]:
    """Give what makes all tables, in a database's own words: they are found once a process."""
    written: list[str] = []
    url = URL.create(driver)
    dialect = url.get_dialect()()
    mock = create_mock_engine(url, lambda each, *_: written.append(str(each.compile(dialect=dialect))))
    for metadata in (METADATA, _VERSION.metadata):
        metadata.create_all(mock, checkfirst=False)
    return tuple(written)


def upgrade(connection: Connection) -> None:
    """Bring a database to the revision that this program needs."""
    from alembic import command

    with _ONE_AT_A_TIME:
        command.upgrade(_config(connection), "head")


def downgrade(connection: Connection, revision: str) -> None:
    """Take a database back to an older revision; "base" leaves nothing."""
    from alembic import command

    with _ONE_AT_A_TIME:
        command.downgrade(_config(connection), revision)


def check(connection: Connection, name: str) -> None:
    """Raise unless a database is at the revision that this program needs; `name` is for the message."""
    check_migratable(connection, name)
    found, needed = current(connection), head()
    if found != needed:
        raise SchemaTooOldError(
            f"{name} has the schema {found or 'of no release'}, older than this program's {needed};"
            " make a copy of it, then run `holdfast doctor --migrate`"
        )


def check_migratable(connection: Connection, name: str) -> None:
    """Raise for what no migration leads on from: an empty database, somebody else's, a newer program's."""
    if is_empty(connection):
        raise StoreError(f"{name} is empty; start the engine once, or name another file")
    if not inspect(connection).has_table(_VERSION.name):
        raise StoreError(f"{name} is a database, but not one of Holdfast's; name another file")
    found = current(connection)
    if found is not None and found not in _revisions():
        raise SchemaTooNewError(
            f"{name} has the schema {found}, newer than this program's {head()}; run a newer Holdfast"
        )
