"""Warnings: each form that holds while a fact is unknown, and `??` without brackets."""

import pytest

from engine.expressions import Env, Kind, Outcome, Scope, compile_expression

SCOPE = Scope(
    customer={
        "plan": Kind.TEXT,
        "other_plan": Kind.TEXT,
        "orders": Kind.NUMBER,
        "returns": Kind.NUMBER,
        "vip": Kind.BOOLEAN,
        "tags": Kind.LIST,
    },
    event={},
)


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("customer.plan != 'free'", "true_when_unknown", "customer.plan"),
        ("'free' != customer.plan", "true_when_unknown", "customer.plan"),
        ("not customer.vip", "true_when_unknown", "customer.vip"),
        ("not (customer.plan == 'free')", "true_when_unknown", "customer.plan"),
        ("not (customer.plan =~ 'f')", "true_when_unknown", "customer.plan"),
        ("customer.plan not in ['free']", "true_when_unknown", "customer.plan"),
        ("customer.plan !~ 'f'", "true_when_unknown", "customer.plan"),
        ("customer.plan !~~ 'f'", "true_when_unknown", "customer.plan"),
        ("customer.plan == customer.other_plan", "equal_when_unknown", "customer.plan"),
        ("customer.orders <= customer.returns", "equal_when_unknown", "customer.orders"),
        ("customer.orders >= customer.returns", "equal_when_unknown", "customer.orders"),
        ("customer.vip and customer.plan != 'free'", "true_when_unknown", "customer.plan"),
        ("customer.plan != 'free' ? 1 : 2", "true_when_unknown", "customer.plan"),
    ],
)
def test_a_form_that_holds_for_the_unknown_is_warned_of(text: str, code: str, name: str) -> None:
    expression = compile_expression(text, SCOPE)
    assert [advice.code for advice in expression.advice] == [code]
    assert expression.advice[0].names[0] == name
    assert name in expression.advice[0].message
    # And it does hold
    assert expression.outcome(Env(customer={"vip": True} if " and " in text else {})) is Outcome.MET


@pytest.mark.parametrize(
    "text",
    [
        "customer.plan == 'free'",
        "customer.plan != null",
        "customer.plan != null and customer.plan != 'free'",
        "(customer.plan ?? 'free') != 'free'",
        "customer.plan in ['free']",
        "customer.plan =~ 'f'",
        "customer.vip",
        "not (customer.plan != 'free')",
        "not (customer.orders > 3)",
        "customer.orders > 3",
        "customer.orders < customer.returns",
        "'vip' not in customer.tags",
        "(customer.orders ?? 0) > 5",
        "customer.orders ?? 0",
        "customer.orders ?? (customer.returns + 1)",
    ],
)
def test_other_forms_are_not(text: str) -> None:
    assert compile_expression(text, SCOPE).advice == ()


@pytest.mark.parametrize("text", ["event.x ?? 0 > 5", "event.x ?? 0 + 1", "event.x ?? 'a' in ['a']"])
def test_a_fallback_without_brackets_is_warned_of(text: str) -> None:
    advice = compile_expression(text, SCOPE).advice
    assert [each.code for each in advice] == ["loose_fallback"]
    assert advice[0].offset == text.index("??")
    assert "(x ?? 0) > 5" in advice[0].message


def test_warnings_come_in_the_order_of_the_text() -> None:
    advice = compile_expression("not customer.vip and customer.plan != 'free'", SCOPE).advice
    assert [each.offset for each in advice] == [13, 35]
