"""Unsubscribe links: nobody can make one for somebody else."""

import pytest

from engine.errors import NotFoundError
from engine.runtime.actions.unsubscribe import Unsubscription, read_token, token_for

SECRET = b"s" * 32
ANN = Unsubscription("ann", "email", "run1:2:0")


def test_a_token_says_who_and_which_channel() -> None:
    assert read_token(SECRET, token_for(SECRET, ANN)) == ANN


def test_a_token_fits_into_a_link() -> None:
    assert token_for(SECRET, ANN).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("place", range(0, 30, 3))
def test_a_changed_token_is_refused(place: int) -> None:
    token = token_for(SECRET, ANN)
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    with pytest.raises(NotFoundError):
        read_token(SECRET, changed)


def test_a_token_of_another_workspace_is_refused() -> None:
    with pytest.raises(NotFoundError):
        read_token(SECRET, token_for(b"t" * 32, ANN))


@pytest.mark.parametrize("token", ["", "x", "é", "AAAA" * 20, "%00"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotFoundError):
        read_token(SECRET, token)
