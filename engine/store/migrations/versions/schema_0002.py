"""Several processes on one database: shards, stripes of counters, who runs, and whose duty what is."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SHARDS = 32
AT_ONCE = 1000

STRIPED = {"counter": ("name",), "decision_count": ("rule", "hour", "outcome")}
"""The tables of counts, with the key that they had before they were striped."""


def upgrade() -> None:
    """Add shards, stripes, processes and leases; runs are fenced by their customer and their seq alone."""
    _shard("customer", "id", "id")
    _shard("outbox", "key", "customer")
    for table, key in STRIPED.items():
        _rewrite(table, key, ("stripe",), "SELECT {key}, 0, number FROM {table}")
    with op.batch_alter_table("run") as change:
        change.drop_column("fence")
        change.drop_column("lease_until")
    op.create_table(
        "process",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("host", TEXT, nullable=False),
        _number("pid"),
        sa.Column("version", TEXT, nullable=False),
        _time("started_at"),
        _time("heartbeat_at"),
        _number("release"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "lease",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        _number("fence"),
        _time("until"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.execute(
        "INSERT INTO process (id, role, host, pid, version, started_at, heartbeat_at, release)"
        " SELECT 'before', 'serve', '', 0, '', CAST(value AS BIGINT), CAST(value AS BIGINT), 0"
        " FROM meta WHERE name = 'heartbeat'"
    )
    op.execute("DELETE FROM meta WHERE name = 'heartbeat'")


def downgrade() -> None:
    """Take it back: counts are added up, the latest sign of life is kept."""
    op.execute(
        "INSERT INTO meta (name, value)"
        " SELECT 'heartbeat', CAST(MAX(heartbeat_at) AS TEXT) FROM process HAVING COUNT(*) > 0"
    )
    op.drop_table("lease")
    op.drop_table("process")
    with op.batch_alter_table("run") as change:
        change.add_column(_number("fence", server_default="0"))
        change.add_column(sa.Column("lease_until", sa.BigInteger(), autoincrement=False, nullable=True))
    with op.batch_alter_table("run") as change:
        change.alter_column("fence", server_default=None)
    for table, key in STRIPED.items():
        _rewrite(table, key, (), "SELECT {key}, SUM(number) FROM {table} GROUP BY {key}")
    for table in ("outbox", "customer"):
        with op.batch_alter_table(table) as change:
            change.drop_column("shard")


def _number(name: str, server_default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False, server_default=server_default)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _shard(table: str, key: str, of: str) -> None:
    """Add the shard of each row, which is that of its customer."""
    with op.batch_alter_table(table) as change:
        change.add_column(_number("shard", server_default="0"))
    bind = op.get_bind()
    rows = sa.table(table, sa.column(key), sa.column(of), sa.column("shard"))
    put = rows.update().where(rows.c[key] == sa.bindparam("b_key")).values(shard=sa.bindparam("b_shard"))
    page = sa.select(rows.c[key], rows.c[of]).order_by(rows.c[key]).limit(AT_ONCE)
    found = bind.execute(page).all()
    while found:
        shards = [{"b_key": key, "b_shard": zlib.crc32(of.encode()) % SHARDS} for key, of in found]
        bind.execute(put, shards)
        found = bind.execute(page.where(rows.c[key] > found[-1][0])).all()
    with op.batch_alter_table(table) as change:
        change.alter_column("shard", server_default=None)


_COLUMNS: dict[str, Any] = {"hour": sa.BigInteger(), "stripe": sa.Integer()}


def _rewrite(table: str, key: Sequence[str], more: Sequence[str], content: str) -> None:
    """Give a table of counts another key; `content` selects its rows, from the columns of the old one."""
    columns = [
        sa.Column(name, _COLUMNS.get(name, TEXT), autoincrement=False, nullable=False)
        for name in (*key, *more)
    ]
    number = sa.Column("number", sa.BigInteger(), nullable=False)
    op.create_table(f"{table}_new", *columns, number, sa.PrimaryKeyConstraint(*key, *more))
    op.execute(f"INSERT INTO {table}_new " + content.format(key=", ".join(key), table=table))
    op.drop_table(table)
    op.rename_table(f"{table}_new", table)
