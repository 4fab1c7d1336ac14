"""A shop with a past, for the pages about retention: contracts, orders, answers, a goal, an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.exposed import WIN_BACK, Group, Shop, shop
from tests.measured_base import SUBSCRIPTIONS
from tests.virtual_engine import instant

HOSTILE = "<script src=x>alert('x')</script><b>"
NOW = "2026-05-02 09:00"

FILES = {
    "rules/contracts.yaml": SUBSCRIPTIONS
    + """
events:
  subscription_updated: {subscription_id: text, mrr: number, ends_at: time, reason: text}
  survey_answered: {score: number}
""",
    "rules/regular.yaml": "segment: regular\nenter_if: customer.marketing_email == true\n",
    "rules/better-answers.yaml": f"""
goal: better-answers
owner: "{HOSTILE}"
description: "{HOSTILE}"
metric: csat
change: {{kind: points, by: 10 points}}
between: [2026-04-01, 2026-07-01]
at_least: 1 observations
""",
}
PAGES = (
    "/retention?from=2026-04-01&to=2026-04-30",
    "/retention/metrics/csat?from=2026-04-01&to=2026-04-30",
    "/retention/metrics/logo_churn_rate?from=2026-04-01&to=2026-04-30&by=reason",
    "/retention/cohorts?from=2026-01-01&to=2026-04-30",
    "/retention/revenue?from=2026-01-01&to=2026-04-30",
    "/retention/goals",
    "/retention/goals/better-answers",
    "/retention/experiments",
    "/retention/experiments/win-back?customers=2000&base=10",
)
"""The pages with something in each."""


@contextmanager
def past(folder: Path) -> Iterator[Shop]:
    """Open the shop in May, after four months of which everything is known."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    with shop(folder, WIN_BACK, now=instant(NOW)) as opened:
        opened.come(
            Group("treated", 900, 63, spends=Decimal(30)), Group("held_out", 100, 2, spends=Decimal(27))
        )
        events = list(_events())
        taken = opened.engine.import_events(events, source="shop", history=True)
        assert taken.accepted == len(events), taken
        yield opened


def _events() -> Iterator[dict[str, Any]]:
    def one(day: str, customer: str, event: str, **properties: Any) -> dict[str, Any]:
        place = f"{event}-{customer}-{day}"
        return {"customer": customer, "event": event, "at": f"{day}T10:00:00Z", "id": place, **properties}

    for day, customer, mrr in (
        ("2026-01-03", "ann", 50), ("2026-01-03", "bob", 20), ("2026-02-05", "ann", 80),
        ("2026-02-07", "cid", 1250), ("2026-03-09", "cid", 1000), ("2026-04-02", "bob", 0),
        ("2026-04-20", "dan", 10),
    ):  # fmt: skip
        reason = {"reason": "too_expensive"} if mrr == 0 else {}
        yield one(day, customer, "subscription_updated", subscription_id="main", mrr=mrr, **reason)
    for day, customer in (
        ("2026-01-05", "ann"), ("2026-01-06", "bob"), ("2026-01-07", "cid"), ("2026-02-05", "ann"),
        ("2026-02-06", "dan"), ("2026-03-05", "bob"), ("2026-03-06", "ann"), ("2026-04-06", "dan"),
    ):  # fmt: skip
        yield one(day, customer, "order_completed", order_id=f"{customer}-{day}", total=25)
    for day, customer, score in (
        ("2026-03-10", "ann", 5), ("2026-03-11", "bob", 1), ("2026-04-10", "ann", 4),
        ("2026-04-11", "bob", 5), ("2026-04-12", "cid", 2),
    ):  # fmt: skip
        yield one(day, customer, "survey_answered", score=score)
