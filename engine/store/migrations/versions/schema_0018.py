"""Decisions that did not fire, by outcome: of what is rare there may be a few in millions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    unfired = sa.text("outcome != 'fired'")
    columns = ["outcome", "at", "id", "rule"]
    op.create_index("decision_unfired", "decision", columns, sqlite_where=unfired, postgresql_where=unfired)


def downgrade() -> None:
    """Take it away."""
    op.drop_index("decision_unfired", "decision")
