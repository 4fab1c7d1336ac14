"""Contact: suppressed addresses and customers, how coupons ended, what of a budget is spent for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add them. Coupons that are there count as issued, and nothing spent so far as redeemed."""
    op.create_table(
        "suppression",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("by", TEXT, nullable=True),
        sa.Column("note", TEXT, nullable=True),
        sa.Column("removed_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("removed_by", TEXT, nullable=True),
        sa.Column("removed_note", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "suppression_open",
        "suppression",
        ["target", "channel", "scope"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("suppression_target", "suppression", ["target", "id"])
    with op.batch_alter_table("coupon") as change:
        change.add_column(sa.Column("status", TEXT, nullable=False, server_default="issued"))
        change.add_column(sa.Column("ended_at", sa.BigInteger(), autoincrement=False, nullable=True))
        change.add_column(sa.Column("reference", TEXT, nullable=True))
        change.add_column(sa.Column("note", TEXT, nullable=True))
        change.add_column(sa.Column("by", TEXT, nullable=True))
    with op.batch_alter_table("coupon") as change:
        change.alter_column("status", server_default=None)
    with op.batch_alter_table("budget") as change:
        change.add_column(sa.Column("committed", TEXT, nullable=False, server_default="0"))
    with op.batch_alter_table("budget") as change:
        change.alter_column("committed", server_default=None)


def downgrade() -> None:
    """Take them back."""
    with op.batch_alter_table("budget") as change:
        change.drop_column("committed")
    with op.batch_alter_table("coupon") as change:
        for name in ("by", "note", "reference", "ended_at", "status"):
            change.drop_column(name)
    op.drop_table("suppression")
