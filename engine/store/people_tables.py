"""The tables of what waits for people: questions and cases."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table

from engine.store.tables import METADATA, TEXT

ASK = Table(
    "ask",
    METADATA,
    Column("id", TEXT, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("customer", TEXT, nullable=False),
    Column("who", TEXT, nullable=False),
    Column("answered_at", BigInteger, nullable=True),
    # For ever where nothing is due any more; of a case too.
    Column("due", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
_OPEN = ASK.c.answered_at.is_(None)
Index("ask_open", ASK.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ask_waiting", ASK.c.who, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ask_due", ASK.c.due, ASK.c.id)

CASE = Table(
    "case",
    METADATA,
    Column("id", TEXT, primary_key=True),
    Column("customer", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("ladder", TEXT, nullable=False),
    Column("who", TEXT, nullable=True),
    Column("paused", Boolean, nullable=False),
    Column("breached", Boolean, nullable=False),
    Column("exhausted", Boolean, nullable=False),
    Column("overdue_at", BigInteger, nullable=True),
    Column("due", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
_RUNS_OUT = CASE.c.overdue_at.is_not(None)
Index("case_customer", CASE.c.customer)
Index("case_status", CASE.c.status, CASE.c.id)
Index("case_overdue", CASE.c.overdue_at, sqlite_where=_RUNS_OUT, postgresql_where=_RUNS_OUT)
Index("case_due", CASE.c.status, CASE.c.due, CASE.c.id)
