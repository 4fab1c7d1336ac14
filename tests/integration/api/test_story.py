"""From an event to the decision, its run, and why: what people and programs do through the doors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.model.values import DAY, HOUR
from engine.runtime.actions.unsubscribe import Unsubscription, token_for
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.secret import own_secret
from tests.integration.api.conftest import START, Client, Door


def order(customer: str, id: str, total: float) -> dict[str, Any]:
    return {"customer": customer, "event": "order_completed", "id": id, "total": total}


def all_pages(client: Client, path: str, limit: int) -> list[dict[str, Any]]:
    joint = "&" if "?" in path else "?"
    found, cursor = [], ""
    while True:
        answer = client.get(f"{path}{joint}limit={limit}{cursor}").json()
        assert len(answer["items"]) <= limit
        found += answer["items"]
        if answer["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer['next_cursor']}"


def test_an_event_a_decision_a_run_and_why(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    # given a customer who orders little, then much
    ingest, auditor, operator = as_role("ingest"), as_role("auditor"), as_role("operator")
    ingest.events(order("ann", "o1", 20), order("ann", "o2", 100.1))
    # then one decision fired, with the lines and the exact values that it saw
    [decision] = auditor.get("/v1/audit/decisions?rule=big-order&customer=ann").json()["items"]
    assert (decision["outcome"], decision["at"]) == ("fired", "2026-01-05T12:00:00Z")
    assert decision["lines"][0]["outcome"] == "met"
    assert decision["lines"][0]["values"]["event.total"] == 100.1
    # and it started a run, which asks the desk
    engine.run_until(START)
    [run] = auditor.get("/v1/runs?workflow=ask-desk&customer=ann&status=waiting").json()["items"]
    assert run["id"] == decision["runs"][0]["run"]
    [ask] = auditor.get("/v1/asks").json()["items"]
    assert ask["choices"] == ["call", "leave"]
    # when the desk answers and takes the case that is opened then
    clock.move_to(START + HOUR)
    answered = operator.post(f"/v1/asks/{ask['id']}/answer", {"choice": "call"})
    assert (answered.json()["answer"], answered.json()["by"]) == ("call", "operator@example.com")
    engine.run_until(START + HOUR)
    [case] = auditor.get("/v1/cases?status=open").json()["items"]
    taken = operator.post(f"/v1/cases/{case['id']}/acknowledge", {"by": "ben"}).json()
    assert (taken["status"], taken["by"]) == ("acknowledged", "ben")
    assert operator.post(f"/v1/cases/{case['id']}/resolve").json()["status"] == "resolved"
    # then the run has ended, with every step
    whole = auditor.get(f"/v1/runs/{run['id']}").json()
    assert whole["status"] == "completed"
    assert {step["verb"] for step in whole["steps"]} >= {"ask", "do"}
    # and its customer's timeline has it all, the newest first
    timeline = auditor.get("/v1/customers/ann/timeline").json()["items"]
    assert {entry["kind"] for entry in timeline} >= {"event", "decision", "run"}
    times = [datetime.fromisoformat(entry["at"]) for entry in timeline]
    assert times == sorted(times, reverse=True)


def test_why_tells_of_then_and_of_what_did_not_fire(as_role: Door, clock: VirtualClock) -> None:
    # given a big order of a free customer, who has a plan two days later and orders again
    ingest, auditor = as_role("ingest"), as_role("auditor")
    ingest.events(order("ann", "o1", 200))
    clock.move_to(START + 2 * DAY)
    ingest.events(
        {"customer": "ann", "event": "identify", "traits": {"plan": "team"}}, order("ann", "o2", 200)
    )
    # when both days are asked about
    then = auditor.get("/v1/customers/ann/why?rule=big-order&at=2026-01-05T14:00:00%2B02:00").json()
    plus = auditor.get("/v1/customers/ann/why?rule=big-order&at=2026-01-05T14:00:00+02:00").json()
    now = auditor.get("/v1/customers/ann/why?rule=big-order").json()
    # then each answer has the lines as they were
    assert then["decision"] == "fired"
    assert then["lines"][1]["values"] == {"customer.plan": "free"}
    assert plus == then
    assert now["decision"] == "not_met"
    assert [line["outcome"] for line in now["lines"]] == ["met", "not_met"]
    assert now["lines"][1]["values"] == {"customer.plan": "team"}
    assert set(now) >= {"rule", "customer", "at", "decision", "reason", "lines"}
    # and a workflow is explained by the rule that looked last
    by_workflow = auditor.get("/v1/customers/ann/why?workflow=ask-desk").json()
    assert (by_workflow["rule"], by_workflow["decision"]) == ("big-order", "not_met")


def test_a_rule_is_called_and_only_readers_see_the_trace(as_role: Door) -> None:
    ingest, auditor, operator = as_role("ingest"), as_role("auditor"), as_role("operator")
    call = {"customer": "ann", "event": {"value": 12.50}}
    # when a program calls, it learns the decision and the run
    told = ingest.post("/v1/triggers/call-me", call).json()
    assert (told["decision"]["outcome"], len(told["runs"])) == ("fired", 1)
    assert "trace" not in told
    assert auditor.get(f"/v1/runs/{told['runs'][0]['run']}").status_code == 200
    # and who may read sees the lines
    assert operator.post("/v1/triggers/call-me", call).json()["trace"][0]["values"] == {"event.value": 12.5}
    # and a dry run of any rule does nothing, also for an auditor
    runs = len(auditor.get("/v1/runs").json()["items"])
    dry = auditor.post(
        "/v1/triggers/big-order", {"customer": "ben", "event": {"total": 500}, "dry_run": True}
    ).json()
    assert (dry["dry_run"], dry["decision"]["outcome"], dry["runs"]) == (True, "fired", [])
    assert len(auditor.get("/v1/runs").json()["items"]) == runs
    assert auditor.get("/v1/customers/ben").status_code == 404
    assert auditor.post("/v1/triggers/call-me", call).status_code == 403
    # and what cannot be called is refused
    assert ingest.post("/v1/triggers/big-order", call).status_code == 400
    assert ingest.post("/v1/triggers/none", call).status_code == 404
    assert ingest.post("/v1/triggers/call-me", {"customer": ""}).status_code == 400
    assert ingest.post("/v1/triggers/call-me", {**call, "colour": 1}).json()["errors"][0]["pointer"] == ""


def test_a_request_that_comes_again_acts_once(as_role: Door, engine: Engine) -> None:
    # given a call under a key of its own
    ingest, auditor = as_role("ingest"), as_role("auditor")
    call = {"customer": "ann", "event": {"value": 12}}
    head = {"Idempotency-Key": "call-1"}
    first = ingest.post("/v1/triggers/call-me", call, headers=head)
    # when it comes again
    again = ingest.post("/v1/triggers/call-me", call, headers=head)
    # then the answer is the same, said to be so, and nothing was done twice
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(auditor.get("/v1/runs").json()["items"]) == 1
    # and another body under it is refused, while another key of the same name is another's
    other = ingest.post("/v1/triggers/call-me", {**call, "event": {"value": 99}}, headers=head)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert as_role("ingest").post("/v1/triggers/call-me", call, headers=head).status_code == 200
    assert len(auditor.get("/v1/runs").json()["items"]) == 2
    for wrong in ("", "a b", "x" * 256):
        refused = ingest.post("/v1/triggers/call-me", call, headers={"Idempotency-Key": wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_idempotency_key")


def test_every_act_is_answered_again_as_before(as_role: Door, engine: Engine) -> None:
    # given two runs that ask
    ingest, operator = as_role("ingest"), as_role("operator")
    ingest.events(order("ann", "o1", 200), order("ben", "o2", 200), {"customer": "cat", "event": "seen"})
    engine.run_until(START)
    asks = {ask["customer"]: ask for ask in operator.get("/v1/asks").json()["items"]}
    acts = [
        (f"/v1/asks/{asks['ann']['id']}/answer", {"choice": "leave"}),
        (f"/v1/runs/{asks['ben']['run']}/cancel", None),
        ("/v1/customers/ann/merge", {"other": "cat"}),
    ]
    for path, body in acts:
        # when each is acted on twice under one key
        head = {"Idempotency-Key": "once"}
        first, again = (operator.post(path, body, headers=head) for _ in range(2))
        # then the second answer is the first, and without the key the act comes too late
        assert (first.status_code, again.status_code) == (200, 200), (path, first.text)
        assert again.content == first.content
        assert again.headers["idempotent-replayed"] == "true"
        assert operator.post(path, body).status_code == 409
    assert operator.get(f"/v1/runs/{asks['ben']['run']}").json()["status"] == "cancelled"
    assert operator.get("/v1/customers/cat").json()["id"] == "ann"


def test_a_choice_is_one_of_the_choices(as_role: Door, engine: Engine) -> None:
    as_role("ingest").events(order("ann", "o1", 200))
    engine.run_until(START)
    operator = as_role("operator")
    [ask] = operator.get("/v1/asks").json()["items"]
    assert operator.post(f"/v1/asks/{ask['id']}/answer", {"choice": "shout"}).status_code == 400
    assert operator.post(f"/v1/asks/{ask['id']}/answer").status_code == 400


def test_a_customer_is_known_with_age_and_source(as_role: Door, clock: VirtualClock) -> None:
    # given a trait and an order, and an hour later
    ingest, auditor = as_role("ingest"), as_role("auditor")
    assert ingest("PUT", "/v1/customers/ann", {"traits": {"plan": "team"}}).json() == {
        "customer": "ann", "changed": True,
    }  # fmt: skip
    ingest.events(order("ann", "o1", 19.90))
    clock.move_to(START + HOUR)
    # then each fact is exact, with its age and where it came from
    known = auditor.get("/v1/customers/ann")
    facts = known.json()["facts"]
    assert facts["plan"] == {
        "value": "team", "at": "2026-01-05T12:00:00Z", "age_seconds": 3600, "source": "ingest-key",
        "reason": None,
    }  # fmt: skip
    assert '"value":19.9' in known.text
    assert facts["marketing_email"]["value"] is None
    # and a trait is taken away with null, but consent is not granted so
    assert ingest("PATCH", "/v1/customers/ann", {"traits": {"plan": None}}).status_code == 200
    assert auditor.get("/v1/customers/ann").json()["facts"]["plan"]["value"] in (None, "free")
    granted = ingest("PATCH", "/v1/customers/ann", {"traits": {"marketing_email": True}})
    assert (granted.status_code, granted.json()["code"]) == (403, "protected")
    assert ingest("PUT", "/v1/customers/ann", {"plan": "team"}).status_code == 400


def test_lists_come_a_page_at_a_time(as_role: Door, clock: VirtualClock, engine: Engine) -> None:
    # given seven big orders, five of them at one instant
    ingest, auditor = as_role("ingest"), as_role("auditor")
    ingest.events(*(order("ann", f"o{number}", 200) for number in range(5)))
    clock.move_to(START + HOUR)
    ingest.events(*(order("ben", f"p{number}", 200) for number in range(2)))
    # The use of a key is noted a moment after its first request of a minute; wait for it to be on record.
    admin = as_role("admin")
    for client in (admin, auditor):
        client.get("/v1/rules")
    engine.resume().result()
    for path in (
        "/v1/runs",
        "/v1/audit/decisions",
        "/v1/customers/ann/timeline",
        "/v1/rules",
        "/v1/keys",
        "/v1/audit/decisions?customer=ann",
    ):
        client = admin if path == "/v1/keys" else auditor
        # when a list is read in pages of different sizes
        whole = client.get(f"{path}{'&' if '?' in path else '?'}limit=1000").json()["items"]
        assert len(whole) >= 3
        # then the pages together are the whole, in the same order
        for limit in (1, 2, 3):
            assert all_pages(client, path, limit) == whole, (path, limit)


def test_a_cursor_belongs_to_its_list(as_role: Door) -> None:
    ingest, auditor = as_role("ingest"), as_role("auditor")
    ingest.events(*(order("ann", f"o{number}", 200) for number in range(3)))
    cursor = auditor.get("/v1/runs?limit=1").json()["next_cursor"]
    assert auditor.get(f"/v1/runs?limit=2&cursor={cursor}").status_code == 200
    for path in ("/v1/runs?status=waiting", "/v1/audit/decisions?limit=1", "/v1/rules?limit=1"):
        answer = auditor.get(f"{path}&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    one = auditor.get("/v1/customers/ann/timeline?limit=1").json()["next_cursor"]
    ingest.events(order("ben", "b1", 1))
    assert auditor.get(f"/v1/customers/ben/timeline?cursor={one}").status_code == 400


def test_a_period_begins_with_its_first_instant_and_ends_before_its_last(
    as_role: Door, clock: VirtualClock
) -> None:
    ingest, auditor = as_role("ingest"), as_role("auditor")
    ingest.events(order("ann", "o1", 200))
    clock.move_to(START + HOUR)
    ingest.events(order("ann", "o2", 200))
    for path in ("/v1/audit/decisions", "/v1/runs"):
        found = auditor.get(f"{path}?from=2026-01-05T12:00:00Z&to=2026-01-05T13:00:00Z").json()["items"]
        assert len(found) == 1
    assert auditor.get("/v1/audit/decisions?rule=call-me").json()["items"] == []
    assert auditor.get("/v1/audit/decisions?customer=nobody").json()["items"] == []


def test_who_is_in_a_segment_now_and_then(as_role: Door, clock: VirtualClock) -> None:
    ingest, author = as_role("ingest"), as_role("author")
    ingest.events(order("ann", "o1", 1))
    clock.move_to(START + HOUR)
    ingest.events(order("ann", "o2", 1), order("ben", "p1", 1), order("ben", "p2", 1))
    assert all_pages(author, "/v1/segments/regular/members", 1) == [{"customer": "ann"}, {"customer": "ben"}]
    assert author.get("/v1/segments/regular/members?at=2026-01-05T12:30:00Z").json()["items"] == []


def test_rules_and_workflows_are_shown_as_they_are_written(as_role: Door, engine: Engine) -> None:
    author = as_role("author")
    ids = [rule["id"] for rule in author.get("/v1/rules").json()["items"]]
    assert ids == ["big-order", "call-me", "send-news"]
    rule = author.get("/v1/rules/big-order").json()
    assert rule["source"] == (engine.folder / "rules/big-order.yaml").read_text()
    assert (rule["status"], rule["owner"], rule["file"]) == ("live", "shop", "rules/big-order.yaml")
    as_role("ingest").events(order("ann", "o1", 200))
    [decision] = as_role("auditor").get("/v1/audit/decisions").json()["items"]
    assert rule["hash"] == decision["rule_hash"]
    workflow = author.get("/v1/workflows/ask-desk").json()
    [run] = as_role("auditor").get("/v1/runs").json()["items"]
    assert workflow["hash"] == run["definition"]


def test_a_paused_workflow_waits(as_role: Door, engine: Engine) -> None:
    operator = as_role("operator")
    assert operator.post("/v1/pause", {"workflow": "news"}).json() == {"paused": ["news"]}
    assert operator.post("/v1/pause").json() == {"paused": ["*", "news"]}
    assert as_role("auditor").get("/v1/pause").json() == {"paused": ["*", "news"]}
    assert operator.post("/v1/resume").json() == {"paused": []}
    assert operator.post("/v1/pause", {"workflow": "none"}).status_code == 404
    assert operator.post("/v1/pause", {"work": "none"}).status_code == 400


def test_a_reader_goes_with_one_click_and_not_by_being_looked_at(as_role: Door, engine: Engine) -> None:
    # given a customer who wants e-mail, and the link of a message
    operator, nobody = as_role("operator"), as_role("")
    operator("PUT", "/v1/customers/ann", {"traits": {"email": "ann@example.com", "marketing_email": True}})
    token = token_for(own_secret(engine.folder, "links"), Unsubscription("ann", "email"))
    # when a mail scanner looks at it, nothing happens
    looked = nobody.get(f"/u/{token}")
    assert (looked.status_code, "<form" in looked.text) == (200, True)
    assert operator.get("/v1/customers/ann").json()["suppressed"] == {}
    # when the reader follows it, twice
    for _ in range(2):
        gone = nobody("POST", f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert gone.status_code == 200
    # then no more e-mail is sent
    assert operator.get("/v1/customers/ann").json()["suppressed"] == {"email": "unsubscribed"}
    forged = ("A" if token[0] != "A" else "B") + token[1:]
    assert nobody.post(f"/u/{forged}").status_code == 404
