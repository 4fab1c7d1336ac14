"""SQL of people's sessions."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, delete, select, update

from engine.store.sessions import SESSION


@cache
def insert_session() -> Executable:
    """A session."""
    return SESSION.insert()


@cache
def session() -> Executable:
    """One session."""
    return select(SESSION).where(SESSION.c.hash == bindparam("hash"))


@cache
def end_session() -> Executable:
    """A session, ended unless it was."""
    return (
        update(SESSION)
        .where(SESSION.c.hash == bindparam("b_hash"), SESSION.c.ended_at.is_(None))
        .values(ended_at=bindparam("ended_at"))
    )


@cache
def delete_sessions() -> Executable:
    """Sessions that expired before an instant."""
    return delete(SESSION).where(SESSION.c.expires_at < bindparam("before"))
