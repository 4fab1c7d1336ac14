"""A small workspace on a real SQLite file, under a clock that stands still until it is moved."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from engine.model.values import DAY, HOUR, MINUTE
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder, recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.servers import postgres_url

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
  name: {type: text}
  plan: {type: text, default: free}
  marketing_email: {type: boolean, protected: yes}
  orders: {count: order_completed}
  spend_28d: {sum: total, of: order_completed, over: 28d}
""",
    "rules/policy.yaml": """
policy:
  consent: {email: marketing_email}
""",
    "rules/cart-left.yaml": """
rule: cart-left
owner: shop
description: Somebody left a cart behind.
status: live
when: {event: cart_updated, without: order_completed, for: 24h, key: cart_id}
if: event.total > 0
then:
  - run: cart-recovery
""",
    "rules/big-order.yaml": """
rule: big-order
owner: shop
description: Tell the desk of a big order.
status: live
when: {event: order_completed}
if: event.total >= 100
then:
  - run: tell-desk
""",
    "workflows/cart-recovery.yaml": """
workflow: cart-recovery
owner: shop
class: marketing
description: Remind of a cart.
key: event.cart_id
reentry: always
holdout: 0%
stop_when: [order_completed]
steps:
  - do: email.send
    with: {message: cart-reminder}
  - wait: 2d
  - do: email.send
    with: {message: cart-last}
""",
    "workflows/tell-desk.yaml": """
workflow: tell-desk
owner: shop
class: service
description: Tell the desk.
reentry: always
steps:
  - do: email.send
    with: {message: big-order, to: desk}
    retry: 2 times from 10s
""",
    "workflows/messages/cart-reminder.md": """---
subject: Your cart, {{ customer.name or "dear shopper" }}
channel: email
---
Hello {{ customer.name or "there" }}, your cart is waiting.

[Unsubscribe]({{ unsubscribe_url }})
""",
    "workflows/messages/cart-last.md": """---
subject: Last call
channel: email
---
Your cart goes tomorrow. [Unsubscribe]({{ unsubscribe_url }})
""",
    "workflows/messages/big-order.md": """---
subject: A big order
channel: email
---
{{ customer.id }} ordered for {{ event.total }}.
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace = tmp_path / "shop"
    for name, text in FILES.items():
        path = workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return workspace


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    return postgres_url() if request.param == "postgres" else f"sqlite:///{folder / 'holdfast.db'}"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


Opener = Callable[..., Engine]


@pytest.fixture
def open_engine(folder: Path, clock: VirtualClock, database: str) -> Generator[Opener]:
    """Opens the engine of the folder, again after it was closed; nothing happens by itself."""
    opened: list[Engine] = []

    def opener(actions: Actions | None = None, *, work: bool = False) -> Engine:
        engine = Engine.open(folder, database, clock, actions=actions, work=work)
        opened.append(engine)
        return engine

    yield opener
    for engine in opened:
        engine.close()


@pytest.fixture
def recorders() -> tuple[Actions, dict[str, Recorder]]:
    return recording()


__all__ = ["DAY", "HOUR", "MINUTE", "START", "Opener"]
