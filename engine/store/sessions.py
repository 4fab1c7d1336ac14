"""People who have signed in: what is kept of a session, and its table."""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy import BigInteger, Column, Index, Table

from engine.model.values import Micros
from engine.store.tables import METADATA, TEXT

BY_KEY = "key"
"""The issuer of a session that began with an API key, whose id is its subject."""


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

    @property
    def name(self) -> str:
        """What the audit record calls the session."""
        return self.hash[:20]

    @property
    def person(self) -> str:
        """The id of whose session it is: that of the key where it began with one."""
        return self.subject if self.issuer == BY_KEY else person_id(self.issuer, self.subject)


def person_id(issuer: str, subject: str) -> str:
    """Give the id of somebody who signs in at a provider: it stands where the id of a key stands."""
    named = f"{issuer}\0{subject}".encode()
    return f"person-{hashlib.sha256(named).hexdigest()[:20]}"


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
