"""Changes through the doors: planned, proposed, approved by another, live, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.values import HOUR, SECOND
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START, Client, Door

RULE = "rules/big-order.yaml"
OVER_500 = {RULE: FILES[RULE].replace(">= 100.10", ">= 500")}
OVER_300 = {RULE: FILES[RULE].replace(">= 100.10", ">= 300")}


@pytest.fixture
def of(engine: Engine, as_role: Door) -> Any:
    """Gives a client with a key of a role that belongs to a human."""

    def door(role: str, owner: str) -> Client:
        return Client(as_role("").http, engine.create_key(role, owner).text)

    return door


def plan(author: Client, files: dict[str, str | None]) -> dict[str, Any]:
    answer = author.post("/v1/plans", {"files": files})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def propose(author: Client, files: dict[str, str | None], **more: Any) -> dict[str, Any]:
    answer = author.post("/v1/releases", {"token": plan(author, files)["token"], **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def order(client: Client, id: str, total: int) -> None:
    # Of a customer each: whoever is asked about already is not asked about again.
    client.events({"customer": f"of-{id}", "event": "order_completed", "id": id, "total": total})


def asked(client: Client) -> int:
    return len(client.get("/v1/asks").json()["items"])


def test_a_change_is_planned_proposed_refused_to_its_author_approved_live_and_taken_back(
    of: Any, as_role: Door, clock: VirtualClock
) -> None:
    author, approver = of("author", "ann@example.com"), of("approver", "bob@example.com")
    shop, operator = as_role("admin"), of("operator", "eve@example.com")

    # given a plan of a higher threshold
    found = plan(author, OVER_500)
    [change] = found["changes"]
    assert (change["change"], change["kind"], change["id"]) == ("changed", "rule", "big-order")
    assert "-  - event.total >= 100.10" in change["diff"]
    assert "+  - event.total >= 500" in change["diff"]
    assert found["tests"] == {"passed": 0, "failed": 0, "of": 0, "failures": []}
    assert author.get(f"/v1/plans/{found['token']}").json() == found

    # when it is proposed, then nothing is live yet
    made = author.post("/v1/releases", {"token": found["token"], "note": "too many asks"}).json()
    assert made == {
        "number": 2, "state": "open", "hash": found["token"], "author": "ann@example.com", "base": 1
    }  # fmt: skip
    order(shop, "o1", 200)
    assert asked(shop) == 1

    # when its author approves it, also through another key that spells the name otherwise
    for owner in ("ann@example.com", " Ann@Example.COM"):
        answer = of("approver", owner).post("/v1/releases/2/approve", {"hash": made["hash"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "own_approval")

    # when another human does, then it is live
    clock.move_to(START + HOUR)
    answer = approver.post("/v1/releases/2/approve", headers={"If-Match": f'"{made["hash"]}"'})
    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    order(shop, "o2", 200)
    assert asked(shop) == 1
    whole = author.get("/v1/releases/2")
    assert whole.headers["etag"] == f'"{made["hash"]}"'
    known = whole.json()
    assert (known["status"], known["cause"]) == ("live", "approved")
    assert (known["author"], known["approver"]) == ("ann@example.com", "bob@example.com")
    assert known["live_at"] == "2026-01-05T13:00:00Z"
    assert [line["kind"] for line in known["changes"]] == ["proposed", "approved", "live"]
    rule = author.get("/v1/rules/big-order").json()
    assert (rule["author"], rule["approver"]) == ("ann@example.com", "bob@example.com")

    # when an operator goes back, then the first rule decides again
    answer = operator.post("/v1/releases/2/rollback", {"reason": "too few asks"})
    assert (answer.status_code, answer.json()["base"]) == (200, 1)
    order(shop, "o3", 200)
    assert asked(shop) == 2
    versions = author.get("/v1/rules/big-order/versions").json()["items"]
    assert [(each["release"], each["cause"], each["approver"]) for each in versions] == [
        (3, "rollback", None),
        (2, "approved", "bob@example.com"),
        (1, "start", None),
    ]
    assert [each["until"] is None for each in versions] == [True, False, False]
    assert versions[0]["source"] == versions[2]["source"]


def test_an_edit_voids_what_was_said_to_the_proposal(of: Any) -> None:
    # given a proposal that an approver has looked at
    author, approver = of("author", "ann@example.com"), of("approver", "bob@example.com")
    first = propose(author, OVER_500)

    # when its author puts another content in its place
    second = propose(author, OVER_300, replaces=first["number"])

    # then the hash that was looked at is good for neither
    old = approver.post(f"/v1/releases/{first['number']}/approve", {"hash": first["hash"]})
    assert (old.status_code, old.json()["code"]) == (409, "replaced")
    new = approver.post(f"/v1/releases/{second['number']}/approve", {"hash": first["hash"]})
    assert (new.status_code, new.json()["code"]) == (412, "other_content")
    none = approver.post(f"/v1/releases/{second['number']}/approve")
    assert (none.status_code, none.json()["code"]) == (428, "hash_required")
    assert approver.post(f"/v1/releases/{second['number']}/approve", {"hash": second["hash"]}).is_success


def test_a_proposal_on_files_that_are_no_longer_live_is_stale(of: Any) -> None:
    # given two proposals on the same files, of which one is live
    author, approver = of("author", "ann@example.com"), of("approver", "bob@example.com")
    first, second = propose(author, OVER_500), propose(author, OVER_300)
    approver.post(f"/v1/releases/{first['number']}/approve", {"hash": first["hash"]})

    # when the other one is approved, then that is refused with what has changed meanwhile
    late = approver.post(f"/v1/releases/{second['number']}/approve", {"hash": second["hash"]})
    assert (late.status_code, late.json()["code"]) == (409, "stale")
    assert late.json()["errors"] == [{"pointer": f"/{RULE}", "code": "changed", "detail": "rule big-order"}]
    token = second["hash"]
    assert author.post("/v1/releases", {"token": token}).json()["code"] == "stale"


def test_an_emergency_goes_back_after_a_day_unless_another_human_approves_it(
    engine: Engine, of: Any, as_role: Door, clock: VirtualClock
) -> None:
    # given an emergency that its author made live alone
    shop, author = as_role("admin"), of("author", "ann@example.com")
    made = propose(author, OVER_500)
    operator = of("operator", "ann@example.com")
    path = f"/v1/releases/{made['number']}"
    assert operator.post(f"{path}/emergency", {"reason": "a flood of asks"}).is_success
    order(shop, "o1", 200)
    assert asked(shop) == 0
    assert author.get(path).json()["ends_at"] == "2026-01-06T12:00:00Z"

    # when nobody approves it for a day, then it is gone back from
    own = of("approver", "ann@example.com").post(f"{path}/approve", {"hash": made["hash"]})
    assert (own.status_code, own.json()["code"]) == (403, "own_approval")
    engine.run_until(START + 24 * HOUR - SECOND)
    order(shop, "o2", 200)
    assert asked(shop) == 0
    engine.run_until(START + 24 * HOUR)
    order(shop, "o3", 200)
    assert asked(shop) == 1
    [back] = author.get("/v1/releases", params={"limit": 1}).json()["items"]
    assert (back["cause"], back["of"], back["live_at"]) == ("reversal", 1, "2026-01-06T12:00:00Z")

    # when the next one is approved in time, then it stays
    made = propose(author, OVER_500)
    path = f"/v1/releases/{made['number']}"
    operator.post(f"{path}/emergency", {"reason": "again"})
    engine.run_until(START + 47 * HOUR)
    assert of("approver", "bob@example.com").post(f"{path}/approve", {"hash": made["hash"]}).is_success
    engine.run_until(START + 100 * HOUR)
    known = author.get(path).json()
    assert (known["status"], known["cause"], known["approver"]) == ("live", "emergency", "bob@example.com")


def test_what_is_planned_in_an_emergency_shows_what_nobody_has_approved_yet(of: Any) -> None:
    # given an emergency
    author = of("author", "ann@example.com")
    made = propose(author, OVER_500)
    of("operator", "eve@example.com").post(f"/v1/releases/{made['number']}/emergency", {"reason": "a flood"})

    # when something else is planned on top of it
    found = plan(author, {"rules/more.yaml": "facts:\n  country: {type: text}\n"})

    # then whoever approves that sees both
    assert [change["file"] for change in found["changes"]] == [RULE, "rules/more.yaml"]
    assert (found["base"], found["against"]) == (2, 1)


def test_the_population_of_changes_is_complete(engine: Engine, of: Any, clock: VirtualClock) -> None:
    # given a proposal that is rejected, one that is replaced, one approved, an emergency, and a rollback
    author, approver = of("author", "ann@example.com"), of("approver", "bob@example.com")
    auditor = of("auditor", "kim@example.com")
    first = propose(author, OVER_500)
    approver.post(f"/v1/releases/{first['number']}/reject", {"reason": "too high"})
    second = propose(author, OVER_500)
    third = propose(author, OVER_300, replaces=second["number"])
    clock.move_to(START + HOUR)
    approver.post(f"/v1/releases/{third['number']}/approve", {"hash": third["hash"]})
    fourth = propose(author, OVER_500)
    approver.post(f"/v1/releases/{fourth['number']}/emergency", {"reason": "a flood"})
    engine.run_until(START + 26 * HOUR)
    live = author.get("/v1/releases", params={"limit": 1}).json()["items"][0]["number"]
    approver.post(f"/v1/releases/{live}/rollback", {"to": 1})
    engine.ready().result()

    # when an auditor lists the changes, page by page
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = auditor.get("/v1/audit/releases", params={"limit": 4, **cursor}).json()
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    # then each is there, with who, and how many there are
    assert page["count"] == len(found)
    assert [(each["release"], each["kind"], each["by"]) for each in found] == [
        (1, "started", "local"),
        (1, "live", "local"),
        (2, "proposed", "ann@example.com"),
        (2, "rejected", "bob@example.com"),
        (3, "proposed", "ann@example.com"),
        (3, "replaced", "ann@example.com"),
        (4, "proposed", "ann@example.com"),
        (4, "approved", "bob@example.com"),
        (4, "live", "bob@example.com"),
        (5, "proposed", "ann@example.com"),
        (5, "emergency", "bob@example.com"),
        (5, "live", "bob@example.com"),
        (6, "reversed", "holdfast"),
        (6, "live", "holdfast"),
        (7, "rolled_back", "bob@example.com"),
        (7, "live", "bob@example.com"),
    ]
    assert all(each["hash"] and each["key"] for each in found)
    approved = next(each for each in found if each["kind"] == "approved")
    assert (approved["author"], approved["approver"]) == ("ann@example.com", "bob@example.com")
    assert approved["tests"]["failed"] == 0
    bounded = auditor.get("/v1/audit/releases", params={"to": "2026-01-05T13:00:00Z"}).json()
    assert bounded["count"] == len(bounded["items"]) == 7


def test_a_plan_tells_every_error_with_its_place_and_has_no_token(of: Any) -> None:
    author = of("author", "ann@example.com")
    found = plan(author, {RULE: FILES[RULE].lstrip().replace("then:", "thn:")})
    assert found["token"] is None
    places = [(each["file"], each["line"], each["code"]) for each in found["findings"]]
    assert (RULE, 9, "unknown-key") in places


def test_a_rule_whose_own_tests_fail_cannot_be_proposed(of: Any) -> None:
    # given a rule with a test that expects what it does not do
    author = of("author", "ann@example.com")
    case = """tests:
  - it: asks of 50
    event: {order_id: o1, total: 50}
    expect: {run: ask-desk}
