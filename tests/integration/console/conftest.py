"""The console over a real engine, as browsers without a script meet it: forms, cookies, redirects."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.console import counting
from engine.runtime.engine import Engine
from tests.integration.api.conftest import clock, engine, http, lay_out

__all__ = ["clock", "engine", "http"]

# Elements that have no end, and those whose end HTML lets one leave out: we never do.
VOID = {"meta", "link", "input", "img", "br", "hr", "col", "rect", "line", "path", "circle"}


MEASURED = {
    "rules/better-answers.yaml": """
goal: better-answers
description: Answers that are better by ten points.
metric: csat
change: {kind: points, by: 10 points}
between: [2026-01-01, 2026-07-01]
at_least: 30 observations
""",
    "workflows/thanks.yaml": """
workflow: thanks
owner: shop
class: marketing
description: Thank for an order, and see whether there is another.
reentry: never
holdout: 10%
goal: {event: order_completed, within: 30d}
steps:
  - wait: 1h
""",
}
"""What the pages about retention need beside the shop's files: a goal and an experiment."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shop = lay_out(tmp_path / "shop")
    for name, text in MEASURED.items():
        (shop / name).write_text(text.lstrip())
    return shop


class Reading(HTMLParser):
    """Reads a page, and fails where an element is not closed or closed by another's end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if len(found) != len(attrs):
            self.faults.append(f"{tag} has an attribute twice")
        if (id := found.get("id")) is not None:
            self.ids.append(id)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} ends something else")


def read(text: str) -> Reading:
    """Reads a page, and looks whether it is whole: every element closed, no id twice, nothing inline."""
    found = Reading()
    found.feed(text)
    found.close()
    assert text.startswith("<!doctype html>"), text[:100]
    assert found.faults == []
    assert found.open == []
    assert len(found.ids) == len(set(found.ids)), sorted(found.ids)
    for tag, attributes in found.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
    labelled = {attributes.get("for") for tag, attributes in found.tags if tag == "label"}
    assert labelled - {None} <= set(found.ids)
    return found


def linked(text: str) -> str:
    """The text of a page with its addresses as a browser reads them."""
    return re.sub(r'(?:href|src|action)="[^"]+"', lambda found: unescape(found[0]), text)


class Browser:
    """A browser without a script."""

    def __init__(self, http: TestClient[Litestar]) -> None:
        self.http = http

    def get(self, path: str, **more: Any) -> Any:
        return self.http.get(path, headers={"Accept": "text/html"}, follow_redirects=False, **more)

    def page(self, path: str) -> str:
        """Gives a page's text, after looking at what all pages have."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert len(answer.content) < 100_000
        text = str(answer.text)
        found = read(text)
        assert [tag for tag, _ in found.tags].count("h1") == 1
        assert [tag for tag, _ in found.tags].count("main") == 1
        return text

    def send(self, path: str, page: str | None = None, **fields: str) -> Any:
        """Sends a form of a page, with the token that the page has."""
        shown = self.page(path if page is None else page)
        token = re.search(r'name="csrf" value="([^"]+)"', shown)
        assert token is not None, shown
        fields = {"csrf": token[1], **fields}
        return self.http.post(path, data=fields, follow_redirects=False)

    def sign_in(self, key: str, back: str = "/") -> Any:
        """Signs in with a key."""
        shown = self.page("/sign-in")
        token = re.search(r'name="token" value="([^"]+)"', shown)
        assert token is not None
        fields = {"token": token[1], "key": key, "return_to": back}
        return self.http.post("/sign-in", data=fields, follow_redirects=False)


SOON = 60.0
"""Seconds in which anything that a page counts is there."""

Door = Callable[[str], Browser]


@pytest.fixture
def as_role(engine: Engine, http: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch) -> Door:
    """Gives a browser in which somebody of a role has signed in; "" is one in which nobody has.

    What pages count beside them they wait for, however slow the machine is.
    """
    monkeypatch.setattr(counting, "PATIENCE", SOON)

    def door(role: str) -> Browser:
        browser = Browser(TestClient(http.app, raise_server_exceptions=False))
        if role:
            key = engine.create_key(role, f"{role}@example.com", f"{role}-key").text
            answer = browser.sign_in(key)
            assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        return browser

    return door
