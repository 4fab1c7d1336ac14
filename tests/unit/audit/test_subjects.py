"""Commitments: a record can be checked with its own salt, and with no other."""

import hashlib
import hmac

from engine.audit.subjects import commitment_of, content_of, salt_of

SECRET = bytes(range(32))


def test_a_commitment_is_two_hmacs() -> None:
    salt = hmac.new(SECRET, b"saltdecision/d1", hashlib.sha256).digest()

    assert salt_of(SECRET, "decision/d1") == salt
    assert commitment_of(salt, b"ann\x00doc") == hmac.new(salt, b"ann\x00doc", hashlib.sha256).hexdigest()


def test_records_of_one_customer_have_salts_of_their_own() -> None:
    assert len({salt_of(SECRET, f"decision/{number}") for number in range(100)}) == 100


def test_whose_a_record_is_is_committed_to() -> None:
    salt = salt_of(SECRET, "decision/d1")

    assert commitment_of(salt, content_of("ann", b"x")) != commitment_of(salt, content_of("bob", b"x"))
