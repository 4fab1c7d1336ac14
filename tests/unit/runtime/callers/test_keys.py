"""API keys: shown once, checked without the database where they are mistyped."""

import msgspec
import pytest

from engine.errors import RequestError, UnauthenticatedError
from engine.runtime.callers.keys import ROLES, check_key, key_id, make_key

NOW = 1_000_000


@pytest.mark.parametrize("role", ROLES)
def test_a_key_names_its_role_and_id(role: str) -> None:
    made = make_key(role, "ann@example.com", "shop", NOW)
    assert made.text.startswith(f"hf_{role}_{made.row.id}_")
    assert key_id(made.text) == made.row.id


def test_a_key_is_good_against_its_row() -> None:
    made = make_key("ingest", "ann@example.com", "shop", NOW)
    assert check_key(made.text, made.row, NOW) == made.row


def test_the_row_does_not_hold_the_secret() -> None:
    made = make_key("admin", "ann@example.com", "", NOW)
    secret = made.text.split("_")[3]
    assert secret not in msgspec.json.encode(made.row).decode()


@pytest.mark.parametrize(
    "text", ["", "hf", "hf_ingest_abc", "Bearer x", "hf_ingest_a_b_c", "hf_ingest_é_secretsecret"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        key_id(text)


def test_one_wrong_letter_is_found_by_the_check_sum() -> None:
    made = make_key("ingest", "ann@example.com", "", NOW)
    wrong = made.text[:-10] + ("a" if made.text[-10] != "a" else "b") + made.text[-9:]
    with pytest.raises(UnauthenticatedError):
        key_id(wrong)


def test_another_secret_under_the_same_id_is_refused() -> None:
    # given two keys, and the row of one that claims the id of the other
    made, other = (make_key("ingest", "ann@example.com", "", NOW) for _ in range(2))
    row = msgspec.structs.replace(other.row, id=made.row.id)

    # then the text does not open it
    with pytest.raises(UnauthenticatedError):
        check_key(made.text, row, NOW)


def test_an_expired_key_is_refused_from_its_instant_on() -> None:
    made = make_key("ingest", "ann@example.com", "", NOW, NOW + 10)
    assert check_key(made.text, made.row, NOW + 9).id == made.row.id
    with pytest.raises(UnauthenticatedError):
        check_key(made.text, made.row, NOW + 10)


def test_a_revoked_key_is_refused() -> None:
    made = make_key("ingest", "ann@example.com", "", NOW)
    with pytest.raises(UnauthenticatedError):
        check_key(made.text, msgspec.structs.replace(made.row, revoked_at=NOW), NOW + 1)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(UnauthenticatedError):
        check_key(make_key("ingest", "ann@example.com", "", NOW).text, None, NOW)


def test_there_is_no_key_for_a_role_that_does_not_exist() -> None:
    with pytest.raises(RequestError):
        make_key("king", "ann@example.com", "", NOW)


def test_a_key_cannot_be_made_expired() -> None:
    with pytest.raises(RequestError):
        make_key("ingest", "ann@example.com", "", NOW, NOW)
