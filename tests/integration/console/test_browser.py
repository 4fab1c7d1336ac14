"""The console in a real Chromium: acts, accessibility, narrow windows, keyboard, live updates."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from api.console.words import spelled
from engine.runtime.engine import Engine
from tests.contract.npm_packages import installed
from tests.integration.console.browsing import AXE, Window, opened, serving
from tests.integration.console.test_pages import HOSTILE, addresses, played

Open = Callable[..., Window]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with opened() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser, engine: Engine) -> Generator[Open]:
    """Opens windows in which somebody of a role has signed in; nothing may go wrong in any of them."""
    played(engine)
    with serving(engine) as address:
        contexts = []
        windows = []

        def open_window(role: str, **how: Any) -> Window:
            how = {"timezone_id": "America/New_York", "locale": "en-GB", **how}
            context = browser.new_context(**how)
            contexts.append(context)
            found = Window(context.new_page(), address)
            windows.append(found)
            found.sign_in(engine.create_key(role, f"{role}@example.com").text)
            return found

        yield open_window
        faults = [fault for each in windows for fault in each.faults]
        for context in contexts:
            context.close()
    assert faults == []


PAGES = [
    "/", "/pause", "/customers", "/customers/{id}", "/customers/{id}/why", "/waiting", "/waiting/asks/{id}",
    "/waiting/cases", "/waiting/cases/{id}", "/runs", "/runs/overdue", "/runs/dead-letters",
    "/runs/dead-letters/{key}", "/runs/dead-letters/{key}/replay", "/runs/quarantine",
    "/runs/quarantine/{id}", "/runs/quarantine/{id}/replay", "/runs/{id}",
    "/retention", "/retention/metrics/{name}", "/retention/cohorts",
    "/retention/revenue", "/retention/goals", "/retention/goals/{id}", "/retention/experiments",
    "/retention/experiments/{workflow}",
    "/rules", "/rules/{id}",
    "/rules/{id}/versions", "/workflows", "/workflows/{id}", "/workflows/{id}/versions", "/changes",
    "/changes/new", "/changes/plans/{token}", "/changes/plans/{token}/backtest", "/changes/{n}",
    "/changes/{n}/approve", "/changes/{n}/emergency", "/changes/{n}/rollback", "/audit",
    "/audit/decisions/{id}", "/audit/changes", "/audit/releases", "/audit/access", "/audit/record",
]  # fmt: skip

ROWS = """() => {
  const tops = [...document.querySelectorAll("header nav a")].map((each) => each.getBoundingClientRect().top);
  return new Set(tops).size;
}"""
"""The rows in which the sections stand."""

CUT = """() => [...document.querySelectorAll("header nav a")]
  .filter((each) => each.scrollWidth > each.clientWidth).length"""

SEEN = """() => new Promise((tell) => {
  new PerformanceObserver((found) => tell(found.getEntries().reduce((sum, each) => sum + each.value, 0)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => tell(0), 100);
})"""


def test_the_pages_that_are_looked_at_are_all(engine: Engine) -> None:
    played(engine)
    assert {*PAGES, "/sign-in"} == set(addresses(engine))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_shifts(window: Open, engine: Engine, scheme: str) -> None:
    script = installed("axe") / AXE
    here = window("admin", color_scheme=scheme)
    known = addresses(engine)
    for path in PAGES:
        here.go(known[path])
        # A script of a test is no script of the page: it is run as the developer's tools run theirs.
        here.page.evaluate(script.read_text())
        told = here.page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
        found = [
            (each["id"], each["impact"], [node["html"][:160] for node in each["nodes"]])
            for each in told["violations"]
        ]
        assert found == [], path
        assert here.page.evaluate(SEEN) < 0.01, path
    # and the sections stand in one row of a window of 1,280
    assert here.page.evaluate(ROWS) == 1


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2)])
def test_pages_hold_in_a_narrow_window_and_at_twice_the_size(
    window: Open, engine: Engine, width: int, scale: int
) -> None:
    # A window of 1,280 at 200% has the 640 of its own measure.
    here = window("admin", viewport={"width": width, "height": 700}, device_scale_factor=scale)
    known = addresses(engine)
    for path in PAGES:
        here.go(known[path])
        over = "document.documentElement.scrollWidth - window.innerWidth"
        assert here.page.evaluate(over) <= 0, path
    # and the sections stand in a few even rows, none of them cut
    assert here.page.evaluate(ROWS) <= 4
    cut = (
        "[...document.querySelectorAll('header nav a')].filter((each) => each.scrollWidth > each.clientWidth)"
    )
    assert here.page.evaluate(f"{cut}.length") == 0


def test_everything_is_reached_and_done_by_keyboard(window: Open) -> None:
    here = window("operator")
    page = here.page
    # the first key leads past the head
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    # from there on to what is to be done, and it is done
    here.go("/pause")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "pause":
            break
    shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert shown == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Let everything go on")).to_be_visible()


def test_what_is_offered_stands_in_places_that_are_reached_by_tab(window: Open, engine: Engine) -> None:
    here = window("operator")
    known = addresses(engine)
    for path in ("/", "/waiting/cases/{id}", "/customers/{id}"):
        here.go(known[path])
        wanted = here.page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, select, summary")]
              .filter((each) => each.checkVisibility() && each.type !== "hidden").length"""
        )
        seen: set[str] = set()
        for _ in range(wanted + 20):
            here.page.keyboard.press("Tab")
            place = here.page.evaluate(
                """() => {
                  const all = [...document.querySelectorAll("a[href], button, input, select, summary")];
                  return String(all.indexOf(document.activeElement));
                }"""
            )
            seen.add(place)
        assert len(seen - {"-1"}) == wanted, path


