"""Signing: the only module that speaks to a library of ciphers. Signatures are ed25519 (RFC 8032)."""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.audit.checkpoints import (
    Checkpoint,
    NoteError,
    Signature,
    Verifier,
    read_note,
    read_signature,
    signed_text,
    write_note,
    write_signature,
)

EXPORT = b"holdfast export\n"
"""Comes before a manifest that is signed: no signature of one thing is good for another."""


class Signer(msgspec.Struct, frozen=True):
    """Signs checkpoints in a log's name, with a secret of 32 bytes."""

    name: str
    secret: bytes

    @property
    def verifier(self) -> Verifier:
        """The public key that goes with it."""
        return Verifier(
            self.name, Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        )

    def sign(self, size: int, root: bytes) -> str:
        """Give the signed note of a size and a root."""
        text = signed_text(Checkpoint(self.name, size, root))
        signature = Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode())
        return write_note(text, [Signature(self.name, self.verifier.key, signature)])

    def sign_export(self, manifest: bytes) -> str:
        """Give the signature line of an export's manifest."""
        signature = Ed25519PrivateKey.from_private_bytes(self.secret).sign(EXPORT + manifest)
        return write_signature(Signature(self.name, self.verifier.key, signature))


def check_export(manifest: bytes, line: str, verifier: Verifier) -> None:
    """Raise a `NoteError` unless a key has signed an export's manifest."""
    signature = read_signature(line)
    if (signature.name, signature.key) != (verifier.name, verifier.key):
        raise NoteError(f"{verifier.name} has not signed it with the key {verifier.key.hex()}")
    if not _good(EXPORT + manifest, signature, verifier):
        raise NoteError(f"the signature of {verifier.name} is not good: it was changed, or forged")


def verified(note: str, verifier: Verifier) -> Checkpoint:
    """Give the checkpoint of a note that a key has signed; a `NoteError` where it has not.

    Signatures of others are passed over: keys change, and witnesses sign too.
    """
    read = read_note(note)
    if read.checkpoint.origin != verifier.name:
        raise NoteError(f"it is of {read.checkpoint.origin}, not of {verifier.name}")
    own = [each for each in read.signatures if (each.name, each.key) == (verifier.name, verifier.key)]
    if not own:
        raise NoteError(f"{verifier.name} has not signed it with the key {verifier.key.hex()}")
    if not all(_good(read.text.encode(), each, verifier) for each in own):
        raise NoteError(f"the signature of {verifier.name} is not good: the note was changed, or forged")
    return read.checkpoint


def _good(message: bytes, signature: Signature, verifier: Verifier) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature.signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
