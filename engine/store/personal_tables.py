"""The tables of privacy: who read what of whom, and whose ids were erased."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table

from engine.store.tables import METADATA, SERIAL, TEXT

ACCESS = Table(
    "access",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("key_id", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("route", TEXT, nullable=False),
    Column("subject", TEXT, nullable=True),
    Column("request_id", TEXT, nullable=True),
    Column("reason", TEXT, nullable=True),
    Column("query", TEXT, nullable=True),
)
"""Readings of personal data. A customer is named by the pseudonym alone."""
Index("access_at", ACCESS.c.at, ACCESS.c.id)
Index("access_subject", ACCESS.c.subject, ACCESS.c.at, ACCESS.c.id)

ERASURE = Table(
    "erasure",
    METADATA,
    Column("mark", TEXT, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("lifted_at", BigInteger, nullable=True),
)
"""Erased ids, each as a keyed digest: whoever has the database alone cannot tell whose it is."""
