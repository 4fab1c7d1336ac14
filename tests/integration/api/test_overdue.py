"""Runs that stand still, over HTTP."""

from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from tests.integration.api.conftest import START, Door

NEWS = [
    {"customer": name, "event": event, **more}
    for name in ("ann", "bob", "eve")
    for event, more in (
        ("identify", {"traits": {"email": f"{name}@example.com", "marketing_email": True}}),
        ("news_asked", {}),
    )
]


def test_what_stands_still_is_listed_a_page_at_a_time(as_role: Door, clock: VirtualClock) -> None:
    # given three messages that nobody sends
    as_role("operator").events(*NEWS)
    auditor = as_role("auditor")
    assert auditor.get("/v1/runs/overdue").json() == {"items": [], "next_cursor": None}
    clock.move_to(START + HOUR)

    # when they are asked for by two
    first = auditor.get("/v1/runs/overdue?limit=2").json()
    second = auditor.get(f"/v1/runs/overdue?limit=2&cursor={first['next_cursor']}").json()

    # then every run comes once, with why it stands still and what it waits for
    items = first["items"] + second["items"]
    assert sorted(one["customer"] for one in items) == ["ann", "bob", "eve"]
    assert second["next_cursor"] is None
    for one in items:
        assert (one["because"], one["since"]) == ("not_sent", "2026-01-05T12:00:00Z")
        assert (one["effect"]["action"], one["effect"]["state"]) == ("email.send", "ready")
        assert one["again"] is None
    assert auditor.get("/v1/runs?cursor=" + first["next_cursor"]).status_code == 400


def test_a_run_shows_each_attempt_with_its_inputs_and_where_it_went(
    as_role: Door, clock: VirtualClock, engine
) -> None:
    as_role("operator").events(*NEWS[:2])
    engine.run_until(START + DAY)
    auditor = as_role("auditor")
    (run,) = auditor.get("/v1/runs").json()["items"]
    shown = auditor.get(f"/v1/runs/{run['id']}").json()
    (step,), (effect,) = shown["steps"], shown["effects"]
    assert (step["outcome"], step["at"]) == ("executed", "2026-01-05T12:00:00Z")
    assert step["effect"] == effect["key"]
    assert step["detail"] == {"action": "email.send", "to": "ann@example.com"}
    assert len(step["inputs"]) == 32


def test_meters_are_text_for_an_operator(as_role: Door) -> None:
    as_role("operator").events(*NEWS)
    answer = as_role("operator").get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'holdfast_events_total{outcome="accepted"} 6.0' in answer.text
    assert 'holdfast_runs_started_total{workflow="news"} 3.0' in answer.text
