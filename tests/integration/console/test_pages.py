"""The pages: whole, for their roles alone, without a script, and with text as text whatever it says."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from api.auth import OPEN
from api.slashes import part
from engine.model.values import HOUR
from engine.runs.changes import Changes
from engine.runtime.callers.keys import ROLES
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES
from tests.integration.console.conftest import Door, linked, read
from tests.integration.store import rows

HOSTILE = '<script src=x>alert("x")<b>&amp;\'" onload=x'
ORDER = {"event": "order_completed", "properties": {"order_id": "o1", "total": 120}}


def played(engine: Engine, customer: str = "ann") -> None:
    """A big order, the question that it leads to, and a case of an earlier one."""
    events = [
        {"customer": customer, "event": "identify", "traits": {"plan": "free"}},
        {**ORDER, "customer": customer, "message_id": f"{customer}-1"},
    ]
    engine.ingest(events, source="shop").result()
    engine.run_until(engine.clock.now())
    with engine.store.reader() as reader:
        (ask,) = reader.asks()
    engine.answer_ask(ask.id, "call", "desk@example.com").result()
    engine.run_until(engine.clock.now())
    again = {**ORDER, "customer": customer, "message_id": f"{customer}-2"}
    engine.ingest([again], source="shop").result()
    engine.run_until(engine.clock.now())


def handlers(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    return [
        (method, route.path_format, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if method != "OPTIONS" and handler.opt.get("console")
    ]


def left(engine: Engine) -> tuple[int, str]:
    """An event that was refused and a message that was sent, the same however often: their number and key."""
    traits = {"email": "nia@example.com", "marketing_email": True}
    events = [
        {"customer": "nia", "event": "identify", "traits": traits, "message_id": "nia-1"},
        {"customer": "nia", "event": "news_asked", "message_id": "nia-2"},
    ]
    engine.ingest(events, source="shop", may_grant=True).result()
    with engine.store.reader() as reader:
        waits = reader.quarantine_list(limit=1)
    if not waits:
        engine.ingest([{"customer": "nia", "message_id": "nia-3"}], source="shop").result()
    engine.run_until(engine.clock.now())
    with engine.store.reader() as reader:
        (run,) = reader.runs(workflow="news", customers=["nia"])
        return reader.quarantine_list(limit=1)[0].id, reader.effects(run.id)[0].effect.key


def addresses(engine: Engine) -> dict[str, str]:
    """Every page of the console with something in it, by its route."""
    refused, letter = left(engine)
    with engine.store.reader() as reader:
        run, ask, case = reader.runs(workflow="ask-desk")[0].id, reader.asks()[0].id, reader.cases()[0].id
        decision = reader.decisions()[0].id
    rule = FILES["rules/big-order.yaml"].replace("100.10", "500")
    plan = engine.plan({"rules/big-order.yaml": rule}, by="ann@example.com")
    return {
        "/": "/",
        "/sign-in": "/sign-in",
        "/pause": "/pause",
        "/customers": "/customers?search=a",
        "/customers/{id}": "/customers/ann",
        "/customers/{id}/why": "/customers/ann/why?rule=big-order",
        "/waiting": "/waiting",
        "/waiting/asks/{id}": f"/waiting/asks/{ask}",
        "/waiting/cases": "/waiting/cases",
        "/waiting/cases/{id}": f"/waiting/cases/{case}",
        "/runs": "/runs?workflow=ask-desk",
        "/runs/overdue": "/runs/overdue",
        "/runs/dead-letters": "/runs/dead-letters",
        "/runs/dead-letters/{key}": f"/runs/dead-letters/{letter}",
        "/runs/dead-letters/{key}/replay": f"/runs/dead-letters/{letter}/replay",
        "/runs/quarantine": "/runs/quarantine",
        "/runs/quarantine/{id}": f"/runs/quarantine/{refused}",
        "/runs/quarantine/{id}/replay": f"/runs/quarantine/{refused}/replay",
        "/runs/{id}": f"/runs/{run}",
        "/retention": "/retention?from=2026-01-01&to=2026-01-31",
        "/retention/metrics/{name}": "/retention/metrics/csat?by=segment",
        "/retention/cohorts": "/retention/cohorts?from=2026-01-01&to=2026-01-31",
        "/retention/revenue": "/retention/revenue",
        "/retention/goals": "/retention/goals",
        "/retention/goals/{id}": "/retention/goals/better-answers",
        "/retention/experiments": "/retention/experiments",
        "/retention/experiments/{workflow}": "/retention/experiments/thanks",
        "/rules": "/rules?search=order",
        "/rules/{id}": "/rules/big-order",
        "/rules/{id}/versions": "/rules/big-order/versions",
        "/workflows": "/workflows",
        "/workflows/{id}": "/workflows/ask-desk",
        "/workflows/{id}/versions": "/workflows/ask-desk/versions",
        "/changes": "/changes",
        "/changes/new": "/changes/new?rule=big-order",
        "/changes/plans/{token}": f"/changes/plans/{plan.token}",
        "/changes/plans/{token}/backtest": f"/changes/plans/{plan.token}/backtest",
        "/changes/{n}": "/changes/1",
        "/changes/{n}/approve": "/changes/1/approve",
        "/changes/{n}/emergency": "/changes/1/emergency",
        "/changes/{n}/rollback": "/changes/1/rollback",
        "/audit": "/audit",
        "/audit/decisions/{id}": f"/audit/decisions/{decision}",
        "/audit/changes": "/audit/changes",
        "/audit/releases": "/audit/releases",
        "/audit/access": "/audit/access",
        "/audit/record": "/audit/record",
    }


NO_PAGES = {"/static/{name}", "/audit/export", "/live"}
"""What gives files or follows what happens, and no pages."""


def test_every_page_is_whole_and_for_its_roles_alone(
    as_role: Door, engine: Engine, http: TestClient[Litestar]
) -> None:
    played(engine)
    browsers = {role: as_role(role) for role in ROLES if role != "ingest"}
    known = addresses(engine)
    shown = [(path, one) for method, path, one in handlers(http.app) if method == "GET"]
    assert {path for path, _ in shown} - NO_PAGES == set(known)
    for path, handler in shown:
        if path in NO_PAGES or handler.opt["roles"] is OPEN:
            continue
        for role, browser in browsers.items():
            if role in handler.opt["roles"]:
                browser.page(known[path])
            else:
                answer = browser.get(known[path])
                assert (answer.status_code, path, role) == (403, path, role)
                read(answer.text)


def test_no_page_leads_where_its_reader_may_not_go(as_role: Door, engine: Engine) -> None:
    # given what each role is shown first
    played(engine)
    for role in ("operator", "auditor", "admin", "author", "approver"):
        browser = as_role(role)
        for start in (
            "/",
            *(("/customers/ann", "/runs") if role in ("operator", "auditor", "admin") else ()),
        ):
            # when they follow every link on it
            for address in set(re.findall(r'href="(/[^"]*)"', browser.page(start))):
                # then each leads somewhere
                answer = browser.get(unescape(address))
                assert answer.status_code == 200, (role, start, address)


def test_what_one_may_not_do_is_not_offered(as_role: Door, engine: Engine) -> None:
    played(engine)
    known = addresses(engine)
    for path, offer in (
        ("/", 'href="/pause"'),
        (known["/waiting/asks/{id}"], 'name="choice"'),
        (known["/waiting/cases/{id}"], 'value="acknowledge"'),
    ):
        assert offer in as_role("operator").page(path)
        assert offer not in as_role("auditor").page(path)
    sent = as_role("auditor").send("/pause", page="/", does="pause")
    assert sent.status_code == 403
    assert engine.paused == frozenset()


def test_hostile_text_is_shown_as_text_everywhere(as_role: Door, engine: Engine) -> None:
    # given a customer whose id, plan and order are made to break a page
    events = [
        {"customer": HOSTILE, "event": "identify", "traits": {"plan": HOSTILE}},
        {"customer": HOSTILE, "event": HOSTILE, "properties": {HOSTILE: HOSTILE}},
        {"customer": HOSTILE, "event": "identify", "traits": {"plan": "free"}},
        {**ORDER, "customer": HOSTILE, "message_id": "h1"},
    ]
    engine.ingest(events, source=HOSTILE).result()
    engine.run_until(engine.clock.now())
    browser = as_role("admin")
    name = quote(HOSTILE, safe="")
    with engine.store.reader() as reader:
        run, ask, decision = reader.runs()[0].id, reader.asks()[0].id, reader.decisions()[0].id
    for path in (
        "/",
        "/customers",
        f"/customers/{name}",
        f"/customers/{name}/why?rule=big-order",
        f"/customers?search={name}",
        "/runs",
        f"/runs/{run}",
        "/waiting",
        f"/waiting/asks/{ask}",
        "/audit",
        f"/audit/decisions/{decision}",
        "/audit/access",
        f"/runs?workflow={name}",
        f"/audit?rule={name}",
    ):
        # then no page has an element or an attribute of theirs: `page` reads it for both
        text = browser.page(path)
        assert "<script src=x" not in text
        # of whom is read, the record of readings has a pseudonym only
        assert "alert(&quot;x" in text or "alert(&#34;x" in text or path == "/audit/access", path
    # and an error says what was asked for as text too
    missing = browser.get(f"/customers/none{name}")
    assert missing.status_code == 404
    read(missing.text)


@pytest.mark.parametrize("id", ["ann/b?c#d&e", "//", "50% Zoë\u3000ö+\ufdd0/x", "@ann", ".", ".."])
def test_whatever_an_id_has_in_it_each_page_of_the_customer_is_reached(
    as_role: Door, engine: Engine, id: str
) -> None:
    played(engine, id)
    operator, name, said = as_role("operator"), part(id), quote(id, safe="")
    with engine.store.reader() as reader:
        case, run, ask = reader.cases()[0].id, reader.runs()[0].id, reader.asks()[0].id
    # when every link to them is followed, on every page that has one
    starts = (
        "/", "/customers", f"/customers?search={said}", f"/customers/{name}", f"/runs/{run}", "/runs",
        "/waiting", f"/waiting/asks/{ask}", f"/waiting/cases/{case}",
        f"/customers/{name}/why?rule=big-order",
    )  # fmt: skip
    links: set[str] = set()
    for start in starts:
        found = re.findall(r'(?:href|action)="([^"]*)"', linked(operator.page(start)))
        about = [link for link in found if name in link or link.startswith(f"/runs?customer={said}&")]
        assert about, start
        links.update(about)
    # then it leads to their pages, and to nobody else's
    assert {link.partition("?")[0] for link in links} >= {
        f"/customers/{name}",
        f"/customers/{name}/why",
        "/runs",
    }
    for link in links:
        told = operator.get(link)
        assert told.status_code == 200, link
        assert id in unescape(told.text), link
    # and a form on them comes back to where it was, also for who has to sign in first
    theme = operator.send(
        "/theme", page=f"/customers/{name}", theme="dark", return_to=f"/customers/{name}?a=b"
    )
    assert theme.headers["location"] == f"/customers/{name}?a=b"
    shown = re.search(r'name="return_to" value="([^"]*)"', operator.page(f"/customers/{name}?a=b"))
    assert shown is not None and unescape(shown[1]) == f"/customers/{name}?a=b"
    back = as_role("").get(f"/customers/{name}").headers["location"]
    assert back == f"/sign-in?return_to={quote(f'/customers/{name}', safe='')}"
    # and where there is nobody the answer says so, with what was asked for
    missing = operator.http.get(f"/v1/customers/none{said}")
    assert (missing.status_code, missing.json()["instance"]) == (404, f"/v1/customers/none{id}")
    assert operator.http.get(f"/v1/nothing/{name}").json()["instance"] == f"/v1/nothing/{id}"


def test_an_address_that_there_is_not_is_a_page_for_browsers_alone(as_role: Door) -> None:
    browser = as_role("operator")
    missing = browser.get("/nowhere")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    read(missing.text)
    for path in ("/v1/nowhere", "/nowhere"):
        told = browser.http.get(path)
        assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")


def test_a_filter_that_cannot_be_read_says_so(as_role: Door) -> None:
    answer = as_role("operator").get("/runs?from=yesterday")
    assert answer.status_code == 400
    assert "write it as 2026-03-31" in answer.text
    refused = as_role("operator").get("/runs?status=asleep")
    assert refused.status_code == 400


def test_a_list_is_paged_and_its_filters_stay(as_role: Door, engine: Engine) -> None:
    events = [
        {"customer": f"c{number:03}", "event": "news_asked", "message_id": f"n{number}"}
        for number in range(120)
    ]
    engine.ingest(events, source="shop").result()
    browser = as_role("operator")
    seen: list[str] = []
    path = "/customers?search=c"
    while path:
        text = linked(browser.page(path))
        seen += re.findall(r'<td data-column="Id"><a class="id" href="/customers/([^"]+)"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        assert following is None or "search=c" in following[1]
        path = following[1] if following else ""
    assert seen == [f"c{number:03}" for number in range(120)]


def test_a_list_as_csv_is_all_of_it_and_runs_nothing(as_role: Door, engine: Engine) -> None:
    events = [{"customer": f"=c{number:04}", "event": "news_asked"} for number in range(1, 621)]
    engine.ingest(events, source="shop").result()
    answer = as_role("operator").get("/customers?search=%3Dc&as=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="customers.csv"' in answer.headers["content-disposition"]
    lines = answer.text.splitlines()
    assert lines[0] == "Id,Name,E-mail,Kind,Lifecycle,Segments,Bands,Points,Last seen,Goes by"
    assert len(lines) == 621
    # what a spreadsheet would calculate is text
    assert lines[1].startswith("'=c0001,,,person,") and lines[1].endswith(",'=c0001")


def test_the_files_are_kept_by_browsers_and_change_their_name(as_role: Door) -> None:
    browser = as_role("")
    text = linked(browser.page("/sign-in"))
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text))
    assert {each.rsplit(".", 1)[1] for each in files} == {"css", "js", "svg"}
    for file in files:
        answer = browser.http.get(file)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert browser.http.get("/static/console.css").status_code == 404
    assert browser.http.get("/static/..%2f..%2fpages.py").status_code == 404


def test_who_reads_a_customers_page_is_recorded(as_role: Door, engine: Engine) -> None:
    played(engine)
    as_role("operator").page("/customers/ann")
    engine.flush_accesses()
    found = as_role("auditor").http.get("/v1/audit/access?customer=ann").json()["items"]
    routes = {each["route"] for each in found if each["who"] == "operator@example.com"}
    assert {"GET /v1/customers/{id}", "GET /v1/customers/{id}/timeline"} <= routes


def test_a_question_is_answered_a_case_taken_and_a_run_ended(as_role: Door, engine: Engine) -> None:
    played(engine)
    browser = as_role("operator")
    known = addresses(engine)
    assert browser.send(known["/waiting/asks/{id}"], choice="leave").status_code == 303
    assert "operator@example.com" in browser.page(known["/waiting/asks/{id}"])
    for does, shown in (("acknowledge", "acknowledged"), ("resolve", "resolved"), ("reopen", "open")):
        assert browser.send(known["/waiting/cases/{id}"], does=does).status_code == 303
        assert shown in browser.page(known["/waiting/cases/{id}"])
    refused = browser.send(known["/waiting/cases/{id}"], does="nothing")
    assert refused.status_code == 400


def test_who_a_question_and_a_case_are_about_stands_beside_them(as_role: Door, engine: Engine) -> None:
    # given a customer with an address who is in a segment and has open runs
    played(engine)
    traits = {"email": "ann@example.com"}
    events = [
        {"customer": "ann", "event": "identify", "traits": traits},
        {"customer": "anna", "event": "seen"},
    ]
    engine.ingest(events, source="shop").result()
    known = addresses(engine)
    auditor = as_role("auditor")
    for path in (known["/waiting/asks/{id}"], known["/waiting/cases/{id}"]):
        text = linked(auditor.page(path))
        beside = text[text.index('id="beside"') :]
        assert "ann@example.com" in beside and "regular" in beside
        # with what is open, what happened last, and the way to why
        assert 'href="/workflows/ask-desk"' in beside and "<strong>identify</strong>" in beside
        assert 'href="/customers/ann/why"' in beside
    # and whoever reads it is recorded as reading of them
    engine.flush_accesses()
    found = auditor.http.get("/v1/audit/access?customer=ann").json()["items"]
    assert "GET /v1/customers/{id}/timeline" in {each["route"] for each in found}
    # of somebody who was erased nothing is left to show
    engine.erase_customer("ann", "dpo@example.com").result()
    assert "Nothing is known of them any more" in auditor.page(known["/waiting/cases/{id}"])


def test_a_workflow_is_held_back_and_goes_on(as_role: Door, engine: Engine) -> None:
    browser = as_role("operator")
    assert browser.send("/pause", does="pause", workflow="news").headers["location"] == "/pause"
    assert engine.paused == {"news"}
    assert "Held back" in browser.page("/")
    browser.send("/pause", does="resume", workflow="news")
    assert engine.paused == frozenset()


def test_today_shows_what_is_due_soonest_and_how_many_more_wait(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    # given more questions than Today shows, each due a minute after the one before
    for number in range(13):
        order = {**ORDER, "customer": f"c{number:02}", "message_id": f"o{number}"}
        engine.ingest([order], source="shop").result()
        clock.move_to(clock.now() + 60_000_000)
    engine.run_until(clock.now())
    operator = as_role("operator")
    text = linked(operator.page("/"))
    asked = text[text.index('id="asks"') : text.index('id="cases"')]
    # then they are the first ten, and the others a link away in the same order
    assert re.findall(r'href="/customers/(c\d\d)"', asked) == [f"c{number:02}" for number in range(10)]
    assert 'href="/waiting?sort=due">3 more questions' in asked
    told = re.findall(r'href="/customers/(c\d\d)"', operator.page("/waiting?sort=due"))
    assert told == [f"c{number:02}" for number in range(13)]
    # and so over the pages of the API, where cases are in order too
    seen, query = list[str](), "sort=due&limit=5"
    while query:
        page = operator.http.get(f"/v1/asks?{query}").json()
        seen += [ask["customer"] for ask in page["items"]]
        query = f"sort=due&limit=5&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == told
    assert operator.http.get("/v1/cases?sort=due&limit=1").json() == {"items": [], "next_cursor": None}
    assert operator.http.get("/v1/cases?sort=size").status_code == 400
    today = operator.http.get("/v1/today").json()
    assert (today["open_asks"], today["open_cases"]) == (13, 0)


def test_of_a_case_with_a_clock_that_ran_out_today_tells_that_it_is_the_next_that_is_to_come(
    as_role: Door, engine: Engine
) -> None:
    now = engine.clock.now()
    due = {"late": (("respond",), now - HOUR), "next": (("respond",), now + HOUR), "calm": ((), now + HOUR)}
    cases = {
        id: rows.case(id, title=f"Case {id}", breached=list(breached), next_due=at, opened_at=now)
        for id, (breached, at) in due.items()
    }
    with engine.store.begin() as writer:
        writer.write(Changes(cases=cases))

    text = " ".join(re.sub(r"<[^>]+>", " ", as_role("operator").page("/")).split())

    def told(id: str) -> str:
        return " ".join(text.partition(f"Case {id}")[2].partition("for ann")[2].split()[:7])

    assert told("late").startswith("✕ breached 1 h late")
    assert told("next").startswith("✕ breached next due in 1 h")
    assert told("calm").startswith("in 1 h")


def test_why_a_rule_did_not_fire_is_told_line_by_line_with_what_it_saw(
    as_role: Door, engine: Engine, clock: VirtualClock
) -> None:
    small = {"event": "order_completed", "properties": {"total": 5}}
    engine.ingest([{**small, "customer": "bea"}], source="shop").result()
    text = as_role("operator").page("/customers/bea/why?rule=big-order")
    assert "does not hold" in text
    assert "event.total &gt;= 100.10" in text
    assert re.search(r"<code>event\.total</code> = 5\b", text)
    # before that nothing had been looked at
    earlier = as_role("operator").get("/customers/bea/why?rule=big-order&at=2026-01-05T11:59")
    assert earlier.status_code == 200
    read(earlier.text)


def test_times_are_of_the_workspace_until_the_script_knows_better(as_role: Door, engine: Engine) -> None:
    played(engine)
    text = as_role("operator").page("/customers/ann")
    told = re.search(r'<time datetime="2026-01-05T12:00:00Z" title="([^"]+)">5 Jan 2026, 12:00</time>', text)
    assert told is not None
    assert told[1] == "2026-01-05 12:00:00 UTC, 2026-01-05 12:00:00 UTC"


def test_a_page_counts_as_one_request_of_its_key(as_role: Door, engine: Engine) -> None:
    # A page asks the API several times, and a key has so many requests a minute for people too.
    browser = as_role("operator")
    first, second = (browser.get("/").headers["ratelimit"] for _ in range(2))
    left = [int(re.search(r"r=(\d+)", each)[1]) for each in (first, second)]  # type: ignore[index]
    assert left[0] - left[1] == 1


def test_nothing_outside_can_say_who_asks(as_role: Door) -> None:
    # Who asked for a page is handed on in the process, where no header reaches.
    browser = as_role("")
    for name in ("caller", "x-caller", "state"):
        answer = browser.http.get("/v1/me", headers={name: "admin"})
        assert answer.status_code == 401
