"""What is kept twice: numbers in an index of their own, hashes in tiles, and what keys begin with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.store.entries import whole

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WIDTH = 256
AT_ONCE = 1000

LEAF = sa.table("leaf", *map(sa.column, ("number", "kind", "ref", "at", "entry", "hash")))
TILE = sa.table("tile", *map(sa.column, ("level", "number", "root", "hashes")))


def upgrade() -> None:
    """Take them away. Entries and keys that are there are read as they were kept, and stay so."""
    with op.batch_alter_table("tile") as change:
        change.drop_column("hashes")
    _number(sa.BigInteger(), SERIAL)


def downgrade() -> None:
    """Bring them back, and write every entry as it was sealed and the keys of decisions whole."""
    op.execute(
        "UPDATE decision SET trigger_key = rule || '/' || customer || trigger_key"
        " WHERE substr(trigger_key, 1, 1) = '/'"
    )
    _number(SERIAL, sa.BigInteger())
    for rows in _leaves():
        long = [(row.number, row.entry, whole(row.kind, row.ref, row.at, bytes(row.entry))) for row in rows]
        _set(
            LEAF,
            [{"b_number": number, "entry": entry} for number, kept, entry in long if entry != bytes(kept)],
        )
    with op.batch_alter_table("tile") as change:
        change.add_column(sa.Column("hashes", sa.LargeBinary(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table("tile") as change:
        change.alter_column("hashes", server_default=None)
    for level, number in op.get_bind().execute(sa.select(TILE.c.level, TILE.c.number)).all():
        hashes = b"".join(map(bytes, op.get_bind().execute(_below(level, number)).scalars()))
        put = sa.update(TILE).where(TILE.c.level == level, TILE.c.number == number)
        op.get_bind().execute(put.values(hashes=hashes))


def _number(before: sa.types.TypeEngine[int], after: sa.types.TypeEngine[int]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("leaf") as change:
            change.alter_column("number", existing_type=before, type_=after, existing_nullable=False)


def _below(level: int, number: int) -> sa.Select[Any]:
    first, end = number * WIDTH, (number + 1) * WIDTH
    if level:
        found = sa.select(TILE.c.root).where(TILE.c.level == level - 1)
        return found.where(TILE.c.number >= first, TILE.c.number < end).order_by(TILE.c.number)
    found = sa.select(LEAF.c.hash).where(LEAF.c.number >= first, LEAF.c.number < end)
    return found.order_by(LEAF.c.number)


def _leaves() -> Iterator[list[Any]]:
    after = -1
    while rows := list(
        op.get_bind()
        .execute(sa.select(LEAF).where(LEAF.c.number > after).order_by(LEAF.c.number).limit(AT_ONCE))
        .all()
    ):
        yield rows
        after = rows[-1].number


def _set(table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    if rows:
        statement = sa.update(table).where(table.c.number == sa.bindparam("b_number"))
        op.get_bind().execute(statement.values(entry=sa.bindparam("entry")), rows)
