"""Questions and cases by when they are due, the soonest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FOR_EVER = 2**62
AT_ONCE = 1000
ASK_DUE, NEXT_DUE, RESOLVE_DUE, RESPOND_DUE = 7, 11, 12, 22
"""Places of fields in the documents as they are until here; very old ones have names instead."""

INDEXES = (("ask", "ask_due", ["due", "id"]), ("case", "case_due", ["status", "due", "id"]))


def upgrade() -> None:
    """Add it, filled from the documents: for ever where nothing is due."""
    for table, index, columns in INDEXES:
        with op.batch_alter_table(table) as change:
            change.add_column(
                sa.Column(
                    "due", sa.BigInteger(), autoincrement=False, nullable=False, server_default=str(FOR_EVER)
                )
            )
        _fill(table, _ask if table == "ask" else _case)
        with op.batch_alter_table(table) as change:
            change.alter_column("due", server_default=None)
        op.create_index(index, table, columns)


def downgrade() -> None:
    """Take it back: all of it is in the documents."""
    for table, index, _ in INDEXES:
        op.drop_index(index, table)
        with op.batch_alter_table(table) as change:
            change.drop_column("due")


def _ask(row: Mapping[str, Any], held: Mapping[Any, Any]) -> int:
    due = _of(held, ASK_DUE, "due")
    return FOR_EVER if row["answered_at"] is not None or due is None else int(due)


def _case(row: Mapping[str, Any], held: Mapping[Any, Any]) -> int:
    if row["paused"] or row["status"] not in ("open", "acknowledged"):
        return FOR_EVER
    dues = [_of(held, NEXT_DUE, "next_due"), _of(held, RESOLVE_DUE, "resolve_due")]
    if row["status"] == "open":
        dues.append(_of(held, RESPOND_DUE, "respond_due"))
    return min((int(due) for due in dues if due is not None), default=FOR_EVER)


def _of(held: Mapping[Any, Any], place: int, name: str) -> Any:
    return held.get(place, held.get(name))


def _fill(name: str, due: Callable[[Any, Any], int]) -> None:
    """Set the column of every row from its document, some at a time."""
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    statement = table.update().where(table.c.id == sa.bindparam("b_id")).values(due=sa.bindparam("b_due"))
    after = ""
    while True:
        page = sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(AT_ONCE)
        rows = connection.execute(page).mappings().all()
        found = [
            {"b_id": row["id"], "b_due": due(row, msgspec.msgpack.decode(row["document"], strict=False))}
            for row in rows
        ]
        if found:
            connection.execute(statement, found)
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]
