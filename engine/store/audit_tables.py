"""The tables of the audit record; `engine.store.tables` says how to read them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table

from engine.store.tables import METADATA, SERIAL, TEXT

SUBJECT = Table(
    "subject",
    METADATA,
    Column("customer", TEXT, primary_key=True),
    Column("subject", TEXT, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
"""What the audit record calls a customer, and the secret that its commitments to them rest on."""
Index("subject_subject", SUBJECT.c.subject, unique=True)

UNSEALED = Table(
    "unsealed",
    METADATA,
    Column("seq", SERIAL, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("ref", TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
)
"""Entries of the audit record that are committed and have no number yet."""

LEAF = Table(
    "leaf",
    METADATA,
    # Given by the tree; on SQLite it is the row's own number, so that no index holds it again.
    Column("number", SERIAL, primary_key=True, autoincrement=False),
    Column("kind", TEXT, nullable=False),
    Column("ref", TEXT, nullable=False),
    Column("at", BigInteger, nullable=False),
    # The kind again, of what people did: the index of those holds nothing else.
    Column("act", TEXT, nullable=True),
    Column("entry", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The audit record itself: sealed entries, numbered from 0 without a gap; `engine.store.entries` says how."""
Index("leaf_at", LEAF.c.at, LEAF.c.number)
Index(
    "leaf_act",
    LEAF.c.act,
    LEAF.c.at,
    LEAF.c.number,
    sqlite_where=LEAF.c.act.is_not(None),
    postgresql_where=LEAF.c.act.is_not(None),
)

TILE = Table(
    "tile",
    METADATA,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
)
"""Roots of complete subtrees over 256 hashes each, so that a proof reads few of them."""

TREE = Table(
    "tree",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("edge", LargeBinary, nullable=False),
)
"""How far the audit record is sealed: its size, and the hashes from which it grows."""

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", TEXT, nullable=False),
)
"""Roots of the audit record that were signed."""
