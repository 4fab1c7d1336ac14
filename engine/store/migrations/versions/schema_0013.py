"""Privacy: who read what of whom, and whose ids were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them; nothing was recorded before."""
    op.create_table(
        "access",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("route", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("query", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("access_at", "access", ["at", "id"])
    op.create_index("access_subject", "access", ["subject", "at", "id"])
    op.create_table(
        "erasure",
        sa.Column("mark", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("mark"),
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_table("erasure")
    op.drop_table("access")
