"""Checkpoints: signed notes as C2SP writes them, read strictly."""

import base64

import pytest

from engine.audit.checkpoints import (
    Checkpoint,
    NoteError,
    Signature,
    Verifier,
    key_id,
    read_note,
    read_verifier,
    signed_text,
    write_note,
)
from engine.audit.signing import Signer, verified

SIGNER = Signer("holdfast/1234", bytes(range(32)))
ROOT = bytes(range(100, 132))
NOTE = SIGNER.sign(7, ROOT)
TEXT = signed_text(Checkpoint("holdfast/1234", 7, ROOT))


def test_a_note_is_the_text_a_blank_line_and_a_signature() -> None:
    origin, size, root, blank, signature, end = NOTE.split("\n")

    assert (origin, size, root) == ("holdfast/1234", "7", base64.b64encode(ROOT).decode())
    assert (blank, end) == ("", "")
    assert signature.startswith("— holdfast/1234 ")
    signed = base64.b64decode(signature.rpartition(" ")[2])
    assert signed[:4] == SIGNER.verifier.key
    assert len(signed) == 68


def test_a_signed_note_gives_its_checkpoint() -> None:
    assert verified(NOTE, SIGNER.verifier) == Checkpoint("holdfast/1234", 7, ROOT)


def test_a_public_key_is_the_one_of_rfc_8032() -> None:
    # given the secret of the first test vector of section 7.1
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    assert Signer("x", secret).verifier.public.hex() == public


def test_a_key_is_written_and_read_back() -> None:
    told = str(SIGNER.verifier)

    assert read_verifier(f"{told}\n") == SIGNER.verifier
    assert told.startswith(f"holdfast/1234+{key_id('holdfast/1234', SIGNER.verifier.public).hex()}+")


def test_signatures_of_others_are_passed_over() -> None:
    witness = Signature("witness.example", b"abcd", b"x" * 64)
    own = read_note(NOTE).signatures

    assert verified(write_note(TEXT, [witness, *own]), SIGNER.verifier).size == 7


@pytest.mark.parametrize(
    "other",
    [Signer("holdfast/1234", bytes(32)).verifier, Signer("holdfast/5678", bytes(range(32))).verifier],
)
def test_a_note_that_the_key_has_not_signed_is_refused(other: Verifier) -> None:
    with pytest.raises(NoteError):
        verified(NOTE, other)


def test_a_signature_over_something_else_is_refused() -> None:
    forged = write_note(signed_text(Checkpoint("holdfast/1234", 8, ROOT)), read_note(NOTE).signatures)

    with pytest.raises(NoteError, match="is not good"):
        verified(forged, SIGNER.verifier)


def test_every_bit_of_a_note_counts() -> None:
    data = NOTE.encode()
    for place in range(len(data) * 8):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises((NoteError, UnicodeDecodeError)):
            verified(bytes(changed).decode(), SIGNER.verifier)


SIGNED = "\n— holdfast/1234 AAAAAAAA\n"
ROOT64 = base64.b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        TEXT + "\nholdfast/1234 AAAAAAAA\n",
        TEXT + SIGNED.removesuffix("\n"),
        TEXT + SIGNED + "\n",
        TEXT + "\n— holdfast/1234 AAAA\n",
        TEXT + "\n— hold fast AAAAAAAA\n",
        TEXT + "\n" + "— holdfast/1234 AAAAAAAA\n" * 17,
        TEXT.replace("\n", "\r\n") + SIGNED,
        f"holdfast/1234\n07\n{ROOT64}\n{SIGNED}",
        f"holdfast/1234\n-7\n{ROOT64}\n{SIGNED}",
        f"holdfast/1234\n9223372036854775808\n{ROOT64}\n{SIGNED}",
        f"holdfast/1234\n\u0667\n{ROOT64}\n{SIGNED}",
        f"hold+fast\n7\n{ROOT64}\n{SIGNED}",
        f"\n7\n{ROOT64}\n{SIGNED}",
        f"holdfast/1234\n7\n{ROOT64[:-1]}\n{SIGNED}",
        f"holdfast/1234\n7\nAAAA\n{SIGNED}",
        f"holdfast/1234\n7\n{ROOT64}\nmore\n{SIGNED}",
    ],
)
def test_what_is_written_otherwise_is_no_note(note: str) -> None:
    with pytest.raises(NoteError):
        read_note(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "holdfast/1234",
        str(SIGNER.verifier)[:-4],
        str(SIGNER.verifier).replace("+AQ", "+Ag"),
        str(SIGNER.verifier).replace("holdfast", "steadfast"),
    ],
)
def test_a_key_that_was_not_copied_whole_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_verifier(text)
