"""Delivery: effects that may have been taken, and what all processes know of a connector."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add both. What is being sent while this happens may have been taken."""
    with op.batch_alter_table("outbox") as change:
        change.add_column(sa.Column("unsure", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("outbox") as change:
        change.alter_column("unsure", server_default=None)
    op.create_table(
        "connector",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("open_until", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("tat", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Take both back."""
    op.drop_table("connector")
    with op.batch_alter_table("outbox") as change:
        change.drop_column("unsure")
