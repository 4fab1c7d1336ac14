"""The quarantine: who replayed an event, when, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add them. Nothing that is there was replayed."""
    with op.batch_alter_table("quarantine") as change:
        change.add_column(sa.Column("replayed_at", sa.BigInteger(), autoincrement=False, nullable=True))
        change.add_column(sa.Column("replayed_by", TEXT, nullable=True))
        change.add_column(sa.Column("outcome", TEXT, nullable=True))


def downgrade() -> None:
    """Take them back."""
    with op.batch_alter_table("quarantine") as change:
        for name in ("outcome", "replayed_by", "replayed_at"):
            change.drop_column(name)