def test_a_question_is_answered_a_case_taken_and_a_workflow_held_back(window: Open, engine: Engine) -> None:
    here = window("operator")
    page = here.page
    # a question that waits
    page.get_by_role("link", name="Call them?").first.click()
    page.get_by_role("button", name="leave").click()
    expect(page.get_by_text("operator@example.com,")).to_be_visible()
    # a case that waits
    page.get_by_role("link", name="Today").click()
    page.get_by_role("link", name="Call them").first.click()
    page.get_by_role("button", name="Take it").click()
    expect(page.locator(".head").get_by_text("acknowledged")).to_be_visible()
    # the kill switch, and back
    page.get_by_role("link", name="Today").click()
    page.get_by_role("link", name="Kill switch").click()
    page.get_by_label("What").select_option("news")
    page.get_by_role("button", name="Hold it back now").click()
    expect(page.get_by_role("button", name="Let news go on")).to_be_visible()
    assert engine.paused == {"news"}
    page.get_by_role("button", name="Let news go on").click()
    expect(page.get_by_role("button", name="Let news go on")).to_be_hidden()
    assert engine.paused == frozenset()


def test_a_customer_is_found_and_a_why_is_read(window: Open) -> None:
    here = window("operator")
    page = here.page
    page.get_by_role("link", name="Customers").click()
    page.get_by_label("Id, name or e-mail").fill("AN")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/customers?search=AN")
    page.get_by_role("cell", name="ann").first.get_by_role("link").click()
    page.get_by_label("Rule", exact=True).select_option("big-order")
    page.get_by_role("button", name=re.compile("^Why did it")).click()
    expect(page.get_by_text("customer.plan == 'free'")).to_be_visible()
    expect(page.get_by_text("saw customer.plan = free")).to_be_visible()


def test_a_customer_is_found_by_their_address_from_any_page(window: Open, engine: Engine) -> None:
    event = {"customer": "c-7", "event": "identify", "traits": {"email": "Zoë.Lee@example.com"}}
    engine.ingest([event], source="shop").result()
    here = window("operator")
    here.go("/runs")
    field = here.page.get_by_role("searchbox", name="Find a customer")
    field.fill("lee zoe")
    field.press("Enter")
    assert here.page.url.endswith("/customers?search=lee+zoe")
    here.page.get_by_role("cell", name="c-7").first.get_by_role("link").click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text("c-7")


def test_runs_are_taken_away_as_csv(window: Open) -> None:
    here = window("auditor")
    here.go("/runs?workflow=ask-desk")
    with here.page.expect_download() as told:
        here.page.get_by_role("link", name="As CSV").click()
    text = told.value.path().read_text()
    assert text.splitlines()[0].startswith("Run,Workflow,Customer")
    assert len(text.splitlines()) == 3


def test_times_are_of_the_viewers_zone_and_the_original_is_on_hover(window: Open) -> None:
    here = window("operator")
    here.go("/customers/ann")
    first = here.page.locator("#story time").first
    expect(first).to_have_text("5 Jan 2026, 07:00")
    assert first.get_attribute("title") == "2026-01-05 12:00:00 UTC, 2026-01-05 12:00:00 UTC"
    expect(here.page.locator("[data-zone]")).to_have_text("America/New_York")


def test_a_time_in_any_month_reads_as_the_server_writes_it_and_no_column_moves(window: Open) -> None:
    # given a table with a time of each month, which the server has written
    here = window("operator", timezone_id="UTC")
    here.go("/customers")
    times = [datetime(2026, month, month, 8, tzinfo=UTC) for month in range(1, 13)]
    given = [[time.isoformat(), spelled(time)] for time in times]
    before = here.page.evaluate(
        """(given) => {
          const rows = given.map(([at, said]) => `<tr><td><time datetime="${at}">${said}</time><td></tr>`);
          const table = `<table>${rows.join("")}</table>`;
          document.querySelector("main").innerHTML = `<div class="table">${table}</div>`;
          return document.querySelector("td").getBoundingClientRect().width;
        }""",
        given,
    )
    # when the script turns them into the viewer's zone
    after = here.page.evaluate(
        "() => { tell(document); return document.querySelector('td').getBoundingClientRect().width; }"
    )
    # then they say the same in the same room
    assert here.page.locator("td time").all_text_contents() == [said for _, said in given]
    assert after == before


