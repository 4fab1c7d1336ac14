"""Words by which customers are found: of their id, name and e-mail address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from engine.customers.naming import words_of

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
AT_ONCE = 1000
TRAITS, SAYING = 10, ("name", "first_name", "last_name", "email")
"""Where the traits stand in a customer's bytes, each as its name and its value and more; which ones tell."""

WORD = sa.table("customer_word", sa.column("customer"), sa.column("word"))


def upgrade() -> None:
    """Add them, filled from what is known of everybody, and of the ids that were bound to others."""
    op.create_table(
        "customer_word",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("word", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("customer", "word"),
        sqlite_with_rowid=False,
    )
    for rows in _pages("customer"):
        _put({row["id"]: words_of(row["id"], _said(row["hot"])) for row in rows})
    for rows in _pages("alias"):
        _put({row["id"]: words_of(row["id"]) for row in rows})
    op.create_index("customer_word_word", "customer_word", ["word", "customer"])


def downgrade() -> None:
    """Take them away: all of it is in what is known."""
    op.drop_index("customer_word_word", "customer_word")
    op.drop_table("customer_word")


def _said(hot: bytes) -> tuple[Any, ...]:
    try:
        held = msgspec.msgpack.decode(hot, type=list[Any])
        sent = {name: value for name, value, *_ in held[TRAITS]}
    except (msgspec.MsgspecError, IndexError):
        return ()  # nobody can read them, and there is nothing to find them by
    return tuple(sent.get(name) for name in SAYING)


def _pages(name: str) -> Iterator[list[Mapping[str, Any]]]:
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    after = ""
    while True:
        page = sa.select(table).where(table.c.id > after).order_by(table.c.id).limit(AT_ONCE)
        rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(page).mappings()]
        yield rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["id"]


def _put(words: Mapping[str, frozenset[str]]) -> None:
    rows = [{"customer": id, "word": word} for id, found in words.items() for word in sorted(found)]
    if rows:
        op.get_bind().execute(sa.insert(WORD), rows)
