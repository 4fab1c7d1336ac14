"""The console in a real Chromium: whether anything in a page moves, how soon Today shows what happens."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import httpx

from benchmarks.rows import Row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WHERE = ("chromium", "chromium-browser", "google-chrome")
WINDOWS = ((1280, 800), (390, 844))
"""A window of a desk and one of a hand."""
DECIDED = 20
"""Decisions that are waited for."""
APART = 0.7
"""Seconds between what Today has shown and what happens next."""
PATIENCE = 30_000

_SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((found) => {
    for (const each of found.getEntries()) window.shifted += each.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
_FOLLOWED = """() => {
  window.changed = 0;
  new MutationObserver(() => { window.changed += 1; })
    .observe(document.getElementById("fired"), { childList: true, subtree: true });
}"""

_SHOWN = """([before, patience]) => new Promise((tell) => {
  const end = performance.now() + patience;
  const look = () => {
    if (window.changed > before || performance.now() > end) tell(window.changed > before);
    else setTimeout(look, 5);
  };
  look();
})"""


def looked(address: str, key: str, paths: Sequence[str]) -> list[Row]:
    """Look at pages in a browser; no rows, and a line that says so, where there is none."""
    where = os.environ.get("HOLDFAST_CHROMIUM") or next(filter(None, map(shutil.which, WHERE)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        where = None
    if where is None:
        print("there is no Chromium, or no playwright: what needs one is left out", file=sys.stderr)
        return []
    with sync_playwright() as playwright:
        # A container has no sandbox of its own; nothing but this server is looked at.
        browser = playwright.chromium.launch(executable_path=where, args=["--no-sandbox"])
        try:
            return [_still(browser, address, key, paths), _live(browser, address, key)]
        finally:
            browser.close()


def _still(browser: Browser, address: str, key: str, paths: Sequence[str]) -> Row:
    """Look at each page in each window, down to its end, and sum up what moved."""
    shifts: list[tuple[float, str]] = []
    for width, height in WINDOWS:
        page = _signed_in(browser, address, key, width, height)
        for path in paths:
            page.goto(address + path)
            page.evaluate(_SHIFTS)
            page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
            page.wait_for_timeout(50)
            shifts.append((page.evaluate("() => window.shifted"), f"{path} at {width}"))
        page.context.close()
    worst, where = max(shifts)
    return Row(
        name="console_shift",
        value=worst,
        unit="CLS",
        more_is_better=False,
        detail={"pages": len(paths), "windows": len(WINDOWS), **({"largest": where} if worst else {})},
    )


def _live(browser: Browser, address: str, key: str) -> Row:
    """Have an auditor look at Today, let rules fire, and see how soon Today shows each."""
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}) as http:
        wanted = {"role": "auditor", "owner": "auditor@example.com", "label": "benchmark"}
        made = http.post("/v1/keys", json=wanted)
        made.raise_for_status()
        page = _signed_in(browser, address, made.json()["key"], *WINDOWS[0])
        page.get_by_text("Live:").wait_for(timeout=PATIENCE)
        page.evaluate(_FOLLOWED)
        taken = sorted(_shown(page, http, number) for number in range(DECIDED))
        page.context.close()
    return Row(
        name="console_live",
        value=taken[len(taken) * 95 // 100],
        unit="s",
        more_is_better=False,
        detail={"decisions": DECIDED, "p50_s": round(taken[len(taken) // 2], 2)},
    )


def _shown(page: Page, http: httpx.Client, number: int) -> float:
    """Let a rule fire; give the seconds until Today shows it."""
    page.wait_for_timeout(APART * 1000)
    before: Any = page.evaluate("() => window.changed")
    event = {
        "customer": f"reopened-{number}",
        "event": "ticket_reopened",
        "id": f"reopened-{time.time_ns()}",
        "properties": {"ticket_id": f"t{number}"},
    }
    began = time.perf_counter()
    http.post("/v1/events", json=event).raise_for_status()
    if not page.evaluate(_SHOWN, [before, PATIENCE]):
        raise RuntimeError("Today does not show what a rule has decided")
    return time.perf_counter() - began


def _signed_in(browser: Browser, address: str, key: str, width: int, height: int) -> Page:
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")
    return page
