"""Makes the pictures of docs/screens.md: every page of the console on the demo base, light and dark."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from api.cli.demo import FEWER, SERVED
from engine.customers.zones import moment_of
from engine.runtime.engine import Engine
from tests.demo_base import NOW, staged
from tests.integration.console.browsing import Window, opened, serving
from tests.integration.console.palette import reduced
from tests.integration.console.screens import SCHEMES, SCREENS, Screen, found, gallery, picture

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "docs" / "screenshots"
WIDTH, HIGHEST = 1280, 1000
"""Pixels: of the window, and at most of a picture."""

LIVE = """() => document.body.dataset.stream === undefined || !document.querySelector("[data-live][id]")
  || document.querySelector("[data-live-state]").textContent.startsWith("Live")"""
"""A page has come to rest when it follows what happens."""


def take(page: Page, address: str, scheme: str) -> bytes:
    """Gives the picture of a page, as high as the page is."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size({"width": WIDTH, "height": HIGHEST})
    page.goto(address)
    page.wait_for_function(LIVE)
    foot = page.evaluate("document.querySelector('.foot').getBoundingClientRect().bottom")
    return page.screenshot(
        animations="disabled",
        caret="hide",
        clip={"x": 0, "y": 0, "width": WIDTH, "height": min(HIGHEST, int(foot) + 1)},
    )


def take_all(browser: Browser, engine: Engine, screens: Sequence[Screen], folder: Path) -> None:
    """Makes the pictures of these pages in a folder."""
    known = found(engine)
    with serving(engine) as address:
        context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
        window = Window(context.new_page(), address)
        # What is due is told to the second, so that these stand still.
        window.page.clock.set_fixed_time(moment_of(NOW))
        empty = context.new_page()
        signed_in = False
        for screen in screens:
            if not signed_in and screen.address != "/sign-in":
                window.sign_in(engine.create_key("admin", "chi@example.com").text)
                signed_in = True
            if "backtest" in screen.address:
                window.go(screen.address.format(**known))
                engine._backtests.wait(60)
            for scheme in SCHEMES:
                taken = take(window.page, address + screen.address.format(**known), scheme)
                (folder / picture(screen.name, scheme)).write_bytes(reduced(empty, taken))
            sys.stderr.write(f"{screen.name}\n")


def main(words: Sequence[str] | None = None) -> None:
    """Makes all pictures, or some by name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these pages")
    names = parser.parse_args(words).names
    screens = [screen for screen in SCREENS if not names or screen.name in names]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER.parent / "screens.md").write_text(gallery())
    with tempfile.TemporaryDirectory() as folder:
        try:
            with opened() as browser, staged(Path(folder), FEWER, SERVED) as engine:
                take_all(browser, engine, screens, FOLDER)
        except pytest.skip.Exception as missing:
            raise SystemExit(str(missing)) from None


if __name__ == "__main__":
    main()
