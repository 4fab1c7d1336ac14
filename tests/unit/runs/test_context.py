"""The context of a case: why it was opened, what the customer owns and is worth, and how they do."""

from decimal import Decimal
from typing import Any

from engine.runs.context import short
from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

PEOPLE = "people: {lead: {email: lead@example.com}}\n"
FACTS = """
facts:
  plan: {type: text}
  lifetime_value: {sum: total, of: order_completed}
  tickets: {count: ticket_opened}
"""
DESK = """
ladder: desk
levels: [{tell: lead, within: 4h}]
show: [tickets]
"""
HEALTH = """
score: health
parts:
  tickets: {weight: 1, is: 1 - customer.tickets / 4}
  orders: {weight: 3, is: customer.lifetime_value / 200}
bands: {green: {from: 70}, red: {from: 0}}
"""
REWARDS = """
program: rewards
earn:
  - {when: order_completed, points: event.total}
tiers: {bronze: {from: 0}, silver: {from: 100}}
period: 12 months
"""
HEAVY = """
segment: heavy
enter_if: customer.lifetime_value >= 100
"""
GO = """
rule: go
when: {event: trouble}
then:
  - run: flow
"""
FLOW = """
workflow: flow
class: service
reentry: always
steps:
  - do: case.open
    with: {ladder: desk, title: In trouble}
"""
DIRECT = """
rule: direct
when: {event: worse}
then:
  - do: case.open
    with: {ladder: desk, title: In more trouble}
"""


def opened(event: str, **said: Any) -> tuple[VirtualEngine, dict[str, Any]]:
    """A customer with an order of 120 and one ticket, and the context of the case of an event."""
    texts = CONSENT, FACTS, DESK, HEALTH, REWARDS, HEAVY, DIRECT
    engine = VirtualEngine(*texts, GO, FLOW, settings=PEOPLE)
    engine.identify("2026-03-02 09:00", plan="team", **OPT_IN)
    engine.receive("2026-03-02 10:00", "order_completed", total=120)
    engine.receive("2026-03-02 11:00", "ticket_opened")
    engine.receive("2026-03-02 12:00", event, **said)
    (case,) = engine.simulation.changes.cases.values()
    return engine, case.context


def test_what_is_known_when_a_case_is_opened() -> None:
    _, context = opened("trouble", reason="slow")
    assert context["owns"] == {"plan": "team", "tier": "silver", "points": 120}
    assert context["value"] == {"lifetime_value": 120}
    assert context["more"] == {"tickets": 1}
    assert context["segments"] == ["heavy"]
    assert context["health"]["health"] == {
        "value": Decimal("63.75"), "band": "red", "coverage": 1,
        "parts": {"tickets": Decimal(75), "orders": Decimal(60)},
    }  # fmt: skip


def test_why_it_was_opened_by_a_run_and_by_a_rule() -> None:
    engine, context = opened("trouble", reason="slow")
    because, run = context["because"], engine.run("flow")
    assert (because["workflow"], because["run"], because["rule"]) == ("flow", run.id, "go")
    assert because["event"]["reason"] == "slow"
    engine, context = opened("worse", reason="down")
    (decision,) = engine.rows("direct")
    assert context["because"]["rule"] == "direct"
    assert context["because"]["decision"] == decision.id
    assert context["because"]["event"]["reason"] == "down"


def test_what_was_done_lately_is_the_newest_first() -> None:
    _, context = opened("trouble")
    recent = [(each["at"], each["what"]) for each in context["recent"]]
    assert ("2026-03-02T10:00:00Z", "entered segment heavy") in recent
    assert ("2026-03-02T12:00:00Z", "workflow flow started") in recent
    assert recent == sorted(recent, key=lambda one: one[0], reverse=True)


def test_a_context_in_a_few_lines() -> None:
    _, context = opened("trouble", reason="slow")
    lines = short(context)
    assert lines[0] == "Because: rule go, workflow flow, reason slow"
    assert "Owns: plan team, tier silver, points 120" in lines
    assert "Value: lifetime_value 120" in lines
    assert "Also: tickets 1" in lines
    assert "Score health: 63.8 red (tickets 75.0, orders 60.0)" in lines
    assert short({}) == []


def test_whoever_is_told_gets_it() -> None:
    engine, context = opened("trouble", reason="slow")
    (effect,) = engine.simulation.changes.effects
    assert effect.arguments["context"] == short(context)
