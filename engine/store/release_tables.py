"""The tables of plans, proposals, and the record of changes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from engine.store.tables import METADATA, SERIAL, TEXT

PLAN = Table(
    "plan",
    METADATA,
    Column("token", TEXT, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
Index("plan_at", PLAN.c.at)

PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("token", TEXT, nullable=False),
    Column("author", TEXT, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

CHANGE = Table(
    "change",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("release", Integer, nullable=False),
    Column("by", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("hash", TEXT, nullable=False),
    Column("note", TEXT, nullable=True),
)
"""What was done to releases, line by line; nothing of it is ever changed."""
Index("change_at", CHANGE.c.at, CHANGE.c.id)
Index("change_release", CHANGE.c.release, CHANGE.c.id)
