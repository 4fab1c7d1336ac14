"""Bodies as gzip: expanded, whatever they are called, and never beyond their bound."""

from __future__ import annotations

import gzip

import pytest

from api.requests import LARGEST_BODY, expand
from engine.errors import RequestError


def test_one_member_expands() -> None:
    assert expand(gzip.compress(b"hello")) == b"hello"


def test_several_members_expand_to_one_body() -> None:
    assert expand(gzip.compress(b"hel") + gzip.compress(b"lo") + b"\0\0") == b"hello"


def test_a_bomb_is_refused() -> None:
    bomb = gzip.compress(b"\0" * (LARGEST_BODY + 1))
    with pytest.raises(RequestError) as caught:
        expand(bomb)
    assert caught.value.code == "too_large"


def test_many_small_members_are_one_bomb() -> None:
    member = gzip.compress(b"\0" * (LARGEST_BODY // 4))
    assert len(expand(member * 4)) == LARGEST_BODY
    with pytest.raises(RequestError) as caught:
        expand(member * 5)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(
    "broken",
    # Without a time in it: every process that collects this test has to see the same one.
    [gzip.compress(b"hello", mtime=0)[:-5], gzip.compress(b"hello", mtime=0) + b"x", b"\x1f\x8bnonsense"],
)
def test_broken_gzip_is_refused(broken: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        expand(broken)
    assert caught.value.code == "invalid_gzip"
