"""Points: what the postings of each lot come to, by account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ACCOUNTS = ("issued", "pending", "available", "reserved", "redeemed", "expired", "reversed", "debt")

ENTRIES = 5
"""The place of a posting's entries in its document."""

PORTION = 1000


def upgrade() -> None:
    """Make the table, and sum up what has been booked so far."""
    lots = op.create_table(
        "lot",
        sa.Column("program", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        *(sa.Column(account, sa.BigInteger(), nullable=False) for account in ACCOUNTS),
        sa.PrimaryKeyConstraint("program", "key"),
    )
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for program, entries in _booked():
        for account, points, lot in entries:
            row = sums.setdefault(
                (program, lot), {"program": program, "key": lot, **dict.fromkeys(ACCOUNTS, 0)}
            )
            row[account] += points
    rows = [sums[place] for place in sorted(sums)]
    for first in range(0, len(rows), PORTION):
        op.bulk_insert(lots, rows[first : first + PORTION])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("lot")


def _booked() -> Iterator[tuple[str, list[tuple[str, int, str]]]]:
    found = op.get_bind().execute(sa.text("SELECT program, document FROM posting ORDER BY id"))
    for program, document in found:
        held = msgspec.msgpack.decode(bytes(document))
        yield program, held.get(ENTRIES, held.get("entries", []))
