"""Cases and questions are found by what people look for: ladder, person, and what has gone wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT_ONCE = 1000
LADDER, EXHAUSTED, RESOLVE_DUE, ASKED = 1, 14, 12, 3
"""Places of fields in the documents as they are until here; very old ones have names instead."""

FLAGS = ("paused", "breached", "exhausted")


def upgrade() -> None:
    """Add the columns, filled from the documents; a case that could not be paused was not."""
    with op.batch_alter_table("case") as change:
        change.add_column(sa.Column("ladder", TEXT, nullable=False, server_default=""))
        change.add_column(sa.Column("who", TEXT, nullable=True))
        for name in FLAGS:
            change.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        change.add_column(sa.Column("overdue_at", sa.BigInteger(), autoincrement=False, nullable=True))
    with op.batch_alter_table("ask") as change:
        change.add_column(sa.Column("who", TEXT, nullable=False, server_default=""))
    _fill("case", _case)
    _fill("ask", lambda row, held: {"who": _of(held, ASKED, "who") or ""})
    with op.batch_alter_table("case") as change:
        for name in ("ladder", *FLAGS):
            change.alter_column(name, server_default=None)
    with op.batch_alter_table("ask") as change:
        change.alter_column("who", server_default=None)
    there = sa.text("overdue_at IS NOT NULL")
    op.create_index("case_overdue", "case", ["overdue_at"], sqlite_where=there, postgresql_where=there)
    waiting = sa.text("answered_at IS NULL")
    op.create_index("ask_waiting", "ask", ["who"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    """Take them back: all of it is in the documents."""
    op.drop_index("ask_waiting", "ask")
    op.drop_index("case_overdue", "case")
    with op.batch_alter_table("ask") as change:
        change.drop_column("who")
    with op.batch_alter_table("case") as change:
        for name in ("ladder", "who", *FLAGS, "overdue_at"):
            change.drop_column(name)


def _case(row: Mapping[str, Any], held: Mapping[Any, Any]) -> dict[str, Any]:
    is_open = row["status"] in ("open", "acknowledged")
    return {
        "ladder": _of(held, LADDER, "ladder") or "",
        "exhausted": bool(_of(held, EXHAUSTED, "exhausted")),
        "overdue_at": _of(held, RESOLVE_DUE, "resolve_due") if is_open else None,
    }


def _of(held: Mapping[Any, Any], place: int, name: str) -> Any:
    return held.get(place, held.get(name))


def _fill(name: str, columns: Any) -> None:
    """Set columns of every row from its document, some at a time."""
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    after = ""
    while True:
        page = sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(AT_ONCE)
        rows = connection.execute(page).mappings().all()
        for row in rows:
            found = columns(row, msgspec.msgpack.decode(row["document"], strict=False))
            connection.execute(table.update().where(table.c.id == row["id"]).values(**found))
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]
