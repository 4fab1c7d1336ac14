"""API keys: `hf_<role>_<id>_<secret><crc>`, shown once, kept as SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Iterable
from typing import get_args

import msgspec

from engine.errors import (
    ConflictError,
    ForbiddenError,
    RequestError,
    UnauthenticatedError,
    ValueSyntaxError,
)
from engine.model.values import DAY, Duration, Micros
from engine.model.workspace import Role
from engine.runtime.addresses import Address, network_of, networks_of, within
from engine.store.records import KeyRow

ROLES: tuple[str, ...] = get_args(Role)

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID, _SECRET, _CRC = 10, 32, 6


class NewKey(msgspec.Struct, frozen=True):
    """A key just made: `text` is shown once and nowhere kept."""

    text: str
    row: KeyRow


class Bounds(msgspec.Struct, frozen=True):
    """Where a key may be used from, networks as text; and the source of all its events, None being any."""

    addresses: tuple[str, ...] = ()
    source: str | None = None


ANYWHERE = Bounds()

NOT_GOOD = "this key is unknown, expired or revoked, or may not be used from here"
"""What whoever sends a key is told, whatever is wrong with it."""

GRACE: Micros = DAY
"""How long a key is good beside its successor, unless said otherwise."""
LONGEST_GRACE: Micros = 30 * DAY


def make_key(
    role: str,
    owner: str,
    label: str,
    now: Micros,
    expires_at: Micros | None = None,
    bounds: Bounds = ANYWHERE,
) -> NewKey:
    """Make a key for the human `owner`; its secret has 190 bits.

    Raises `RequestError` for a role that does not exist, an expiry that has passed, an address that is
    none, or a source for a key that sends no events.
    """
    if role not in ROLES:
        raise RequestError(f"there is no role {role!r}; write {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    if expires_at is not None and expires_at <= now:
        raise RequestError("the key would have expired already; write a later end")
    if bounds.source is not None and role != "ingest":
        raise RequestError(
            "only a key with the role ingest is bound to a source; leave `source` out", code="invalid_source"
        )
    body = f"hf_{role}_{_random(_ID)}_{_random(_SECRET)}"
    text = body + _checksum(body)
    row = KeyRow(
        id=body.split("_")[2],
        role=role,
        owner=person(owner),
        label=label,
        hash=digest(text),
        created_at=now,
        expires_at=expires_at,
        addresses=_networks(bounds.addresses),
        source=bounds.source,
    )
    return NewKey(text, row)


def person(owner: str) -> str:
    """Give the name of a human as it is kept: the same one however an e-mail address was written."""
    bare = owner.strip()
    return bare.lower() if "@" in bare else bare


def grace_of(text: str | None) -> Micros:
    """Read how long a key is good beside its successor, such as `1d`; raises `RequestError`."""
    if text is None:
        return GRACE
    try:
        grace = Duration.parse(text).micros
    except ValueSyntaxError as error:
        raise RequestError(str(error), code="invalid_grace") from None
    if grace > LONGEST_GRACE:
        raise RequestError(
            "an old key is good for 30 days more at most; write a shorter grace", code="invalid_grace"
        )
    return grace


def successor_of(row: KeyRow, now: Micros) -> NewKey:
    """Make the key that takes over from another: for the same human, and as long as that was good for.

    Raises `ConflictError` where the other is no longer good or has a successor.
    """
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise ConflictError(f"the key {row.id} is no longer good; make a new one")
    if row.successor is not None:
        raise ConflictError(f"the key {row.id} has a successor already; use {row.successor}")
    until = None if row.expires_at is None else now + row.expires_at - row.created_at
    bounds = Bounds(tuple((row.addresses or "").split()), row.source)
    return make_key(row.role, row.owner, row.label, now, until, bounds)


def check_grant(role: str, owner: str, keys: Iterable[KeyRow], now: Micros, by: str | None = None) -> None:
    """Raise `ForbiddenError` where a human may not be given a role by another.

    Nobody makes themselves an approver, and who is an admin does not approve: one human alone must not be
    able to let a change through.
    """
    human = person(owner)
    if role == "approver" and by is not None and person(by) == human:
        raise ForbiddenError("nobody makes themselves an approver; ask another admin", code="self_grant")
    other = {"approver": "admin", "admin": "approver"}.get(role)
    if other is not None and holds(keys, human, other, now):
        raise ForbiddenError(
            f"{human} has a key as {other}; and an admin cannot approve; take that key back first",
            code="two_roles",
        )


def holds(keys: Iterable[KeyRow], owner: str, role: str, now: Micros) -> bool:
    """Tell whether a human has a key of a role that is good now."""
    found = (key for key in keys if key.owner == owner and key.role == role and key.revoked_at is None)
    return any(key.expires_at is None or key.expires_at > now for key in found)


def _networks(addresses: Iterable[str]) -> str | None:
    try:
        return " ".join(str(network_of(each)) for each in addresses) or None
    except ValueError as error:
        raise RequestError(f"{error}; write 10.0.0.0/8, or one address", code="invalid_address") from None


def key_id(text: str) -> str:
    """Give the id inside a key's text.

    Raises `UnauthenticatedError` when it is no key, or was mistyped (its check sum tells, without
    a look into the database).
    """
    parts = text.split("_")
    body, crc = text[:-_CRC], text[-_CRC:]
    if len(parts) != 4 or parts[0] != "hf" or not hmac.compare_digest(crc.encode(), _checksum(body).encode()):
        raise UnauthenticatedError(NOT_GOOD, because="malformed")
    return parts[2]


def check_key(text: str, row: KeyRow | None, now: Micros) -> KeyRow:
    """Give the row of a key if the text is that key and it is still good.

    Raises `UnauthenticatedError`, with one sentence for every reason.
    """
    if row is not None and not hmac.compare_digest(row.hash, digest(text)):
        row = None
    return check_row(row, now)


def check_row(row: KeyRow | None, now: Micros) -> KeyRow:
    """Give the row of a key that somebody has shown before, if it is still good, as `check_key` does."""
    if row is None:
        raise UnauthenticatedError(NOT_GOOD, because="unknown")
    if row.revoked_at is not None:
        raise UnauthenticatedError(NOT_GOOD, because="revoked", key=row.id)
    if row.expires_at is not None and row.expires_at <= now:
        raise UnauthenticatedError(NOT_GOOD, because="expired", key=row.id)
    return row


def check_address(row: KeyRow, address: Address | None) -> None:
    """Raise `UnauthenticatedError` where a key may not be used from an address, or that is not known."""
    if row.addresses is not None and not within(address, networks_of(row.addresses)):
        raise UnauthenticatedError(NOT_GOOD, because="address", key=row.id)


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
