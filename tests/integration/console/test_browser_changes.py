"""Changes in a real Chromium: two people bring one about, and nothing goes wrong in any window."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES
from tests.integration.console.browsing import opened
from tests.integration.console.test_browser import Open, window

__all__ = ["window"]

RULE = "rules/big-order.yaml"


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with opened() as browser:
        yield browser


def test_a_change_is_proposed_by_one_person_and_approved_by_another(window: Open, engine: Engine) -> None:
    # given somebody who looks at a rule and wants another threshold
    here = window("author")
    page = here.page
    page.get_by_role("link", name="Rules", exact=True).click()
    page.get_by_label("Words").fill("big order")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="big-order").click()
    expect(page.get_by_role("img", name="rule big-order")).to_be_visible()
    page.get_by_role("link", name="Change it").click()
    file = page.get_by_label("The file")
    source = file.input_value()
    # when they misspell, they are told where
    file.fill(source.replace("then:", "thn:"))
    page.get_by_role("button", name="Check and plan").click()
    expect(page.locator(".wrong-says")).to_contain_text("unknown key thn")
    page.get_by_role("link", name="rules/big-order.yaml:9:1").click()
    assert page.url.endswith("#line-9")
    # when they do not, they see what it would do, and play it
    page.get_by_label("The file").fill(source.replace("100.10", "500"))
    page.get_by_role("button", name="Check and plan").click()
    expect(page.get_by_role("region", name=RULE).locator("ins")).to_have_text("  - event.total >= 500")
    page.get_by_role("link", name="Play it on the stored events").click()
    engine._backtests.wait(60)
    page.reload()
    expect(page.get_by_role("img", name="big-order fired, by day")).to_be_visible()
    page.get_by_role("link", name="Back to the plan").click()
    page.get_by_label("Why, for whoever approves it").fill("too many asks")
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_role("heading", name="Change 2")).to_be_visible()
    expect(page.get_by_role("link", name="Approve it")).to_be_hidden()
    # and when somebody else says yes
    other = window("approver").page
    other.get_by_role("link", name="Changes").click()
    other.get_by_role("link", name="2", exact=True).click()
    expect(other.get_by_text("too many asks").first).to_be_visible()
    other.get_by_role("link", name="Approve it").click()
    other.get_by_role("button", name="Approve it").click()
    # then it is live, with both names
    expect(other.locator(".head").get_by_text("live")).to_be_visible()
    assert ">= 500" in engine.workspace.sources[RULE].text
    other.goto(other.url.rpartition("/changes")[0] + "/rules/big-order")
    expect(
        other.get_by_text("written by author@example.com, approved by approver@example.com")
    ).to_be_visible()
    other.get_by_role("link", name="from 1").click()
    expect(other.locator("del")).to_have_text("  - event.total >= 100.10")


def test_files_of_the_machine_are_planned(window: Open, tmp_path: Path) -> None:
    here = window("author")
    rule, flow = tmp_path / "big-order.yaml", tmp_path / "news.yaml"
    rule.write_text(FILES[RULE].lstrip().replace("100.10", "500"))
    flow.write_text(FILES["workflows/news.yaml"].lstrip().replace("Send the news.", "Send all of it."))
    here.go("/changes/new")
    here.page.get_by_label("Or files from this machine").set_input_files([rule, flow])
    here.page.get_by_role("button", name="Check and plan").click()
    for path in (RULE, "workflows/news.yaml"):
        expect(here.page.get_by_role("heading", name=path)).to_be_visible()


def test_a_workflow_is_held_back_from_its_page(window: Open, engine: Engine) -> None:
    here = window("operator")
    here.go("/workflows/news")
    here.page.get_by_role("link", name="Hold it back").click()
    expect(here.page.get_by_label("What")).to_have_value("news")
    here.page.get_by_role("button", name="Hold it back now").click()
    expect(here.page.get_by_role("button", name="Let news go on")).to_be_visible()
    assert engine.paused == {"news"}
    here.go("/workflows/news")
    expect(here.page.locator(".head").get_by_text("paused")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_seen_in_light_and_dark(window: Open, scheme: str) -> None:
    here = window("author", color_scheme=scheme)
    here.go("/workflows/ask-desk")
    style = """(name) => {
      const of = getComputedStyle(document.querySelector(name));
      return [of.fill, of.stroke];
    }"""
    fill, stroke = here.page.evaluate(style, ".flow .box")
    text, _ = here.page.evaluate(style, ".flow text")
    # what the stylesheet says has arrived: nothing is left black on black
    assert len({fill, text}) == 2
    assert stroke not in ("none", fill)
