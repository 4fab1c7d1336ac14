"""Rules compiled: values at any depth, nested conditions, what two events have in common."""

from decimal import Decimal

from engine.decisions.rules import compile_condition, compile_matcher, compile_value
from engine.expressions import Env, Kind, Outcome, Scope
from engine.model.conditions import AnyOf
from engine.model.values import Formula
from tests.virtual_engine import VirtualEngine

SCOPE = Scope(customer={"plan": Kind.TEXT, "seats": Kind.NUMBER}, event={}, event_open=True, zone="UTC")


def seen(**facts: object) -> Env:
    return Env(customer=facts, event={"total": Decimal("9.90"), "cart_id": "c1"})


def test_a_value_is_literal_unless_it_is_an_expression_at_any_depth() -> None:
    written = {
        "text": "customer.plan",
        "plan": Formula("customer.plan"),
        "list": [1, Formula("event.total * 2"), {"deep": Formula("event.cart_id")}],
    }
    value = compile_value(written, SCOPE).value(seen(plan="team"))
    assert value == {
        "text": "customer.plan",
        "plan": "team",
        "list": [1, Decimal("19.80"), {"deep": "c1"}],
    }


def test_a_value_that_cannot_be_computed_is_null() -> None:
    assert compile_value(Formula("customer.seats + 1"), SCOPE).value(seen(seats=None)) is None


def test_lists_mean_all_and_any_means_one_of_them() -> None:
    condition = compile_condition(
        (
            Formula("customer.plan == 'team'"),
            AnyOf(any=(Formula("customer.seats > 5"), Formula("event.total > 9"))),
        ),
        SCOPE,
    )
    assert condition.outcome(seen(plan="team", seats=1)) is Outcome.MET
    assert condition.outcome(seen(plan="free", seats=9)) is Outcome.NOT_MET
    assert [line.text for line in condition.trace(seen(plan="team", seats=1))] == [
        "customer.plan == 'team'", "customer.seats > 5", "event.total > 9"
    ]  # fmt: skip


def test_a_rule_without_a_condition_is_always_met() -> None:
    assert compile_condition((), SCOPE).outcome(seen()) is Outcome.MET


def test_a_bare_word_names_a_property_of_both_events_and_a_map_one_of_each() -> None:
    assert compile_matcher("cart_id", SCOPE).wanted(seen()) == {"cart_id": "c1"}
    assert compile_matcher({"order": Formula("event.cart_id")}, SCOPE).wanted(seen()) == {"order": "c1"}
    assert compile_matcher(None, SCOPE).wanted(seen()) == {}
    # what the first event lacks is null, which the other one must then be too
    assert compile_matcher("ticket", SCOPE).wanted(seen()) == {"ticket": None}


def test_a_rule_may_have_several_triggers() -> None:
    rule = """
rule: either
when:
  - {event: opened}
  - {event: closed, where: event.fast}
then:
  - do: segment.add
    with: {segment: listed}
"""
    engine = VirtualEngine(rule, "segment: listed\nstatic: yes\n")
    engine.receive("2026-03-02 10:00", "opened")
    engine.receive("2026-03-02 10:01", "closed", fast=False)
    engine.receive("2026-03-02 10:02", "closed", fast=True)
    assert [row.trigger_key.split("/")[3] for row in engine.rows("either")] == ["0", "1"]
