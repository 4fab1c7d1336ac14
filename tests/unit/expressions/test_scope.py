"""Kinds and the key of a scope."""

import pytest

from engine.expressions import Kind, Scope
from engine.expressions.scope import ScopeKey, kind_of, type_of


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DATE])
def test_a_kind_survives_the_way_through_rule_engines_types(kind: Kind) -> None:
    assert kind_of(type_of(kind)) is kind


def test_a_date_is_a_time_for_rule_engine() -> None:
    assert kind_of(type_of(Kind.DATE)) is Kind.TIME


@pytest.mark.parametrize(
    "other",
    [
        Scope(customer={"a": Kind.TEXT}, event={}),
        Scope(customer=None, event={}),
        Scope(customer={"a": Kind.NUMBER}, event=None),
        Scope(customer={"a": Kind.NUMBER}, event={}, event_open=False),
        Scope(customer={"a": Kind.NUMBER}, event={}, input={}),
        Scope(customer={"a": Kind.NUMBER}, event={}, run={}),
        Scope(customer={"a": Kind.NUMBER}, event={}, run={"x": None}),
        Scope(customer={"a": Kind.NUMBER}, event={}, zone="Europe/Berlin"),
        Scope(customer={"a": Kind.NUMBER}, event={}, refusals={"run": "no"}),
    ],
)
def test_scopes_that_allow_something_else_are_other_keys(other: Scope) -> None:
    scope = Scope(customer={"a": Kind.NUMBER}, event={})
    assert ScopeKey(scope) == ScopeKey(Scope(customer={"a": Kind.NUMBER}, event={}))
    assert ScopeKey(scope) != ScopeKey(other)
