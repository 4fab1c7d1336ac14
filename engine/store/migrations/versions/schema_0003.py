"""A run is unique by its id alone, and what no query needs is kept out of indexes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

SHORTER = {
    "run_customer": ("run", ("customer", "started_at"), {}),
    "run_due": ("run", ("due",), {"there": "due IS NOT NULL"}),
    "decision_customer": ("decision", ("customer", "at"), {}),
}
"""Indexes that need not end in the id: few rows share what comes before it, or few are ever asked for."""


def upgrade() -> None:
    """Drop what the ids of runs and decisions, made of the same parts, already make sure of."""
    op.drop_index("run_trigger_key", "run")
    op.drop_index("decision_trigger_key", "decision")
    with op.batch_alter_table("run") as change:
        change.drop_column("trigger_key")
    for name, (table, columns, options) in SHORTER.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns, **_where(**options))
    _rewrite_attempts(sqlite_with_rowid=False)


def downgrade() -> None:
    """Take it back; a run's id stands in for its key."""
    _rewrite_attempts()
    for name, (table, columns, options) in SHORTER.items():
        op.drop_index(name, table)
        op.create_index(name, table, (*columns, "id"), **_where(**options))
    with op.batch_alter_table("run") as change:
        change.add_column(sa.Column("trigger_key", TEXT, nullable=True))
    op.execute("UPDATE run SET trigger_key = id")
    with op.batch_alter_table("run") as change:
        change.alter_column("trigger_key", existing_type=TEXT, nullable=False)
    op.create_index("run_trigger_key", "run", ["trigger_key"], unique=True)
    op.create_index("decision_trigger_key", "decision", ["trigger_key"], unique=True)


def _where(there: str | None = None) -> dict[str, Any]:
    if there is None:
        return {}
    return {"sqlite_where": sa.text(there), "postgresql_where": sa.text(there)}


def _rewrite_attempts(**options: Any) -> None:
    op.create_table(
        "step_attempt_new",
        sa.Column("run", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "seq", "attempt"),
        **options,
    )
    op.execute("INSERT INTO step_attempt_new SELECT run, seq, attempt, document FROM step_attempt")
    op.drop_table("step_attempt")
    op.rename_table("step_attempt_new", "step_attempt")
