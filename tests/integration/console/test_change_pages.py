"""Changes: pasted, checked at the line, planned, played, proposed by one person and approved by another."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from engine.model.values import HOUR, MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START
from tests.integration.console.conftest import Browser, Door, read
from tests.integration.console.test_pages import played

RULE = "rules/big-order.yaml"
OVER_500 = FILES[RULE].lstrip().replace(">= 100.10", ">= 500")
HOSTILE = '</pre><script src=x>alert("x")</script>'


def planned(browser: Browser, text: str, path: str = "", **more: str) -> Any:
    """Sends the form with a file, its lines ended as browsers end them."""
    return browser.send("/changes/new", file=path, text=text.replace("\n", "\r\n"), **more)


def proposed(browser: Browser, text: str = OVER_500, note: str = "too many asks") -> str:
    """Plans and proposes a file; gives the address of the proposal."""
    plan = planned(browser, text).headers["location"]
    assert "too many asks" not in browser.page(plan)
    return str(browser.send(plan, note=note).headers["location"])


def hash_of(text: str) -> str:
    found = re.search(r'name="hash" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_a_change_is_proposed_by_one_person_and_approved_by_another(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    played(engine)
    author, approver = as_role("author"), as_role("approver")
    # given the live file, as it is offered to be changed
    shown = author.page("/changes/new?rule=big-order")
    assert "event.total &gt;= 100.10" in shown
    assert 'value="rules/big-order.yaml"' in unescape(shown)
    # when it is planned, then one sees what it would do, and nothing has changed
    plan = planned(author, OVER_500).headers["location"]
    text = author.page(plan)
    assert "- <del>  - event.total &gt;= 100.10</del>" in text
    assert "+ <ins>  - event.total &gt;= 500</ins>" in text
    assert "cannot be counted: it needs event" in text
    assert ">= 100.10" in engine.workspace.sources[RULE].text
    # when it is proposed
    made = author.send(plan, note="too many asks").headers["location"]
    assert made == "/changes/2"
    waiting = author.page(made)
    assert "too many asks" in waiting and "Written by" in waiting
    # then its author is not offered to approve it, and another is
    assert "/changes/2/approve" not in waiting
    assert 'href="/changes/2/approve"' in approver.page(made)
    clock.move_to(START + MINUTE)
    sure = approver.page("/changes/2/approve")
    assert "author@example.com wrote it" in sure
    done = approver.send(made, page="/changes/2/approve", does="approve", hash=hash_of(sure))
    assert (done.status_code, done.headers["location"]) == (303, "/changes/2")
    engine.run_until(clock.now())
    # and it is live, with both names
    assert ">= 500" in engine.workspace.sources[RULE].text
    live = approver.page(made)
    assert "approver@example.com" in live and "author@example.com" in live
    assert "approved by approver@example.com" in approver.page("/rules/big-order")


def test_nobody_approves_their_own(as_role: Door, engine: Engine) -> None:
    admin = as_role("admin")
    made = proposed(admin)
    sure = admin.page(f"{made}/approve")
    refused = admin.send(made, page=f"{made}/approve", does="approve", hash=hash_of(sure))
    assert refused.status_code == 403
    assert ">= 100.10" in engine.workspace.sources[RULE].text


def test_other_content_than_was_seen_is_not_approved(as_role: Door) -> None:
    made = proposed(as_role("author"))
    refused = as_role("approver").send(made, page=f"{made}/approve", does="approve", hash="0" * 64)
    assert refused.status_code == 412


def test_what_is_wrong_is_shown_at_its_line(as_role: Door, engine: Engine) -> None:
    author = as_role("author")
    answer = planned(author, OVER_500.replace("then:", "thn:").replace("event.total", "customer.totl"))
    assert answer.status_code == 200
    read(answer.text)
    assert re.search(r'class="line wrong" id="line-9">thn:', answer.text), answer.text
    assert re.search(r"unknown key thn", unescape(answer.text))
    assert 'href="#line-9"' in answer.text
    # what was pasted is still there to be mended
    assert "customer.totl" in answer.text.split("<textarea")[1]


def test_files_are_uploaded_into_the_folders_that_they_belong_in(as_role: Door) -> None:
    author = as_role("author")
    token = re.search(r'name="csrf" value="([^"]+)"', author.page("/changes/new"))
    assert token is not None
    flow = FILES["workflows/news.yaml"].replace("Send the news.", "Send all of the news.")
    answer = author.http.post(
        "/changes/new",
        data={"csrf": token[1], "file": "", "text": "", "does": "plan"},
        files=[
            ("files", ("big-order.yaml", OVER_500.encode(), "application/yaml")),
            ("files", ("news.yaml", flow.lstrip().encode(), "application/yaml")),
        ],
        follow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    text = unescape(author.page(answer.headers["location"]))
    assert "rules/big-order.yaml" in text and "workflows/news.yaml" in text


def test_a_file_is_taken_away(as_role: Door) -> None:
    author = as_role("author")
    plan = planned(author, "", path="rules/call-me.yaml", does="remove").headers["location"]
    assert "rule removed" in author.page(plan)
    missing = planned(author, "", path="rules/none.yaml", does="remove")
    assert "is not live" in missing.text


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_is_planned_of_nothing(as_role: Door, text: str) -> None:
    answer = planned(as_role("author"), text)
    assert answer.status_code == 200
    assert "Paste a file" in answer.text


def test_a_plan_is_played_and_drawn(as_role: Door, engine: Engine) -> None:
    played(engine)
    author = as_role("author")
    plan = planned(author, OVER_500).headers["location"]
    author.page(f"{plan}/backtest")
    engine._backtests.wait(60)
    text = author.page(f"{plan}/backtest")
    # fired per day, old against new
    assert "big-order fired, by day" in text
    assert re.search(r'>5 Jan</th><td class="figure">2</td><td class="figure">0</td>', text)
    assert "1 customer is decided otherwise" in text
    # who it is, is for those who see customers
    assert "Who they are is for operators and auditors" in text
    assert 'href="/customers/ann"' not in text
    seen = as_role("auditor").page(f"{plan}/backtest")
    assert 'href="/customers/ann"' in seen
    assert "event.total &gt;= 500" in seen


def test_a_proposal_is_turned_down_with_a_reason(as_role: Door) -> None:
    made = proposed(as_role("author"))
    approver = as_role("approver")
    assert approver.send(made, does="reject", said="not before Easter").status_code == 303
    text = approver.page(made)
    assert "rejected" in text and "not before Easter" in text
    assert "/approve" not in text


def test_what_is_live_is_taken_back(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    made = proposed(as_role("author"))
    approver, operator = as_role("approver"), as_role("operator")
    clock.move_to(START + HOUR)
    approver.send(
        made, page=f"{made}/approve", does="approve", hash=hash_of(approver.page(f"{made}/approve"))
    )
    engine.run_until(clock.now())
    # when an operator goes back
    assert "release 1, which was approved already" in operator.page(f"{made}/rollback")
    gone = operator.send(made, page=f"{made}/rollback", does="rollback", said="too few asks")
    assert gone.headers["location"] == "/changes/3"
    engine.run_until(clock.now())
    # then what was before is live again
    assert ">= 100.10" in engine.workspace.sources[RULE].text
    assert "too few asks" in operator.page("/changes/3")


def test_an_emergency_is_live_at_once_and_says_when_it_ends(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    made = proposed(as_role("author"))
    operator = as_role("operator")
    clock.move_to(START + HOUR)
    operator.send(made, page=f"{made}/emergency", does="emergency", said="it asks everybody")
    engine.run_until(clock.now())
    text = operator.page(made)
    assert "goes back by itself" in text
    assert 'href="/changes/2/approve"' in as_role("approver").page(made)


def test_what_one_may_not_do_with_changes_is_not_offered_and_refused(as_role: Door) -> None:
    made = proposed(as_role("author"))
    auditor = as_role("auditor")
    text = auditor.page(made)
    for offer in ("/approve", "/emergency", 'value="reject"'):
        assert offer not in text
    assert "/changes/new" not in auditor.page("/changes")
    assert auditor.send(made, page="/changes", does="approve", hash="x").status_code == 403
    assert auditor.get("/changes/new").status_code == 403
    # an author may turn their own down, and no more
    author = as_role("author")
    assert author.send(made, does="emergency", said="now").status_code == 403
    assert author.send(made, does="nothing").status_code == 400


@pytest.mark.parametrize("path", ["/changes/new", "/changes/2"])
def test_a_form_without_its_token_changes_nothing(as_role: Door, engine: Engine, path: str) -> None:
    proposed(as_role("author"))
    admin = as_role("admin")
    data = {"text": OVER_500, "does": "reject", "said": "x", "csrf": "another"}
    for more in ({}, {"files": [("files", ("a.yaml", b"x", "text/plain"))]}):
        answer = admin.http.post(path, data=data, headers={"Accept": "text/html"}, **more)
        assert answer.status_code == 403
    assert "open" in admin.page("/changes/2")


def test_hostile_yaml_is_shown_as_text(as_role: Door) -> None:
    author = as_role("author")
    quoted = HOSTILE.replace("'", "''")
    text = OVER_500.replace("Ask the desk about a big order.", f"'{quoted}'")
    # what can be planned
    plan = planned(author, text).headers["location"]
    made = author.send(plan, note=HOSTILE).headers["location"]
    pages = [author.page(plan), author.page(made), author.page("/changes")]
    # what is none
    for broken in (HOSTILE, f"rule: big-order\n{HOSTILE}: 1\n", text.replace("then:", f"'{quoted}':")):
        answer = planned(author, broken, path=RULE)
        assert answer.status_code == 200
        read(answer.text)
        pages.append(answer.text)
    for each in pages:
        assert "<script src=x" not in each
        assert "&lt;script src=x" in each
