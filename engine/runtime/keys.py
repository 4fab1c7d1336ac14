"""API keys: `hf_<role>_<id>_<secret><crc>`, shown once, kept as SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from typing import Literal, get_args

import msgspec

from engine.errors import RequestError, UnauthenticatedError
from engine.model.values import Micros
from engine.store.records import KeyRow

Role = Literal["ingest", "author", "approver", "operator", "auditor", "admin"]
ROLES: tuple[str, ...] = get_args(Role)

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID, _SECRET, _CRC = 10, 32, 6


class NewKey(msgspec.Struct, frozen=True):
    """A key just made: `text` is shown once and nowhere kept."""

    text: str
    row: KeyRow


def make_key(role: str, owner: str, label: str, now: Micros, expires_at: Micros | None = None) -> NewKey:
    """Make a key for the human `owner`; its secret has 190 bits.

    Raises `RequestError` for a role that does not exist or an expiry that has passed.
    """
    if role not in ROLES:
        raise RequestError(f"there is no role {role!r}; write {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    if expires_at is not None and expires_at <= now:
        raise RequestError("the key would have expired already; write a later end")
    body = f"hf_{role}_{_random(_ID)}_{_random(_SECRET)}"
    text = body + _checksum(body)
    row = KeyRow(
        id=body.split("_")[2],
        role=role,
        owner=owner,
        label=label,
        hash=digest(text),
        created_at=now,
        expires_at=expires_at,
    )
    return NewKey(text, row)


def key_id(text: str) -> str:
    """Give the id inside a key's text.

    Raises `UnauthenticatedError` when it is no key, or was mistyped (its check sum tells, without
    a look into the database).
    """
    parts = text.split("_")
    body, crc = text[:-_CRC], text[-_CRC:]
    if len(parts) != 4 or parts[0] != "hf" or not hmac.compare_digest(crc.encode(), _checksum(body).encode()):
        raise UnauthenticatedError(
            "this is no key of Holdfast, or it is cut short; send the whole of it, as hf_ROLE_..."
        )
    return parts[2]


def check_key(text: str, row: KeyRow | None, now: Micros) -> KeyRow:
    """Give the row of a key if the text is that key and it is still good.

    Raises `UnauthenticatedError`, with one sentence for every reason.
    """
    known = row is not None and hmac.compare_digest(row.hash, digest(text))
    if row is None or not known or row.revoked_at is not None:
        raise UnauthenticatedError("this key is unknown, expired or revoked; send one that is in force")
    if row.expires_at is not None and row.expires_at <= now:
        raise UnauthenticatedError("this key is unknown, expired or revoked; send one that is in force")
    return row


def digest(text: str) -> str:
    """Give what is kept of a key: its SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), []
    for _ in range(_CRC):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
