"""Unsubscribe links: signed tokens that say who wants to hear no more, and on which channel."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from engine.errors import NotFoundError

_MAC_BYTES = 16


class Unsubscription(msgspec.Struct, frozen=True, array_like=True):
    """Whom a link unsubscribes, from which channel, and which effect carried the link."""

    customer: str
    channel: str
    effect: str = ""


def token_for(secret: bytes, unsubscription: Unsubscription) -> str:
    """Give a token that nobody without the secret can make (HMAC-SHA-256, 128 bits of it).

    It never expires: an old message must still let its reader go.
    """
    payload = msgspec.msgpack.encode(unsubscription)
    return base64.urlsafe_b64encode(_mac(secret, payload) + payload).decode().rstrip("=")


def read_token(secret: bytes, token: str) -> Unsubscription:
    """Read a token; raises `NotFoundError` when it is not one of ours."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise NotFoundError(
            "this link is cut short, or not one of ours; follow it from the message itself"
        ) from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, payload)):
        raise NotFoundError("this link is cut short, or not one of ours; follow it from the message itself")
    return msgspec.msgpack.decode(payload, type=Unsubscription)


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, b"unsubscribe\0" + payload, hashlib.sha256)[:_MAC_BYTES]