def test_what_happens_appears_by_itself(window: Open, engine: Engine) -> None:
    # given an operator and an auditor who look at Today
    windows = [window(role) for role in ("operator", "auditor")]
    for here in windows:
        expect(here.page.get_by_text("Live: new things appear")).to_be_visible()
    # when something happens
    order = {"customer": "zoe", "event": "order_completed", "properties": {"total": 500}}
    engine.ingest([order], source="shop").result()
    engine.run_until(engine.clock.now())
    # then it is there, and nobody has loaded the page again
    for here in windows:
        expect(here.page.locator("#latest").get_by_text("zoe")).to_be_visible()
        expect(here.page.locator("#asks").get_by_text("zoe")).to_be_visible()


def test_hostile_text_runs_nothing(window: Open, engine: Engine) -> None:
    events = [
        {"customer": HOSTILE, "event": "identify", "traits": {"plan": "free"}},
        {"customer": HOSTILE, "event": "order_completed", "properties": {"total": 120, HOSTILE: HOSTILE}},
    ]
    engine.ingest(events, source=HOSTILE).result()
    engine.run_until(engine.clock.now())
    here = window("admin")
    here.page.on("dialog", lambda dialog: here.faults.append(dialog.message))
    here.go("/customers")
    here.page.get_by_role("link", name=HOSTILE).first.click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    # and an id that looks like an address, also like an escaped one, leads to its own page
    odd = "a/b?c#d %2F \N{LATIN SMALL LETTER E WITH ACUTE}"
    engine.ingest([{"customer": odd, "event": "seen"}], source="shop").result()
    here.go("/customers?search=a%2F")
    here.page.get_by_role("link", name=odd).first.click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(odd)
    here.page.get_by_role("button", name=re.compile("^Why did it")).click()
    expect(here.page.get_by_role("link", name=odd)).to_be_visible()


@pytest.mark.parametrize("id", [".", ".."])
def test_an_id_that_browsers_fold_leads_to_its_own_page(window: Open, engine: Engine, id: str) -> None:
    engine.ingest([{"customer": id, "event": "news_asked"}], source="shop").result()
    here = window("operator")
    here.go("/customers")
    here.page.get_by_role("cell", name=id, exact=True).first.get_by_role("link").click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(id)
    # on to why, and back, and a form comes back to where it was
    here.page.get_by_role("button", name=re.compile("^Why did it")).click()
    here.page.get_by_role("link", name=id, exact=True).click()
    here.page.get_by_role("button", name="Dark").click()
    expect(here.page.get_by_role("heading", level=1)).to_have_text(id)


@pytest.mark.parametrize(("system", "other"), [("light", "Dark"), ("dark", "Light")])
def test_the_other_of_dark_and_light_is_chosen_and_taken_back(window: Open, system: str, other: str) -> None:
    # given a system that is one of them
    here = window("operator", color_scheme=system)
    page = here.page
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    # when the button's word is taken, which is the other one
    expect(page.get_by_role("button", name=system.title(), exact=True)).to_have_count(0)
    page.get_by_role("button", name=other, exact=True).click()
    # then it is seen, and the way back is as the system is
    page.wait_for_selector(f"html[data-theme={other.lower()}]")
    assert page.evaluate(ground) != before
    page.get_by_role("button", name=system.title(), exact=True).click()
    page.wait_for_selector("html:not([data-theme])")
    assert page.evaluate(ground) == before


def test_what_was_chosen_stays_when_the_system_becomes_the_same(window: Open) -> None:
    here = window("operator", color_scheme="light")
    here.page.get_by_role("button", name="Dark", exact=True).click()
    here.page.wait_for_selector("html[data-theme=dark]")
    here.page.emulate_media(color_scheme="dark")
    here.page.get_by_role("button", name="Light", exact=True).click()
    here.page.wait_for_selector("html[data-theme=light]")


def test_everything_is_there_without_a_script(window: Open) -> None:
    here = window("operator", java_script_enabled=False)
    page = here.page
    expect(page.get_by_role("heading", name="As it happens")).to_be_visible()
    page.get_by_role("link", name="Call them?").first.click()
    page.get_by_role("button", name="call", exact=True).click()
    expect(page.get_by_text("operator@example.com,")).to_be_visible()
    # no button is shown that would do nothing
    assert page.get_by_role("button", name="Copy").count() == 0
