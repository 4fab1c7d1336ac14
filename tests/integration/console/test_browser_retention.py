"""The pages about retention in a real Chromium: accessibility, narrow windows, notes at the keyboard."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, expect

from tests.contract.npm_packages import installed
from tests.integration.console.browsing import AXE, Window, opened, serving
from tests.integration.console.past import PAGES, past


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Generator[Window]:
    """An auditor's window on a shop with a past; nothing may go wrong in it."""
    with (
        past(tmp_path_factory.mktemp("past") / "shop") as shop,
        serving(shop.engine) as address,
        opened() as browser,
    ):
        found = _open(browser, address)
        found.sign_in(shop.engine.create_key("auditor", "eve@example.com").text)
        yield found
    assert found.faults == []


def _open(browser: Browser, address: str) -> Window:
    return Window(browser.new_context(locale="en-GB").new_page(), address)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(window: Window, scheme: str) -> None:
    script = (installed("axe") / AXE).read_text()
    window.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for path in PAGES:
        window.go(path)
        window.page.evaluate(script)
        told = window.page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
        found = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in told["violations"]]
        assert found == [], path


def test_pages_hold_in_a_narrow_window(window: Window) -> None:
    window.page.set_viewport_size({"width": 320, "height": 700})
    for path in PAGES:
        window.go(path)
        over = "document.documentElement.scrollWidth - window.innerWidth"
        assert window.page.evaluate(over) <= 0, path
    window.page.set_viewport_size({"width": 1280, "height": 800})


def test_a_definition_is_seen_at_its_metric_and_goes_away_with_escape(window: Window) -> None:
    window.go(PAGES[0])
    link = window.page.get_by_role("link", name="Customer satisfaction")
    note = window.page.locator("#says-csat")
    expect(note).to_be_hidden()
    link.focus()
    expect(note).to_be_visible()
    window.page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    link.hover()
    expect(note).to_have_text("good answers / answers, with its 95% interval")
    expect(note).to_be_visible()
    # and without either it is there as text
    window.page.get_by_text("What each metric says").click()
    expect(window.page.get_by_role("definition").filter(has_text="good answers / answers")).to_be_visible()


def test_from_the_metrics_to_one_by_reason_and_its_file(window: Window) -> None:
    page = window.page
    window.go("/")
    page.get_by_role("link", name="Retention").click()
    page.get_by_label("From").fill("2026-04-01")
    page.get_by_label("To", exact=True).fill("2026-04-30")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Customer churn rate").click()
    page.locator("select[name=by]").select_option("reason")
    page.get_by_role("button", name="Show").click()
    assert "from=2026-04-01" in page.url and "by=reason" in page.url
    expect(page.get_by_role("img", name="Customer churn rate of each")).to_be_visible()
    with page.expect_download() as told:
        page.locator("section", has=page.get_by_role("heading", name="By reason")).get_by_role(
            "link", name="As CSV"
        ).click()
    assert "price_budget" in told.value.path().read_text()
