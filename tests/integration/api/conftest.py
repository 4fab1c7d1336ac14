"""The whole application over a real engine on SQLite, under a clock that stands still until it is moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC, a Monday

FILES = {
    "holdfast.yaml": """
name: Test shop
timezone: UTC
people:
  desk: {email: desk@example.com}
""",
    "rules/facts.yaml": """
facts:
  plan: {type: text, default: free}
  marketing_email: {type: boolean, protected: yes}
  orders: {count: order_completed}
  spend: {sum: total, of: order_completed}
""",
    "rules/regular.yaml": """
segment: regular
enter_if: customer.orders >= 2
""",
    "rules/policy.yaml": """
policy:
  consent: {email: marketing_email}
""",
    "rules/big-order.yaml": """
rule: big-order
owner: shop
description: Ask the desk about a big order.
status: live
when: {event: order_completed}
if:
  - event.total >= 100.10
  - customer.plan == 'free'
then:
  - run: ask-desk
""",
    "rules/call-me.yaml": """
rule: call-me
owner: shop
description: The CRM asks whether somebody should be called.
status: live
when: {call: yes}
if: event.value >= 10
then:
  - run: ask-desk
""",
    "rules/desk.yaml": """
ladder: desk
owner: shop
levels:
  - {tell: desk, within: 4h}
""",
    "workflows/ask-desk.yaml": """
workflow: ask-desk
owner: shop
class: service
description: Ask the desk, and open a case if it wants one.
reentry: always
steps:
  - ask: {who: desk, question: Call them?, choices: [call, leave], up_to: 2d, else: leave}
    as: answer
  - if: run.answer.choice == 'call'
    then:
      - do: case.open
        with: {ladder: desk, title: Call them}
""",
    "workflows/news.yaml": """
workflow: news
owner: shop
class: marketing
description: Send the news.
reentry: always
holdout: 0%
steps:
  - do: email.send
    with: {message: news}
""",
    "workflows/messages/news.md": """---
subject: News
channel: email
---
Here is the news. [Unsubscribe]({{ unsubscribe_url }})
""",
    "rules/send-news.yaml": """
rule: send-news
owner: shop
description: Send the news to whoever asks.
status: live
when: {event: news_asked}
then:
  - run: news
""",
}

Door = Callable[[str], "Client"]


class Client:
    """One key's view of the API; every answer is checked for what all answers have."""

    def __init__(self, http: TestClient[Litestar], key: str | None) -> None:
        self.http = http
        self.head = {} if key is None else {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        headers = {**self.head, **more.pop("headers", {})}
        answer = self.http.request(method, path, headers=headers, json=json, follow_redirects=False, **more)
        assert answer.headers["request-id"]
        assert not 300 <= answer.status_code < 400
        if answer.status_code >= 400 and method != "HEAD":
            problem(answer)
        return answer

    def get(self, path: str, **more: Any) -> Any:
        return self("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> Any:
        return self("POST", path, json, **more)

    def events(self, *events: dict[str, Any]) -> dict[str, Any]:
        answer = self.post("/v1/events", list(events))
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


def problem(answer: Any) -> dict[str, Any]:
    """Gives the problem that an answer is, after looking whether it is a whole one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    assert set(told) == {
        "type", "title", "status", "detail", "instance", "code", "message", "request_id", "errors",
    }  # fmt: skip
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["request-id"]
    assert told["message"] == told["detail"]
    assert "Traceback" not in answer.text
    return told


def lay_out(workspace: Path) -> Path:
    """Write the shop's files into a folder, and give it."""
    for name, text in FILES.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "shop")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def engine(folder: Path, clock: VirtualClock) -> Generator[Engine]:
    """Nothing happens by itself: `engine.run_until` makes it go on."""
    with Engine.open(folder, f"sqlite:///{folder / 'holdfast.db'}", clock, work=False) as engine:
        yield engine


@pytest.fixture
def http(engine: Engine) -> Generator[TestClient[Litestar]]:
    with TestClient(create_app(engine), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def as_role(engine: Engine, http: TestClient[Litestar]) -> Door:
    """Gives a client with a key of a role; "" is one without a key."""

    def door(role: str) -> Client:
        key = engine.create_key(role, f"{role}@example.com", f"{role}-key").text if role else None
        return Client(http, key)

    return door


def address_of(path: str, id: str = "none") -> str:
    """Give the address to ask a described route at: one id for all, and no stream that would go on."""
    return re.sub(r"\{\w+\}", id, path) + ("?follow=false" if path == "/v1/stream" else "")
