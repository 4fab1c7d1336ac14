"""Checkpoints: a size and a root of the audit record, as a signed note (C2SP tlog-checkpoint, signed-note).

A note is the text that is signed, a blank line, and a line for each signature:

    holdfast/9f2c41d07a3b5e18
    1234
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — holdfast/9f2c41d07a3b5e18 Az3grlgtzPICa5OS8npVmf1Myq/5IZni...
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

import msgspec

from engine.audit.tree import HASH_LENGTH
from engine.errors import HoldfastError

ED25519 = b"\x01"
"""The kind of a key, of a signature too, as C2SP numbers them."""

MOST_SIGNATURES = 16

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n")
_KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class NoteError(HoldfastError):
    """A note, or a key, is not written as it has to be, or no signature in it is good."""


class Checkpoint(msgspec.Struct, frozen=True):
    """What is signed: whose tree it is, how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes


class Signature(msgspec.Struct, frozen=True):
    """One signature: who signs, by which key, and the 64 bytes of it."""

    name: str
    key: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A checkpoint as it is handed on: the signed text, and the signatures under it."""

    checkpoint: Checkpoint
    text: str
    signatures: tuple[Signature, ...]


class Verifier(msgspec.Struct, frozen=True):
    """A public key that checkpoints are checked with: its name, and its 32 bytes."""

    name: str
    public: bytes

    @property
    def key(self) -> bytes:
        """The key's id: it tells one of a name's keys from another."""
        return key_id(self.name, self.public)

    def __str__(self) -> str:
        """Write it as C2SP does: name, key id and key, joined by plus signs."""
        return f"{self.name}+{self.key.hex()}+{_base64(ED25519 + self.public)}"


def key_id(name: str, public: bytes) -> bytes:
    """Give the id of an ed25519 key: the first four bytes of a SHA-256 over its name and itself."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def signed_text(checkpoint: Checkpoint) -> str:
    """Give the text that is signed."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_base64(checkpoint.root)}\n"


def write_note(text: str, signatures: Sequence[Signature]) -> str:
    """Give the note of a signed text."""
    return f"{text}\n{''.join(map(write_signature, signatures))}"


def write_signature(signature: Signature) -> str:
    """Give the line of a signature."""
    return f"— {signature.name} {_base64(signature.key + signature.signature)}\n"


def read_note(note: str) -> Note:
    """Read a note as strictly as it was written; a `NoteError` says what is wrong with it."""
    text, blank, below = note.rpartition("\n\n")
    text += "\n"
    lines = text.split("\n")
    if not blank or len(lines) != 4 or not below.endswith("\n"):
        raise NoteError("it has to be an origin, a size and a root on a line each, a blank line, signatures")
    origin, size, root = lines[:3]
    if not _NAME.fullmatch(origin):
        raise NoteError(f"{origin!r} is no name of a log")
    if not _SIZE.fullmatch(size) or int(size) >= 2**63:
        raise NoteError(f"{size!r} is no size: write decimal digits without a leading zero")
    checkpoint = Checkpoint(origin, int(size), _read_base64(root, HASH_LENGTH, "the root"))
    signed = below[:-1].split("\n")
    if len(signed) > MOST_SIGNATURES:
        raise NoteError(f"it has {len(signed)} signatures, more than {MOST_SIGNATURES}")
    return Note(checkpoint, text, tuple(read_signature(f"{line}\n") for line in signed))


def read_verifier(text: str) -> Verifier:
    """Read a public key as C2SP writes it; a `NoteError` where it is none."""
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise NoteError("a key is a name, eight hexadecimal digits and base64, joined by plus signs")
    name, id, encoded = found.groups()
    key = _read_base64(encoded, 33, "the key")
    if key[:1] != ED25519:
        raise NoteError(f"it is a key of the kind {key[0]}, and only ed25519 (1) is known")
    verifier = Verifier(name, key[1:])
    if verifier.key.hex() != id:
        raise NoteError(f"the key's id is {verifier.key.hex()}, not {id}: it was not copied whole")
    return verifier


def read_signature(line: str) -> Signature:
    """Read the line of a signature; a `NoteError` where it is none."""
    found = _SIGNATURE.fullmatch(line)
    if found is None:
        raise NoteError(f"{line!r} is no signature")
    name, encoded = found.groups()
    both = _read_base64(encoded, None, "a signature")
    if len(both) < 5:
        raise NoteError(f"the signature of {name} is too short")
    return Signature(name, both[:4], both[4:])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_base64(text: str, length: int | None, what: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is no base64") from error
    if _base64(found) != text or (length is not None and len(found) != length):
        raise NoteError(f"{what} is not {length} bytes in base64")
    return found
