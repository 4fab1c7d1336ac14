"""Names: what is declared can be read, and nothing else."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import ExpressionError
from engine.expressions import Env, Kind, Outcome, Scope, compile_expression

SCOPE = Scope(
    customer={"plan": Kind.TEXT, "usage_drop": Kind.NUMBER, "tags": Kind.LIST},
    event={"score": Kind.NUMBER},
    input={"cart_value": Kind.NUMBER},
    run={"offer": None, "answer": {"choice": Kind.TEXT}},
)


def refusal(text: str, scope: Scope = SCOPE) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, scope)
    return caught.value


@pytest.mark.parametrize(
    ("text", "offset", "suggestion"),
    [
        ("customer.plann == 'free'", 9, "plan"),
        ("customer.usagedrop > 1", 9, "usage_drop"),
        ("costumer.plan == 'free'", 0, "customer"),
        ("plan == 'free'", 0, "customer.plan"),
        ("run.ofer.code == 'x'", 4, "offer"),
        ("run.answer.choise == 'x'", 11, "choice"),
        ("input.cart_valu > 1", 6, "cart_value"),
        ("customer.plan == True", 17, "true"),
        ("customer.tags.lenght > 1", 14, "length"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_right_one(text: str, offset: int, suggestion: str) -> None:
    error = refusal(text)
    assert (error.code, error.offset, error.suggestion) == ("name", offset, suggestion)


def test_a_name_unlike_any_other_gets_no_suggestion() -> None:
    assert refusal("customer.zzz == 1").suggestion is None


def test_an_undeclared_property_is_open_or_refused() -> None:
    closed = Scope(customer={}, event={"total": Kind.NUMBER}, event_open=False)
    # Given a scope that leaves properties open, an undeclared one is null where it is absent
    assert compile_expression("event.totl == null", SCOPE).value(Env()) is True
    # Given a scope that closes them, it is refused
    assert refusal("event.totl > 5", closed).suggestion == "total"


@pytest.mark.parametrize("root", ["customer", "event", "input", "run"])
def test_a_root_that_is_not_there_is_refused(root: str) -> None:
    scope = Scope(customer=None, event=None)
    assert refusal(f"{root}.x == 1", scope).code == "name"


def test_a_refusal_has_the_sentence_of_the_scope() -> None:
    scope = Scope(customer={}, event=None, refusals={"event": "there is no event for a schedule trigger"})
    error = refusal("event.score > 1", scope)
    assert (error.message, error.offset) == ("there is no event for a schedule trigger", 0)


@pytest.mark.parametrize(
    "text", ["customer", "not customer", "customer == customer", "[customer]", "run.offer ?? 1"]
)
def test_a_root_is_no_value(text: str) -> None:
    assert refusal(text).code in ("name", "type")


@pytest.mark.parametrize(
    "text",
    [
        "customer.__class__",
        "customer.keys",
        "customer.plan.__class__",
        "customer.plan.format",
        "customer.tags.append",
        "event.x.__class__",
        "event.x.__dict__",
        "event.x.encode('os')",
        "event.x.decode('os')",
        "now.tzinfo",
        "run.__init__",
        "run.answer.values",
        "customer['plan']",
        "customer['__class__']",
        "''.join",
    ],
)
def test_nothing_of_python_can_be_reached(text: str) -> None:
    assert refusal(text).code == "name"


def test_a_method_among_the_values_is_no_attribute() -> None:
    class Facts(dict[str, Any]):
        plan = "an attribute of the class"

        def secret(self) -> str:
            return "a method"

    # Given facts whose class has attributes of the same names
    scope = Scope(customer={"plan": Kind.TEXT, "secret": Kind.ANY}, event=None)
    env = Env(customer=Facts())
    # Then only items are read
    assert compile_expression("customer.plan", scope).value(env) is None
    assert compile_expression("customer.secret", scope).value(env) is None


def test_an_item_of_a_map_is_read_by_its_key() -> None:
    env = Env(event={"address": {"city": "Oslo"}})
    assert refusal("event.address.city == 'Oslo'").message.endswith("event.address['city']")
    assert compile_expression("event.address['city'] == 'Oslo'", SCOPE).value(env) is True


def test_answers_of_steps_are_read_and_null_before() -> None:
    expression = compile_expression("run.offer.code == 'A1'", SCOPE)
    assert expression.outcome(Env(run={"offer": {"code": "A1"}})) is Outcome.MET
    assert expression.outcome(Env()) is Outcome.NOT_MET
    assert (
        compile_expression("run.answer.choice", SCOPE).value(Env(run={"answer": {"choice": "call"}}))
        == "call"
    )


def test_the_names_are_those_that_the_text_mentions() -> None:
    text = "run.offer.code == 'x' or event.other > input.cart_value and customer.plan == 'a' or now > now"
    assert compile_expression(text, SCOPE).names == (
        "customer.plan",
        "event.other",
        "input.cart_value",
        "now",
        "run.offer.code",
    )


def test_a_variable_may_not_hide_a_name() -> None:
    assert refusal("[event for event in customer.tags]").code == "name"


def test_a_fact_that_is_an_expression_may_be_read_in_the_midst_of_another() -> None:
    inner = compile_expression("[tag for tag in customer.tags if tag == 'b'] == ['b']", SCOPE)

    class Facts(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return "b" if inner.value(Env(customer={"tags": ["a", "b"]})) else "a"

    # Given a list that is made while reading a fact makes another list
    outer = compile_expression("[tag for tag in event.codes if tag == customer.plan and tag != 'x']", SCOPE)
    facts: Mapping[str, Any] = Facts()
    # When it is evaluated, then the variable of the outer one is still there
    assert outer.value(Env(customer=facts, event={"codes": ["a", "b", "b"]})) == ("b", "b")


@pytest.mark.parametrize(
    "text",
    [
        "event.n.floor",
        "event.n.to_int",
        "event.s.to_int",
        "event.l[event.n]",
        "event.l[0:event.n]",
        "event.n & 1",
        "$split('a', 'b', event.n)",
    ],
)
def test_a_number_of_a_million_digits_is_an_error_and_takes_no_time(text: str) -> None:
    env = Env(event={"n": Decimal("9e999999999"), "s": "9e999999999", "l": [1]})
    assert compile_expression(text, SCOPE).outcome(env) is Outcome.ERROR
