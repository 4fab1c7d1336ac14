"""Suppressions and consent through the doors."""

from __future__ import annotations

from typing import Any

import pytest

from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.people.reaching import MOST_LINES
from tests.integration.api.conftest import Client, Door

HOUR = 3_600_000_000


@pytest.fixture
def desk(as_role: Door) -> Client:
    return as_role("operator")


def known(desk: Client, *names: str, **traits: Any) -> None:
    for name in names:
        told = {"traits": {"email": f"{name}@example.com", **traits}}
        assert desk("PUT", f"/v1/customers/{name}", told).status_code == 200


def asks_for_news(desk: Client, name: str, number: int = 1) -> tuple[str, str | None]:
    """Gives how a run of the newsletter stands after a customer asked for it."""
    before = {run["id"] for run in desk.get(f"/v1/runs?workflow=news&customer={name}").json()["items"]}
    desk.events({"customer": name, "event": "news_asked", "id": f"{name}-{number}"})
    runs = desk.get(f"/v1/runs?workflow=news&customer={name}").json()["items"]
    (latest,) = [run for run in runs if run["id"] not in before]
    return latest["status"], latest["reason"]


def test_a_suppressed_address_stops_whoever_has_it_until_it_is_removed(desk: Client) -> None:
    known(desk, "ann", "bob", marketing_email=True, email="shared@example.com")
    told = {"address": "Shared@Example.com", "channel": "email", "note": "asked by telephone"}
    added = desk.post("/v1/suppressions", told).json()
    assert (added["address"], added["reason"], added["by"]) == (
        "shared@example.com", "operator", "operator@example.com",
    )  # fmt: skip
    assert desk.post("/v1/suppressions", told).status_code == 409
    assert [asks_for_news(desk, name) for name in ("ann", "bob")] == [("refused", "suppressed")] * 2
    assert desk.get("/v1/customers/bob").json()["suppressed"] == {"email": "operator"}

    removed = desk("DELETE", f"/v1/suppressions/{added['id']}?reason=they+asked+again").json()

    assert (removed["removed_by"], removed["removed_note"]) == ("operator@example.com", "they asked again")
    assert desk("DELETE", f"/v1/suppressions/{added['id']}?reason=twice").status_code == 404
    assert desk.get("/v1/suppressions").json()["items"] == []
    assert desk.get("/v1/suppressions?removed=true").json()["items"] == [removed]
    assert asks_for_news(desk, "bob", 2)[0] == "waiting"


def test_a_suppressed_customer_is_so_at_every_address(desk: Client) -> None:
    known(desk, "ann", marketing_email=True)
    added = desk.post("/v1/suppressions", {"customer": "ann", "reason": "deceased"}).json()
    assert (added["customer"], added["address"], added["channel"]) == ("ann", None, "*")
    known(desk, "ann", email="new@example.com")
    assert asks_for_news(desk, "ann") == ("refused", "suppressed")
    assert desk.get("/v1/suppressions?customer=ann").json()["items"] == [added]

    assert desk("DELETE", f"/v1/suppressions/{added['id']}?reason=wrong+person").status_code == 200
    assert asks_for_news(desk, "ann", 2)[0] == "waiting"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"address": "a@example.com", "customer": "ann"},
        {"address": ""},
        {"address": "a@example.com", "channel": "fax"},
        {"address": "a@example.com", "reason": "=1+1"},
    ],
)
def test_what_is_no_suppression_is_refused(desk: Client, told: dict[str, Any]) -> None:
    assert desk.post("/v1/suppressions", told).status_code in (400, 422)


def test_only_operators_touch_the_list(desk: Client, as_role: Door) -> None:
    added = desk.post("/v1/suppressions", {"address": "a@example.com"}).json()
    for role in ("ingest", "author", "auditor"):
        other = as_role(role)
        assert other.post("/v1/suppressions", {"address": "b@example.com"}).status_code == 403
        assert other("DELETE", f"/v1/suppressions/{added['id']}?reason=x").status_code == 403
    assert desk("DELETE", f"/v1/suppressions/{added['id']}").status_code == 400
    assert desk.post("/v1/suppressions", {"customer": "nobody"}).status_code == 404


