"""People who have signed in: what is kept of a session, and its table."""

from __future__ import annotations

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table

from engine.model.values import Micros
from engine.store.tables import METADATA, TEXT


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session; of its cookie only the hash is kept. `roles` are separated by spaces.

    `csrf` is what a request that acts has to send besides the cookie.
    """

    hash: str
    owner: str
    roles: str
    issuer: str
    subject: str
    csrf: str
    created_at: Micros
    expires_at: Micros
    ended_at: Micros | None = None


SESSION = Table(
    "session",
    METADATA,
    Column("hash", TEXT, primary_key=True),
    Column("owner", TEXT, nullable=False),
    Column("roles", TEXT, nullable=False),
    Column("issuer", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("csrf", TEXT, nullable=False),
    Column("created_at", BigInteger, nullable=False, autoincrement=False),
    Column("expires_at", BigInteger, nullable=False, autoincrement=False),
    Column("ended_at", BigInteger, nullable=True, autoincrement=False),
)
Index("session_expires", SESSION.c.expires_at)
