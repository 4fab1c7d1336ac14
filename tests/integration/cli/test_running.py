"""Commands beside a server: what writes goes through its API, with the token in the lock file."""

import httpx

from tests.command_line import Holdfast


def test_keys_are_made_by_the_server_and_good_at_once(server: str, holdfast: Holdfast) -> None:
    made = holdfast(
        "keys", "create", "--role", "ingest", "--owner", "a@b.c", "--expires", "1d", "--json"
    ).answer
    assert set(made) == {"id", "key", "role", "owner", "expires"}
    head = {"Authorization": f"Bearer {made['key']}"}
    event = {"customer": "c1", "event": "order_completed", "total": 5}

    assert httpx.post(f"{server}/v1/events", json=event, headers=head).status_code == 200

    assert holdfast("keys", "revoke", made["id"]).code == 0
    assert httpx.post(f"{server}/v1/events", json=event, headers=head).status_code == 401


def test_events_are_imported_through_the_server(server: str, holdfast: Holdfast) -> None:
    answer = holdfast("import", "orders.csv", "--json").answer

    answer.pop("seconds")
    assert answer == {"accepted": 3, "duplicates": 1, "conflicts": 1, "quarantined": 1, "customers": 3}
    assert holdfast("doctor", "--json").answer["accepted"] == 3


def test_the_past_waits_until_the_server_has_stopped(server: str, holdfast: Holdfast) -> None:
    said = holdfast("import", "orders.csv", "--history")

    assert said.code == 1
    assert "an engine runs on this database; stop it to import history" in said.err


def test_a_second_server_is_refused(server: str, holdfast: Holdfast) -> None:
    said = holdfast("serve", "--port", "0")

    assert said.code == 1
    assert "is in use by the process" in said.err
