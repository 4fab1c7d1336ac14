"""Who comes in: where a key may be used from and what it is bound to, and people who have signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
KEY = ("addresses", "source", "successor", "last_used_from")


def upgrade() -> None:
    """Add them. Keys that are there may be used from everywhere."""
    with op.batch_alter_table("key") as change:
        for name in KEY:
            change.add_column(sa.Column(name, TEXT, nullable=True))
    op.create_table(
        "session",
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("roles", TEXT, nullable=False),
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("csrf", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("session_expires", "session", ["expires_at"])


def downgrade() -> None:
    """Take them back: keys that were bound to addresses or a source are bound to nothing."""
    op.drop_table("session")
    with op.batch_alter_table("key") as change:
        for name in reversed(KEY):
            change.drop_column(name)