def test_a_list_comes_back_as_it_went_out_and_holds_no_formula(desk: Client) -> None:
    # given an address, a telephone number, and a note that a spreadsheet would take for a formula
    desk.post("/v1/suppressions", {"address": "a@example.com", "channel": "email", "note": '=HYPERLINK("x")'})
    desk.post("/v1/suppressions", {"address": "+31 6 1234", "channel": "sms", "reason": "hard_bounce"})
    desk.post("/v1/suppressions", {"address": "'quoted@example.com"})

    exported = desk.get("/v1/suppressions/export")
    assert exported.headers["content-type"].startswith("text/csv")
    cells = [cell for line in exported.text.splitlines()[1:] for cell in line.split(",")]
    assert not any(cell.strip('"').startswith(("=", "+", "-", "@")) for cell in cells)

    before = desk.get("/v1/suppressions").json()["items"]
    for one in before:
        desk("DELETE", f"/v1/suppressions/{one['id']}?reason=moved")
    head = {"content-type": "text/csv"}
    told = desk("POST", "/v1/suppressions/import", content=exported.text.encode(), headers=head).json()

    assert told == {"added": 3, "known": 0, "refused": []}
    after = desk.get("/v1/suppressions").json()["items"]
    same = ("address", "channel", "reason", "note")
    assert [[one[name] for name in same] for one in after] == [[one[name] for name in same] for one in before]


def test_the_wrong_lines_of_a_list_are_told_and_the_others_count(desk: Client) -> None:
    known(desk, "ann")
    text = "address,customer,channel\nx@example.com,,email\n,nobody,\n,ann,\nx@example.com,,email\n,,sms\n"
    told = desk("POST", "/v1/suppressions/import", content=text.encode()).json()
    assert (told["added"], told["known"]) == (2, 1)
    assert [one["line"] for one in told["refused"]] == [3, 6]
    for broken in (b"mail,why\nx,y\n", b'address\n"x', b"\xff\xfe"):
        assert desk("POST", "/v1/suppressions/import", content=broken).status_code == 400


def test_a_list_that_is_too_long_for_one_transaction_is_refused_as_a_whole(desk: Client) -> None:
    text = "address\n" + "".join(f"a{number}@example.com\n" for number in range(MOST_LINES + 1))
    answer = desk("POST", "/v1/suppressions/import", content=text.encode())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert desk.get("/v1/suppressions").json()["items"] == []


def test_consent_stands_with_where_it_comes_from_and_how_it_came_about(
    desk: Client, engine: Engine, clock: VirtualClock
) -> None:
    known(desk, "ann")
    assert desk.get("/v1/customers/ann/consent").json()["now"] == [
        {
            "channel": "email", "purpose": None, "fact": "marketing_email", "granted": None, "at": None,
            "source": None, "suppressed": None,
        }
    ]  # fmt: skip
    # when it is given on a form, taken back by a link, and given again
    said = {"channel": "email", "granted": True, "source": "sign-up form"}
    assert desk.post("/v1/customers/ann/consent", said).status_code == 200
    engine.run_until(clock.now() + HOUR)
    desk.events({"customer": "ann", "event": "unsubscribed", "id": "u1", "channel": "email"})
    assert asks_for_news(desk, "ann") == ("refused", "suppressed")
    engine.run_until(clock.now() + HOUR)
    again = desk.post("/v1/customers/ann/consent", said | {"source": "at the till"}).json()

    # then it holds, and every change is told
    assert [(one["granted"], one["source"], one["suppressed"]) for one in again["now"]] == [
        (True, "at the till", None)
    ]
    assert asks_for_news(desk, "ann", 2)[0] == "waiting"
    history = desk.get("/v1/customers/ann/consent").json()["history"]
    assert [(one["granted"], one["source"], one["by"]) for one in history] == [
        (True, "at the till", "operator@example.com"),
        (False, "operator-key", None),
        (True, "sign-up form", "operator@example.com"),
    ]
    assert desk.get("/v1/suppressions?customer=ann").json()["items"] == []


def test_consent_that_is_taken_back_counts_from_that_moment(desk: Client) -> None:
    known(desk, "ann", marketing_email=True)
    said = {"channel": "email", "granted": False, "source": "letter"}
    desk.post("/v1/customers/ann/consent", said)
    assert asks_for_news(desk, "ann") == ("refused", "consent")


def test_consent_that_nobody_asks_for_is_refused(desk: Client, as_role: Door) -> None:
    known(desk, "ann")
    for said in (
        {"channel": "sms", "granted": True, "source": "form"},
        {"channel": "fax", "granted": True, "source": "form"},
        {"channel": "email", "granted": True},
    ):
        assert desk.post("/v1/customers/ann/consent", said).status_code in (400, 422)
    good = {"channel": "email", "granted": True, "source": "form"}
    assert as_role("ingest").post("/v1/customers/ann/consent", good).status_code == 403
    assert desk.post("/v1/customers/nobody/consent", good).status_code == 404
    assert desk.get("/v1/customers/nobody/consent").status_code == 404
