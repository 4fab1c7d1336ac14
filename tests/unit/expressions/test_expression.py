"""The outcome of a line, its value, its kind and its trace."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import ExpressionError
from engine.expressions import Env, Kind, Outcome, Scope, compile_expression, expression
from engine.expressions.tree import walk

SCOPE = Scope(
    customer={
        "plan": Kind.TEXT,
        "usage_drop": Kind.NUMBER,
        "orders": Kind.NUMBER,
        "renewal": Kind.DATE,
        "seen": Kind.TIME,
        "quiet_for": Kind.DURATION,
        "tags": Kind.LIST,
        "vip": Kind.BOOLEAN,
        "other": Kind.ANY,
    },
    event={},
)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def outcome(text: str, **facts: Any) -> Outcome:
    return compile_expression(text, SCOPE).outcome(Env(customer=facts, now=NOW))


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("customer.plan != 'free'", {"plan": "team"}, Outcome.MET),
        ("customer.plan != 'free'", {"plan": "free"}, Outcome.NOT_MET),
        ("customer.plan != 'free'", {}, Outcome.MET),
        ("customer.plan == 'free'", {"plan": None}, Outcome.NOT_MET),
        ("customer.usage_drop >= 0.4", {"usage_drop": Decimal("0.4")}, Outcome.MET),
        ("customer.usage_drop >= 0.4", {"usage_drop": Decimal("0.39")}, Outcome.NOT_MET),
        ("customer.usage_drop >= 0.4", {}, Outcome.UNKNOWN),
        ("customer.usage_drop >= 0.4", {"usage_drop": "high"}, Outcome.ERROR),
        ("customer.usage_drop >= 0.4", {"usage_drop": Decimal("NaN")}, Outcome.ERROR),
        ("customer.usage_drop >= 0.4", {"usage_drop": 0.4}, Outcome.MET),
        ("customer.orders / customer.usage_drop > 1", {"orders": 1, "usage_drop": 0}, Outcome.ERROR),
        ("customer.orders / customer.usage_drop > 1", {"orders": 1}, Outcome.UNKNOWN),
        ("'vip' in customer.tags", {"tags": ["a", "vip"]}, Outcome.MET),
        ("'vip' in customer.tags", {}, Outcome.UNKNOWN),
        ("customer.plan not in ['free']", {}, Outcome.MET),
        ("customer.vip", {"vip": True}, Outcome.MET),
        ("customer.vip", {}, Outcome.NOT_MET),
        ("not customer.vip", {}, Outcome.MET),
        ("(customer.orders ?? 5) <= 2", {}, Outcome.NOT_MET),
        ("customer.quiet_for > 45d", {"quiet_for": timedelta(days=46)}, Outcome.MET),
        ("now - customer.seen > 30d", {"seen": datetime(2026, 1, 1, tzinfo=UTC)}, Outcome.MET),
        ("customer.usage_drop >= customer.orders", {}, Outcome.MET),
        ("customer.orders > 1 and customer.usage_drop > 1", {"orders": 1}, Outcome.NOT_MET),
        ("customer.usage_drop > 1 and customer.orders > 1", {"orders": 1}, Outcome.UNKNOWN),
        ("customer.orders > 0 or customer.usage_drop > 1", {"orders": 1}, Outcome.MET),
    ],
)
def test_a_line_comes_out_by_the_rule(text: str, facts: dict[str, Any], expected: Outcome) -> None:
    assert outcome(text, **facts) is expected


def test_a_raise_is_unknown_when_any_name_that_is_mentioned_is_null() -> None:
    # Given a line that raises for a text, and mentions a null that it never reaches
    text = "customer.usage_drop > 1 and customer.other == 1"
    assert outcome(text, usage_drop="high", other=1) is Outcome.ERROR
    assert outcome(text, usage_drop="high", other=None) is Outcome.UNKNOWN


def test_an_outcome_never_raises() -> None:
    class Broken(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            raise RuntimeError("the fact cannot be computed")

    expression = compile_expression("customer.usage_drop > 1", SCOPE)
    assert expression.outcome(Env(customer=Broken())) is Outcome.ERROR
    assert "cannot be computed" in str(expression.trace(Env(customer=Broken())).error)


def test_a_value_raises_what_rule_engine_raises() -> None:
    with pytest.raises(Exception, match="data type mismatch") as caught:
        compile_expression("customer.usage_drop > 1", SCOPE).value(Env())
    assert type(caught.value).__module__.startswith("rule_engine")


def test_lazy_facts_behind_a_settled_part_are_not_computed() -> None:
    class Facts(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            raise AssertionError(name)

    facts = Facts(plan="free")
    text = "customer.plan != 'free' and customer.usage_drop > 0"
    assert compile_expression(text, SCOPE).outcome(Env(customer=facts)) is Outcome.NOT_MET


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("customer.plan", Kind.TEXT),
        ("customer.orders * 2", Kind.NUMBER),
        ("customer.orders > 2", Kind.BOOLEAN),
        ("customer.renewal", Kind.DATE),
        ("customer.renewal - 30d", Kind.DATE),
        ('d"2026-03-01"', Kind.DATE),
        ("customer.seen", Kind.TIME),
        ("now", Kind.TIME),
        ("now - customer.seen", Kind.DURATION),
        ("customer.tags", Kind.LIST),
        ("['a']", Kind.LIST),
        ("customer.other", Kind.ANY),
        ("event.x", Kind.ANY),
    ],
)
def test_the_kind_is_what_the_text_tells(text: str, kind: Kind) -> None:
    assert compile_expression(text, SCOPE).kind is kind


def test_a_trace_has_the_values_and_what_is_unknown() -> None:
    text = "customer.usage_drop >= 0.4 and customer.orders > 1"
    trace = compile_expression(text, SCOPE).trace(Env(customer={"orders": 3}))
    assert (trace.text, trace.outcome) == (text, Outcome.UNKNOWN)
    assert trace.values == {"customer.orders": 3, "customer.usage_drop": None}
    assert trace.error == "not known: customer.usage_drop"


def test_a_trace_says_what_was_wrong() -> None:
    trace = compile_expression("customer.orders / 0.5 > 'a'.length / customer.usage_drop", SCOPE).trace(
        Env(customer={"orders": 3, "usage_drop": 0})
    )
    assert trace.outcome is Outcome.ERROR
    assert trace.error == "arithmetic error: division by zero"


def test_a_trace_of_what_is_met_has_nothing_to_complain_of() -> None:
    trace = compile_expression("customer.orders > 1", SCOPE).trace(Env(customer={"orders": 3}))
    assert (trace.outcome, trace.error, trace.path) == (Outcome.MET, None, ())


def test_equal_texts_in_equal_scopes_are_compiled_once() -> None:
    first = compile_expression("customer.a == 1", Scope(customer={"a": Kind.NUMBER}, event=None))
    again = compile_expression("customer.a == 1", Scope(customer={"a": Kind.NUMBER}, event=None))
    other = compile_expression("customer.a == 1", Scope(customer={"a": Kind.ANY}, event=None))
    assert first is again
    assert first is not other


def test_what_is_too_deep_for_python_is_left_to_rule_engine() -> None:
    # Given brackets that are in the limits for a person but not in those of Python's own parser
    text = " + ".join(["customer.orders"] * 120) + " > 100"
    assert outcome(text, orders=1) is Outcome.MET
    nested = "customer.vip ? (" * 24 + "customer.vip" + " ? 1 : 2)" + " : 3)" * 23 + " : 4"
    assert compile_expression(nested, SCOPE).value(Env(customer={"vip": True})) == 1


def test_an_expression_is_compiled_once_whoever_kept_its_methods() -> None:
    expression = compile_expression("customer.orders > 41", SCOPE)
    outcome, value = expression.outcome, expression.value
    # Given the methods as they were before the first use
    for _ in range(2):
        assert outcome(Env(customer={"orders": 42})) is Outcome.MET
        assert value(Env(customer={"orders": 42})) is True
    # Then what they compiled stays
    compiled = expression.outcome, expression.value
    outcome(Env()), expression.trace(Env())
    assert (expression.outcome, expression.value) == compiled
    assert outcome is not expression.outcome


def test_groups_of_a_match_are_rule_engines() -> None:
    text = "customer.plan =~ '(f)(r)' and $re_groups[1] == 'r'"
    assert outcome(text, plan="free") is Outcome.MET


def test_an_expression_shows_its_text() -> None:
    assert repr(compile_expression("customer.vip", SCOPE)) == "Expression('customer.vip')"


def test_an_error_is_an_expression_error() -> None:
    with pytest.raises(ExpressionError):
        compile_expression("customer.vip ==", SCOPE)


def test_value_or_null_is_the_value_where_there_is_one_and_null_where_evaluation_raises() -> None:
    # given
    scope = Scope(customer={"usage": Kind.NUMBER, "plan": Kind.TEXT}, event=None)
    ratio = compile_expression("customer.usage / 4 - 1", scope)

    # when / then
    assert ratio.value_or_null(Env(customer={"usage": 6})) == Decimal("0.5")
    assert ratio.value_or_null(Env(customer={"usage": None})) is None
    assert ratio.value_or_null(Env(customer={"usage": "six"})) is None
    assert ratio.value_or_null(Env(customer={"usage": 1.5})) == Decimal("-0.625")


def test_only_a_text_with_the_word_for_groups_is_walked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given lines of which one uses the groups of a match, one only has the word in a text, one has neither
    walked: list[Any] = []

    def counting(node: Any) -> Any:
        walked.append(node)
        return walk(node)

    monkeypatch.setattr(expression, "walk", counting)
    scope = Scope(customer={"plan": Kind.TEXT}, event=None)
    uses, mentions, plain = (
        compile_expression(text, scope)
        for text in (
            "customer.plan =~ '(a)' and $re_groups[0] == 'a'",
            "customer.plan == 're_groups'",
            "customer.plan == 'a'",
        )
    )

    # then what is found is the same as by walking, which is done for two of the three
    assert [uses.divisible, mentions.divisible, plain.divisible] == [False, True, True]
    assert walked == [uses.oracle.root, mentions.oracle.root]
