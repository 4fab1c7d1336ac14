"""What comes of a decision: what it does and starts, and what is written of that."""

import pytest

from engine.decisions.decision import encode
from engine.errors import NotFoundError
from engine.timeline import play
from tests.virtual_engine import VirtualEngine, instant

FACTS = """
facts:
  plan: {type: text, default: free}
"""
LISTED = """
segment: listed
static: yes
"""
CALLED = """
rule: called
when: {call: yes}
if: customer.plan != 'free'
at_most: 1 per 7d
then:
  - do: segment.add
    with: {segment: listed}
  - run: visit
    with: {why: =event.why}
"""
VISIT = """
workflow: visit
class: service
needs: {why: text}
reentry: always
steps:
  - wait: 1d
"""


def desk() -> VirtualEngine:
    engine = VirtualEngine(FACTS, LISTED, CALLED, VISIT)
    engine.identify("2026-03-02 09:00", plan="team")
    return engine


def call(engine: VirtualEngine, key: str, customer: str = "ana", dry_run: bool = False, rule: str = "called"):  # type: ignore[no-untyped-def]
    simulation = engine.simulation
    return play.call_rule(
        simulation.world, simulation.cast, simulation.changes, rule, customer, {"why": "asked"},
        instant("2026-03-02 10:00"), key, dry_run=dry_run,
    )  # fmt: skip


def test_a_call_decides_and_does() -> None:
    engine = desk()
    made = call(engine, "k1")
    assert (made.outcome.value, made.trigger, made.event) == ("fired", "call", {"why": "asked"})
    assert engine.rows("called") == [made]
    assert engine.member().standing.segments == ["listed"]
    assert engine.run("visit").input == {"why": "asked"}
    assert [(start.workflow, start.status) for start in made.starts] == [("visit", "running")]


def test_a_call_is_one_of_a_kind_by_its_key() -> None:
    engine = desk()
    first, second = call(engine, "k1"), call(engine, "k2")
    assert first.id != second.id
    assert second.outcome.value == "at_most"
    assert call(desk(), "k1").id == first.id


def test_a_dry_run_tells_and_changes_nothing() -> None:
    engine = desk()
    before = len(engine.simulation.changes.events)
    seen = call(engine, "k1", dry_run=True)
    assert seen.outcome.value == "fired"
    assert [(line.text, line.outcome) for line in seen.lines] == [("customer.plan != 'free'", "met")]
    assert engine.rows("called") == []
    assert (engine.runs(), engine.member().standing.segments) == ([], [])
    assert len(engine.simulation.changes.events) == before
    assert call(engine, "k1").outcome.value == "fired"


def test_a_call_that_is_not_met_is_told_though_it_is_only_counted() -> None:
    engine = desk()
    engine.identify("2026-03-02 09:30", plan="free")
    made = call(engine, "k1")
    assert made.outcome.value == "not_met"
    assert (engine.rows("called"), engine.counted("called")) == ([], {"not_met": 1})


def test_a_call_of_no_live_rule_is_refused() -> None:
    with pytest.raises(NotFoundError):
        call(desk(), "k1", rule="nothing")


def test_an_action_that_fails_is_written_on_its_decision_and_spoils_nothing_else() -> None:
    program = """
program: rewards
earn:
  - when: order_completed
    points: event.total
tiers: {bronze: {from: 0}}
period: 12 months
downgrade: one_down
refund: within_balance
redeem: [{reward: mug, points: 100, gives: {coupon: {percent: 10}}}]
"""
    rule = CALLED.replace(
        "- do: segment.add\n    with: {segment: listed}", "- do: points.redeem\n    with: {reward: mug}"
    )
    engine = VirtualEngine(FACTS, LISTED, rule, VISIT, program)
    engine.identify("2026-03-02 09:00", plan="team")
    made = call(engine, "k1")
    assert [(start.workflow, start.status) for start in made.starts] == [
        ("points.redeem", "failed"), ("visit", "running")
    ]  # fmt: skip


def test_equal_decisions_have_equal_bytes() -> None:
    assert encode(call(desk(), "k1")) == encode(call(desk(), "k1"))
    assert encode(call(desk(), "k1")) != encode(call(desk(), "k2"))
