"""Types that do not fit are refused with what to write instead."""

import pytest
from rule_engine import Context
from rule_engine.errors import AttributeResolutionError
from rule_engine.types import DataType

from engine.errors import ExpressionError
from engine.expressions import Kind, Scope, compile_expression
from engine.expressions.nodes import VALUE_ATTRIBUTES

SCOPE = Scope(
    customer={
        "plan": Kind.TEXT,
        "orders": Kind.NUMBER,
        "vip": Kind.BOOLEAN,
        "renewal": Kind.DATE,
        "seen": Kind.TIME,
        "quiet_for": Kind.DURATION,
        "tags": Kind.LIST,
        "other": Kind.ANY,
    },
    event={},
)


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SCOPE)
    return caught.value


@pytest.mark.parametrize(
    ("text", "offset", "suggestion"),
    [
        ("customer.plan == 1", 14, "'1'"),
        ("customer.orders > '5'", 16, "5"),
        ("customer.orders == '5'", 16, "5"),
        ("'5' != customer.orders", 4, "5"),
        ("customer.vip == 'true'", 13, "true"),
        ("customer.vip == 1", 13, "true"),
        ("customer.plan == true", 14, "'true'"),
        ("customer.renewal < '2026-01-01'", 17, 'd"2026-01-01"'),
        ("customer.quiet_for > 45", 19, "45d"),
        ("customer.quiet_for > '45d'", 19, "45d"),
        ("customer.plan ?? 0", 14, "'0'"),
        ("customer.orders + '1'", 16, "1"),
    ],
)
def test_a_literal_of_the_wrong_type_gets_the_right_one(text: str, offset: int, suggestion: str) -> None:
    error = refusal(text)
    assert (error.code, error.offset, error.suggestion) == ("type", offset, suggestion)


@pytest.mark.parametrize(
    "text",
    [
        "customer.plan < customer.orders",
        "customer.plan == customer.orders",
        "customer.seen == customer.quiet_for",
        "customer.plan == customer.tags",
        "customer.plan in [1, 2]",
        "customer.orders in ['1']",
        "customer.plan in {1: 'free'}",
        "customer.orders in customer.plan",
        "customer.orders * customer.plan",
        "customer.seen + customer.renewal",
        "customer.orders > null",
        "customer.orders =~ '5'",
        "-customer.plan",
        "customer.vip & customer.vip",
        "1 == 'a'",
        "customer.orders ?? 0 > 5",
    ],
)
def test_types_that_never_fit_are_refused(text: str) -> None:
    error = refusal(text)
    assert error.code == "type"
    assert error.offset is not None


@pytest.mark.parametrize(
    "text",
    [
        "customer.plan == null",
        "customer.other == 1",
        "customer.other > 'a'",
        "event.x == customer.orders",
        "customer.tags == ['a']",
        "customer.renewal == customer.seen",
        "customer.plan in ['free', null]",
        "customer.plan in {'free': 1}",
        "'a' in customer.tags",
        "customer.vip == true",
    ],
)
def test_types_that_may_fit_are_taken(text: str) -> None:
    assert compile_expression(text, SCOPE).text == text


def test_a_sentence_names_both_sides() -> None:
    error = refusal("customer.plan > 5")
    assert error.message == (
        "customer.plan is text and 5 is a number, which `>` cannot take together; did you mean '5'?"
    )


def test_an_unbracketed_fallback_that_does_not_fit_is_told_to_get_brackets() -> None:
    assert "(x ?? 0) > 5" in refusal("customer.orders ?? 0 > 5").message


def test_value_attributes_are_rule_engines_but_for_codecs() -> None:
    # Given every name that could be an attribute, asked of each type
    types = [DataType.STRING, DataType.FLOAT, DataType.DATETIME, DataType.TIMEDELTA, DataType.BYTES]
    types += [DataType.ARRAY, DataType.MAPPING, DataType.SET]
    context = Context()

    def known(name: str) -> bool:
        for each in types:
            try:
                context.resolve_attribute_type(each, name)
                return True
            except AttributeResolutionError:
                continue
        return False

    # Then ours are among rule-engine's, and the two that load codecs are not among ours
    assert [name for name in VALUE_ATTRIBUTES if not known(name)] == []
    assert known("encode") and known("decode")
    assert not {"encode", "decode"} & VALUE_ATTRIBUTES
