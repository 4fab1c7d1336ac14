"""Rules and workflows: found, drawn, counted, and what differs between their versions."""

from __future__ import annotations

import re

from engine.model.values import MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.releases.standing import Human
from tests.integration.api.conftest import FILES, START
from tests.integration.console.conftest import Door
from tests.integration.console.test_pages import played

RULE = "rules/big-order.yaml"
FLOW = "workflows/ask-desk.yaml"
HOSTILE = '</pre><script src=x>alert("x")</script>'


def changed(engine: Engine, files: dict[str, str | None]) -> int:
    """Lets one person propose files and another approve them; gives the release's number."""
    plan = engine.plan(files, by="ann@example.com")
    assert plan.token is not None, plan.findings
    made = engine.propose_release(plan.token, Human("ann@example.com", "a"), None, None).result()
    engine.approve_release(made.number, made.token, Human("bob@example.com", "b"), None).result()
    engine.run_until(engine.clock.now())
    return made.number


def test_rules_are_found_by_words_and_taken_away_as_csv(as_role: Door) -> None:
    browser = as_role("author")
    text = browser.page("/rules?search=big+order")
    assert re.findall(r'href="/rules/([\w-]+)"', text) == ["big-order"]
    assert "Ask the desk about a big order." in text
    assert "Nothing matches" in browser.page("/rules?search=nowhere")
    lines = browser.get("/workflows?as=csv").text.splitlines()
    assert lines[0] == "Workflow,Stands,What it does,Owner,On,File"
    assert [line.split(",")[0] for line in lines[1:]] == ["ask-desk", "news", "thanks"]


def test_a_rule_says_what_it_does_how_often_it_fired_and_what_it_starts(
    as_role: Door, engine: Engine
) -> None:
    played(engine)
    text = as_role("author").page("/rules/big-order")
    # the picture, and the same as a list
    assert text.count("event.total &gt;= 100.10") >= 3
    assert '<svg class="flow" role="img"' in text
    # how often, with the numbers as a table
    assert "big-order fired, by day" in text
    assert re.search(r'>5 Jan</th><td class="figure">2</td>', text)
    # what it starts
    assert 'href="/workflows/ask-desk"' in text
    assert "Nothing is compared" in text


def test_a_workflow_shows_where_its_runs_stand(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    played(engine)
    browser = as_role("author")
    browser.page("/workflows/ask-desk")
    engine._standings.settle()
    text = browser.page("/workflows/ask-desk")
    assert "1 open run, counted" in text
    assert re.search(r'<text class="here"[^>]*>1 here</text>', text)
    assert re.search(r"Call them\?.*<strong>1 here</strong>", text)
    assert "Runs of ask-desk that began, by day" in text


def test_what_a_workflow_achieved_is_told_or_that_it_is_too_early(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given a workflow that holds some out and has a goal, and customers who came to it
    goal = "holdout: 50%\ngoal: {event: order_completed, within: 7d}"
    clock.move_to(START + MINUTE)
    changed(engine, {"workflows/news.yaml": FILES["workflows/news.yaml"].replace("holdout: 0%", goal)})
    asked = [
        {"customer": f"c{number}", "event": each, **more}
        for number in range(20)
        for each, more in (
            ("identify", {"traits": {"email": f"c{number}@example.com", "marketing_email": True}}),
            ("news_asked", {}),
        )
    ]
    engine.ingest(asked, source="shop", may_grant=True).result()
    text = as_role("author").page("/workflows/news")
    assert "Against who was held out" in text
    assert "Too early to say." in text
    assert "Goal: order_completed within 7d." in text
    # the rule that starts it says the same
    assert "Too early to say." in as_role("author").page("/rules/send-news")


def test_versions_are_compared_with_who_wrote_and_who_approved(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given a rule that was changed twice
    for total in ("500", "700"):
        clock.move_to(clock.now() + MINUTE)
        changed(engine, {RULE: FILES[RULE].replace("100.10", total)})
    browser = as_role("auditor")
    page = browser.page("/rules/big-order")
    assert "written by ann@example.com, approved by bob@example.com" in page
    assert 'href="/rules/big-order/versions?old=2&amp;new=3"' in page
    # then the last two are compared, unless others are asked for
    latest = browser.page("/rules/big-order/versions")
    assert "- <del>  - event.total &gt;= 500</del>" in latest
    assert "+ <ins>  - event.total &gt;= 700</ins>" in latest
    first = browser.page("/rules/big-order/versions?old=1&new=3")
    assert "- <del>  - event.total &gt;= 100.10</del>" in first
    assert "Nothing differs" in browser.page("/rules/big-order/versions?old=2&new=2")
    missing = browser.get("/rules/big-order/versions?old=9")
    assert missing.status_code == 404


def test_what_is_live_no_more_is_still_told(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    clock.move_to(START + MINUTE)
    changed(engine, {"rules/call-me.yaml": None})
    text = as_role("author").page("/rules/call-me")
    assert "no longer live" in text
    assert "event.value &gt;= 10" in text
    assert as_role("author").get("/rules/nothing").status_code == 404


def test_what_a_file_says_is_shown_as_text(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    quoted = HOSTILE.replace("'", "''")
    clock.move_to(START + MINUTE)
    changed(
        engine,
        {
            RULE: FILES[RULE].replace("Ask the desk about a big order.", f"'{quoted}'"),
            FLOW: FILES[FLOW].replace("Call them?", f"'{quoted}'"),
        },
    )
    browser = as_role("admin")
    for path in ("/rules", "/rules/big-order", "/rules/big-order/versions", "/workflows/ask-desk"):
        text = browser.page(path)
        assert "<script src=x" not in text
        assert "&lt;script src=x" in text, path


def test_who_may_not_hold_back_is_not_offered_it(as_role: Door) -> None:
    offer = 'href="/pause?workflow=ask-desk"'
    assert offer in as_role("operator").page("/workflows/ask-desk")
    for role in ("author", "approver", "auditor"):
        assert offer not in as_role(role).page("/workflows/ask-desk")


def test_a_workflow_that_is_held_back_says_so(as_role: Door, engine: Engine) -> None:
    engine.pause("ask-desk", "eve@example.com").result()
    text = as_role("operator").page("/workflows/ask-desk")
    assert "Let it go on" in text
