"""Subjects: how an entry is about a customer, and binds what is stored of them, without telling either.

Each customer has a random pseudonym and a random secret of 32 bytes. A record of theirs is committed to
with a salt of its own, which only the secret gives: whoever is told the salt of one record can check
that one and no other, and once the secret is deleted nobody can check, or guess, any.
"""

from __future__ import annotations

import hashlib
import hmac

SECRET_LENGTH = 32
"""Bytes of a customer's secret."""


def salt_of(secret: bytes, record: str) -> bytes:
    """Give the salt of a record (its kind and ref, joined by a slash) of the customer with a secret."""
    return hmac.digest(secret, b"salt" + record.encode(), hashlib.sha256)


def commitment_of(salt: bytes, content: bytes) -> str:
    """Give the commitment to a record's content, as hexadecimal digits."""
    return hmac.digest(salt, content, hashlib.sha256).hex()


def content_of(customer: str, document: bytes) -> bytes:
    """Give what a commitment is over: the customer's id, a zero byte, the document as it is stored."""
    return customer.encode() + b"\x00" + document
