"""The console in a real Chromium on the demo base: each act of a day, and each page once."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Generator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from engine.runtime.callers.keys import ROLES
from engine.runtime.engine import Engine
from tests.contract.npm_packages import installed
from tests.demo_base import staged
from tests.integration.console.browsing import AXE, Window, opened, serving
from tests.integration.console.screens import SCREENS, found, route_of, routes, shape

CUSTOMERS, DAYS = 260, 77
"""The smallest base, and long enough for a fall in usage to be told from chance."""

PATIENCE = 60
"""Seconds for a page: what nobody has counted yet is counted for it, beside a backtest that goes on."""

EACH = 2
"""Pages of one route that each role looks at, at most, of those that it is led to."""

Open = Callable[..., Window]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with opened() as browser:
        yield browser


@pytest.fixture(scope="module")
def engine(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Engine]:
    """The base; `browser` comes first, so that nothing is played where there is none."""
    with staged(tmp_path_factory.mktemp("demo"), CUSTOMERS, DAYS) as engine:
        yield engine


@pytest.fixture(scope="module")
def address(engine: Engine) -> Generator[str]:
    with serving(engine) as address:
        yield address


@pytest.fixture(scope="module")
def known(engine: Engine) -> dict[str, str]:
    return found(engine)


@pytest.fixture
def window(browser: Browser, engine: Engine, address: str) -> Generator[Open]:
    """Opens windows in which somebody of a role has signed in; nothing may go wrong in any of them."""
    windows: list[Window] = []

    def open_window(role: str, owner: str | None = None, **how: Any) -> Window:
        context = browser.new_context(locale="en-GB", timezone_id="Europe/London", **how)
        here = Window(context.new_page(), address)
        windows.append(here)
        here.sign_in(engine.create_key(role, owner or f"{role}@example.com").text)
        return here

    yield open_window
    faults = [fault for each in windows for fault in each.faults]
    for each in windows:
        each.page.context.close()
    assert faults == []


def row_of(here: Window, text: str) -> Locator:
    """Gives the row of a table in which a customer stands."""
    return here.page.get_by_role("row").filter(has_text=text).first


CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary"

UNREACHED = """(controls) => {
  const lost = [];
  for (const each of document.querySelectorAll(controls)) {
    if (!each.checkVisibility() || each.disabled) continue;
    each.focus({ preventScroll: true });
    const style = getComputedStyle(each);
    const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const there = document.activeElement === each && each.tabIndex >= 0;
    if (!there || !shown) lost.push(each.outerHTML.slice(0, 160));
  }
  return lost;
}"""
"""What cannot be reached by keyboard, or where one would not see that one is there."""

VIOLATIONS = """(rules) => axe.run(rules ? { runOnly: rules } : {}).then((told) => told.violations
  .filter((each) => ["serious", "critical"].includes(each.impact))
  .map((each) => each.id + ": " + each.nodes.map((node) => node.html.slice(0, 160)).join(" | ")))"""

OVER = "document.documentElement.scrollWidth - window.innerWidth"


def looked_at(here: Window, path: str, axe: str) -> list[str]:
    """Gives what is wrong with a page that was gone to: in light and dark, narrow and large, by keyboard."""
    page, wrong = here.page, []
    page.evaluate(axe)
    # What is new fades in, and would do so from light to dark.
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    wrong += page.evaluate(VIOLATIONS, None)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    # Light and dark differ in their colors alone.
    wrong += [f"dark: {each}" for each in page.evaluate(VIOLATIONS, ["color-contrast"])]
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.className") != "skip":
        wrong.append("the first key does not lead past the head")
    wrong += [f"not by keyboard: {each}" for each in page.evaluate(UNREACHED, CONTROLS)]
    # A window of 1,280 at 200% has the 640 of its own measure.
    for width in (320, 640):
        page.set_viewport_size({"width": width, "height": 700})
        if page.evaluate(OVER) > 0:
            wrong.append(f"has to be moved sideways at {width} pixels")
    page.set_viewport_size({"width": 1280, "height": 900})
    return [f"{path}: {each}" for each in wrong]


def test_every_page_is_seen_by_everybody_in_light_and_dark_and_used_by_keyboard(
    window: Open, known: dict[str, str]
) -> None:
    # given every page of the console
    assert {shape(screen.address) for screen in SCREENS} == {shape(route) for route in routes()}
    axe = (installed("axe") / AXE).read_text()
    here = window("admin")
    # when somebody who may see all of them goes to each
    wrong = []
    for screen in SCREENS:
        path = screen.address.format(**known)
        here.go(path)
        wrong += looked_at(here, path, axe)
    # then nothing is wrong with any
    assert wrong == []


def led_to(text: str) -> list[str]:
    """Gives the pages of the console that a page leads to."""
    addresses = (unescape(each).partition("#")[0] for each in re.findall(r'<a[^>]* href="([^"]+)"', text))
    return [each for each in addresses if each[:1] == "/" and "as=csv" not in each and "/v1/" not in each]


@pytest.mark.parametrize("role", [role for role in ROLES if role != "ingest"])
def test_every_link_leads_each_role_to_a_page(
    engine: Engine, address: str, known: dict[str, str], role: str
) -> None:
    # given somebody who has signed in without a script
    with httpx.Client(
        base_url=address, follow_redirects=True, headers={"Accept": "text/html"}, timeout=PATIENCE
    ) as http:
        token = re.search(r'name="token" value="([^"]+)"', http.get("/sign-in").text)
        assert token is not None
        key = engine.create_key(role, f"{role}@example.com").text
        ahead = http.post("/sign-in", data={"token": token[1], "key": key, "return_to": "/"})
        assert ahead.url.path == "/"
        # when they follow all links from the first page on, a few of each kind
        ways, seen = ["/"], {"/"}
        of_kind: Counter[str] = Counter()
        while ways:
            path = ways.pop(0)
            route = route_of(path)
            of_kind[route] += 1
            if of_kind[route] > EACH:
                continue
            told = http.get(path)
            # then each is a page
            assert (told.status_code, path) == (200, path)
            for way in led_to(told.text):
                if way not in seen:
                    seen.add(way)
                    ways.append(way)
    assert len(of_kind) > 5


def test_what_happened_to_a_customer_is_found_and_why_a_rule_did_and_did_not_fire(window: Open) -> None:
    # given an operator who looks for somebody
    here = window("operator")
    page = here.page
    page.get_by_role("link", name="Customers", exact=True).click()
    page.get_by_label("Id, name or e-mail").fill("pi")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("cell", name="pia").first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("pia")
    # when they ask why she was reminded of her cart
    page.get_by_label("Rule", exact=True).select_option("cart-abandoned")
    page.get_by_role("button", name=re.compile("^Why did it")).click()
    # then every line says what it saw
    answer = page.get_by_role("region", name=re.compile("^cart-abandoned"))
    expect(answer.get_by_text("fired", exact=False).first).to_be_visible()
    expect(answer.get_by_text("event.total > 0")).to_be_visible()
    expect(answer.get_by_text("saw event.total = 85")).to_be_visible()
    # and at a moment before she had a cart, nothing had been looked at
    page.get_by_label(re.compile("^As of")).fill("2026-05-20T09:00")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("had not looked at this customer")).to_be_visible()


def test_why_a_rule_did_not_fire_is_told_of_a_past_moment(window: Open) -> None:
    # given somebody who has ordered nine times by now, and had eight times then
    here = window("auditor")
    for at, orders in (("2026-05-21T14:00", 9), ("2026-05-10T12:00", 8)):
        here.go(f"/customers/lea/why?rule=tenth-order&at={at}")
        expect(here.page.get_by_text("customer.orders == 10")).to_be_visible()
        expect(here.page.get_by_text(f"saw customer.orders = {orders}")).to_be_visible()


def test_a_question_is_answered_and_a_case_is_taken(window: Open, engine: Engine) -> None:
    here = window("operator")
    page = here.page
    # a question that came today
    page.get_by_role("link", name="Waiting").click()
    row_of(here, "noor-and-co").get_by_role("link").first.click()
    page.get_by_role("button", name="myself").click()
    expect(page.get_by_text("operator@example.com,")).to_be_visible()
    # a case that came today
    page.get_by_role("link", name="Waiting").click()
    page.get_by_role("link", name="Cases").click()
    row_of(here, "otto").get_by_role("link").first.click()
    page.get_by_role("button", name="Take it").click()
    expect(page.locator(".head").get_by_text("acknowledged")).to_be_visible()
    # neither waits any more
    with engine.store.reader() as reader:
        assert "noor-and-co" not in {ask.customer for ask in reader.asks()}
        (case,) = (each for each in reader.cases(limit=1000) if each.customer == "otto")
    assert (case.status, case.by) == ("acknowledged", "operator@example.com")


def test_a_workflow_is_held_back_and_goes_on(window: Open, engine: Engine) -> None:
    here = window("operator")
    page = here.page
    page.get_by_role("link", name="Workflows").click()
    page.get_by_role("link", name="win-back", exact=True).first.click()
    page.get_by_role("link", name="Hold it back").click()
    page.get_by_role("button", name="Hold it back now").click()
    expect(page.get_by_role("button", name="Let win-back go on")).to_be_visible()
    assert engine.paused == {"win-back"}
    page.get_by_role("button", name="Let win-back go on").click()
    expect(page.get_by_role("button", name="Let win-back go on")).to_be_hidden()
    assert engine.paused == frozenset()


def test_a_change_is_proposed_by_one_approved_by_another_and_taken_back(window: Open, engine: Engine) -> None:
    # given somebody who finds that a rule speaks too soon
    path = "rules/payment-failed.yaml"
    before = engine.workspace.sources[path].text
    here = window("author", "dev@example.com")
    page = here.page
    here.go("/rules/payment-failed")
    page.get_by_role("link", name="Change it").click()
    file = page.get_by_label("The file")
    file.fill(file.input_value().replace("nobody chose to leave.", "and say that nothing is lost."))
    page.get_by_role("button", name="Check and plan").click()
    page.get_by_label("Why, for whoever approves it").fill("readers asked whether their data was gone")
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_role("heading", name=re.compile("^Change"))).to_be_visible()
    change = urlsplit(page.url).path
    # then the one who wrote it cannot approve it, with a key that approves either
    expect(page.get_by_role("link", name="Approve it")).to_be_hidden()
    same = window("approver", "dev@example.com")
    same.go(change)
    expect(same.page.get_by_role("link", name="Approve it")).to_be_hidden()
    # and when another does, it is live
    other = window("approver", "eva@example.com")
    other.go(change)
    other.page.get_by_role("link", name="Approve it").click()
    other.page.get_by_role("button", name="Approve it").click()
    expect(other.page.get_by_role("heading", name=re.compile("^Change"))).to_be_visible()
    engine.run_until(engine.clock.now())
    assert "nothing is lost" in engine.workspace.sources[path].text
    other.go(change)
    expect(other.page.locator(".head").get_by_text("live")).to_be_visible()
    # and when it is taken back, what was before is live again
    other.page.get_by_role("link", name="Go back").click()
    other.page.get_by_role("button", name="Go back").click()
    other.page.wait_for_url(lambda url: not url.endswith("/rollback") and not url.endswith(change))
    engine.run_until(engine.clock.now())
    assert engine.workspace.sources[path].text == before


def taken(here: Window, link: Locator) -> bytes:
    """Gives the file that a link or a button sends."""
    with here.page.expect_download() as told:
        link.click()
    return told.value.path().read_bytes()


def test_a_run_and_the_record_of_a_period_are_taken_away(window: Open) -> None:
    here = window("admin")
    here.go("/runs?workflow=save-plan&customer=mia-studio")
    listed = taken(here, here.page.get_by_role("link", name="As CSV")).decode()
    assert [line.split(",")[1:3] for line in listed.splitlines()[1:]] == [["save-plan", "mia-studio"]]
    row_of(here, "mia-studio").get_by_role("link").first.click()
    run = json.loads(taken(here, here.page.get_by_role("link", name="As JSON")))
    assert (run["workflow"], run["customer"]) == ("save-plan", "mia-studio")
    here.go("/audit/record")
    here.page.get_by_label("From").fill("2026-05-20")
    here.page.get_by_label("To", exact=True).fill("2026-05-21")
    record = taken(here, here.page.get_by_role("button", name="Take the file"))
    assert len(record) > 1000
