"""Lists over millions of rows: decisions by day and told apart by their outcome, runs by how they stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DAY = 86_400_000_000

COUNTED = (
    "INSERT INTO decision_day (rule, day, outcome, stripe, number)"
    f" SELECT rule, at / {DAY}, outcome, 0, count(*) FROM decision GROUP BY rule, at / {DAY}, outcome"
)
INDEXES = (("decision_at", ["at", "id"]), ("decision_rule", ["rule", "at", "id"]))


def upgrade() -> None:
    """Add them, and count what is there."""
    op.create_table(
        "decision_day",
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("stripe", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "day", "outcome", "stripe"),
    )
    op.execute(COUNTED)
    for name, columns in INDEXES:
        op.drop_index(name, "decision")
        op.create_index(name, "decision", [*columns, "outcome"])
    moved = sa.text("status != 'waiting'")
    columns = ["status", "started_at", "id", "workflow"]
    op.create_index("run_moved", "run", columns, sqlite_where=moved, postgresql_where=moved)


def downgrade() -> None:
    """Take them away."""
    op.drop_index("run_moved", "run")
    for name, columns in INDEXES:
        op.drop_index(name, "decision")
        op.create_index(name, "decision", columns)
    op.drop_table("decision_day")
