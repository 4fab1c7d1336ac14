"""Measures: figures of closed periods in versions, and what was frozen of goals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add both."""
    op.create_table(
        "metric_figure",
        sa.Column("metric", TEXT, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grouping", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("computed_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("why", TEXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("figure", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("metric", "start", "end", "grouping", "version"),
    )
    op.create_table(
        "goal_state",
        sa.Column("goal", TEXT, nullable=False),
        sa.Column("terms", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("baseline", sa.LargeBinary(), nullable=False),
        sa.Column("settled", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("goal", "terms"),
    )


def downgrade() -> None:
    """Take both back."""
    op.drop_table("goal_state")
    op.drop_table("metric_figure")
