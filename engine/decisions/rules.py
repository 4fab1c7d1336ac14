"""Rules, compiled: conditions, triggers with their expressions, and what each fires on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.catalog import Catalog
from engine.decisions.scopes import customer_scope, rule_scope, trigger_scope
from engine.expressions import Condition, Env, Expression, Scope, all_of, any_of, compile_expression
from engine.model.conditions import AnyOf
from engine.model.conditions import Condition as WrittenCondition
from engine.model.rule import DoNow, Key, OnDate, OnMissing, Rule, StartRun, Trigger
from engine.model.values import Formula


class CompiledValue(msgspec.Struct, frozen=True):
    """A literal, an expression, or a map or list that holds some."""

    literal: Any = None
    expression: Expression | None = None
    mapping: Mapping[str, CompiledValue] | None = None
    items: tuple[CompiledValue, ...] | None = None

    def value(self, env: Env) -> Any:
        """Give the value; an expression that raises gives null."""
        if self.expression is not None:
            return self.expression.value_or_null(env)
        if self.mapping is not None:
            return {key: part.value(env) for key, part in self.mapping.items()}
        if self.items is not None:
            return [part.value(env) for part in self.items]
        return self.literal


def compile_value(value: Any, scope: Scope) -> CompiledValue:
    """Compile what stands under `with:`, at any depth."""
    if isinstance(value, Formula):
        return CompiledValue(expression=compile_expression(value.text, scope))
    if isinstance(value, dict):
        return CompiledValue(mapping={key: compile_value(part, scope) for key, part in value.items()})
    if isinstance(value, (list, tuple)):
        return CompiledValue(items=tuple(compile_value(part, scope) for part in value))
    return CompiledValue(literal=value)


def compile_condition(written: WrittenCondition, scope: Scope) -> Condition:
    """Compile a condition: one line, a list of which all hold, `any:` of which one does."""
    if isinstance(written, Formula):
        return all_of([compile_expression(written.text, scope)])
    if isinstance(written, AnyOf):
        return any_of([compile_expression(line.text, scope) for line in written.any])
    return all_of(
        [
            any_of([compile_expression(line.text, scope) for line in entry.any])
            if isinstance(entry, AnyOf)
            else compile_expression(entry.text, scope)
            for entry in written
        ]
    )


class Matcher(msgspec.Struct, frozen=True):
    """How two events belong together: (property of the later, how to get the earlier's value)."""

    pairs: tuple[tuple[str, str | None, Expression | None], ...] = ()

    def wanted(self, env: Env) -> dict[str, Any]:
        """Give the values that the later event's properties must have."""
        return {
            name: env.event.get(source or "") if expression is None else expression.value_or_null(env)
            for name, source, expression in self.pairs
        }


def compile_matcher(key: Key | None, scope: Scope) -> Matcher:
    """Compile a `key:` or `match:`; a bare word names a property of both events."""
    if key is None:
        return Matcher()
    if isinstance(key, str):
        return Matcher(((key, key, None),))
    return Matcher(
        tuple((name, None, compile_expression(formula.text, scope)) for name, formula in key.items())
    )


class CompiledTrigger(msgspec.Struct, frozen=True):
    """One trigger of a rule; `name` is unique in the rule and stands in timers and terms."""

    index: int
    trigger: Trigger
    where: Expression | None = None
    matcher: Matcher = Matcher()
    date: Expression | None = None
    term: Expression | None = None


class CompiledRule(msgspec.Struct, frozen=True):
    """A rule ready to decide. `hash` is over its source and the facts it may read."""

    rule: Rule
    hash: str
    condition: Condition
    triggers: tuple[CompiledTrigger, ...]
    actions: tuple[tuple[StartRun | DoNow, Mapping[str, CompiledValue]], ...]

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.rule.id


Pair = tuple[CompiledRule, CompiledTrigger]
"""A rule and that one of its triggers which is meant."""


def compile_rule(rule: Rule, catalog: Catalog, zone: str, source_hash: str) -> CompiledRule:
    """Compile a rule against the names that are declared."""
    scope = rule_scope(rule, catalog, zone)
    return CompiledRule(
        rule=rule,
        hash=hashlib.sha256(f"rule\x1f{rule.id}\x1f{source_hash}".encode()).hexdigest()[:16],
        condition=compile_condition(rule.if_, scope),
        triggers=tuple(
            _compile_trigger(index, trigger, rule, catalog, zone)
            for index, trigger in enumerate(rule.triggers)
        ),
        actions=tuple(
            (action, {key: compile_value(value, scope) for key, value in action.with_.items()})
            for action in rule.then
        ),
    )


def _compile_trigger(
    index: int, trigger: Trigger, rule: Rule, catalog: Catalog, zone: str
) -> CompiledTrigger:
    scope = trigger_scope(trigger, catalog, zone)
    written = getattr(trigger, "where", None)
    where = compile_expression(written.text, scope) if written is not None else None
    if isinstance(trigger, OnMissing):
        return CompiledTrigger(index, trigger, where, compile_matcher(trigger.key, scope))
    if isinstance(trigger, OnDate):
        facts = customer_scope(rule.on, catalog, zone)
        return CompiledTrigger(
            index,
            trigger,
            date=compile_expression(trigger.date.text, facts),
            term=compile_expression(trigger.term.text, facts) if trigger.term else None,
        )
    return CompiledTrigger(index, trigger, where)
