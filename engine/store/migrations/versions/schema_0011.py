"""Releases: who wrote, approved and made them live; plans, proposals, and the record of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

FOUR_EYES = (
    "author <> '' AND actor <> ''"
    " AND cause IN ('start', 'approved', 'rollback', 'emergency', 'reversal')"
    " AND (cause <> 'approved' OR approver IS NOT NULL)"
    " AND (approver IS NULL OR lower(trim(approver)) NOT IN ('', lower(trim(author))))"
    " AND (approver IS NULL OR cause <> 'emergency' OR lower(trim(approver)) <> lower(trim(actor)))"
)


def upgrade() -> None:
    """Add them. Releases that are there went live by a start on their folder."""
    with op.batch_alter_table("release") as change:
        for name, before in (("cause", "start"), ("author", "local"), ("actor", "local")):
            change.add_column(sa.Column(name, TEXT, nullable=False, server_default=before))
        change.add_column(sa.Column("approver", TEXT, nullable=True))
    with op.batch_alter_table("release") as change:
        for name in ("cause", "author", "actor"):
            change.alter_column(name, server_default=None)
        change.create_check_constraint("release_four_eyes", FOUR_EYES)
    op.create_table(
        "plan",
        sa.Column("token", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("plan_at", "plan", ["at"])
    op.create_table(
        "proposal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "change",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("by", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("change_at", "change", ["at", "id"])
    op.create_index("change_release", "change", ["release", "id"])


def downgrade() -> None:
    """Take them back."""
    op.drop_table("change")
    op.drop_table("proposal")
    op.drop_table("plan")
    with op.batch_alter_table("release") as change:
        change.drop_constraint("release_four_eyes", type_="check")
        for name in ("approver", "actor", "author", "cause"):
            change.drop_column(name)