"""
    found = plan(author, {RULE: FILES[RULE].lstrip() + case})
    assert (found["tests"]["passed"], found["tests"]["failed"], found["tests"]["of"]) == (0, 1, 1)

    # when it is proposed
    answer = author.post("/v1/releases", {"token": found["token"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "tests_failed")


def test_what_changes_nothing_and_what_was_never_planned_cannot_be_proposed(of: Any) -> None:
    author = of("author", "ann@example.com")
    assert plan(author, {})["changes"] == []
    assert author.post("/v1/releases", {"token": "0" * 64}).status_code == 404
    answer = author.post("/v1/plans", {"files": {"rules/none.yaml": None}})
    assert (answer.status_code, answer.json()["code"]) == (400, "no_such_file")


def test_an_author_takes_back_their_own_proposal_and_nobody_elses(of: Any) -> None:
    author, other = of("author", "ann@example.com"), of("author", "cat@example.com")
    made = propose(author, OVER_500)
    path = f"/v1/releases/{made['number']}/reject"
    assert other.post(path, {"reason": "no"}).json()["code"] == "not_yours"
    assert author.post(path, {"reason": "I was wrong"}).json()["state"] == "rejected"
    again = of("approver", "bob@example.com").post(
        f"/v1/releases/{made['number']}/approve", {"hash": made["hash"]}
    )
    assert (again.status_code, again.json()["code"]) == (409, "rejected")
