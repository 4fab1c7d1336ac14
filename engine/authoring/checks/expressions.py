"""Expressions: compiled where they stand, each slip at its own column."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from engine.authoring.draft import Draft
from engine.authoring.nodes import ScalarNode
from engine.authoring.wording import either, nearest, quoted
from engine.decisions.scopes import customer_scope
from engine.errors import ExpressionError
from engine.expressions import Expression, Kind, Scope, compile_expression
from engine.model.conditions import AnyOf, Condition
from engine.model.facts import Computed, Subject, Trait
from engine.model.rule import Key
from engine.model.values import Formula

NUMBERS = (Kind.NUMBER, Kind.BOOLEAN)
MOMENTS = (Kind.DATE, Kind.TIME)

_ALWAYS = frozenset(("id", "kind", "segments", "first_seen"))
_COMPARED = re.compile(
    r"customer\.(?P<name>\w+)\s*(?:==|!=)\s*(?P<quote>['\"])(?P<text>[^'\"]*)(?P=quote)"
    r"|(?P<quote2>['\"])(?P<text2>[^'\"]*)(?P=quote2)\s*(?:==|!=)\s*customer\.(?P<name2>\w+)"
)
_AMONG = re.compile(r"customer\.(?P<name>\w+)\s+(?:not\s+)?in\s*\[(?P<texts>[^\]]*)\]")
_MEMBER = re.compile(r"(?P<quote>['\"])(?P<text>[^'\"]*)(?P=quote)\s+(?:not\s+)?in\s+customer\.segments\b")
_TEXT = re.compile(r"(['\"])([^'\"]*)\1")


def judge(
    draft: Draft, formula: Formula | None, scope: Scope, expects: Collection[Kind] = ()
) -> Expression | None:
    """Compile an expression in its scope; say what is wrong, and what is only unwise.

    `expects` are the kinds that its value may have; a value of any kind passes.
    """
    if formula is None or not draft.whole:
        return None
    try:
        expression = compile_expression(formula.text, scope)
    except ExpressionError as error:
        _refuse(draft, formula, error)
        return None
    for advice in expression.advice:
        if not any(never_unknown(draft, name) for name in advice.names):
            text, _, hint = advice.message.partition("; ")
            _say(draft, formula, advice.code, text, hint, advice.offset, "warning")
    if expects and expression.kind not in (*expects, Kind.ANY):
        wanted = either(f"a {kind.value}" for kind in expects if kind is not Kind.BOOLEAN)
        _say(
            draft,
            formula,
            "wrong-kind",
            f"this gives a {expression.kind.value}, and {wanted} is needed",
            f"write an expression that gives {wanted}",
            0,
        )
    _judge_literals(draft, formula)
    return expression


def condition(draft: Draft, written: Condition | None, scope: Scope) -> None:
    """Judge every line of a condition; a line that compares nothing is pointed out."""
    for line in lines(written):
        expression = judge(draft, line, scope)
        if expression is not None and expression.kind not in (Kind.BOOLEAN, Kind.ANY):
            hint = "write a comparison, as in customer.orders > 0"
            _say(
                draft, line, "no-comparison", f"this line gives a {expression.kind.value}", hint, 0, "warning"
            )


def lines(written: Condition | None) -> Iterator[Formula]:
    """Give the lines of a condition, in order."""
    entries = () if written is None else written if isinstance(written, tuple) else (written,)
    for entry in entries:
        yield from entry.any if isinstance(entry, AnyOf) else (entry,)


def values(draft: Draft, written: Any, scope: Scope) -> None:
    """Judge the expressions in a value, at any depth."""
    for formula in formulas(written):
        judge(draft, formula, scope)


def formulas(written: Any) -> Iterator[Formula]:
    """Give the expressions in a value, at any depth."""
    if isinstance(written, Formula):
        yield written
    elif isinstance(written, dict):
        for part in written.values():
            yield from formulas(part)
    elif isinstance(written, (list, tuple)):
        for part in written:
            yield from formulas(part)


def key(draft: Draft, written: Key | None, scope: Scope) -> None:
    """Judge the expressions of a `key:` or `match:` written as a map."""
    if isinstance(written, dict):
        for formula in written.values():
            judge(draft, formula, scope)


def customer(draft: Draft, subject: Subject) -> Scope:
    """Give the scope that sees the customer and now."""
    return customer_scope(subject, draft.catalog, draft.zone)


def _refuse(draft: Draft, formula: Formula, error: ExpressionError) -> None:
    message, _, hint = error.message.partition("; ")
    if not hint and ", did you mean " in message:
        message, _, hint = message.partition(", ")
    _say(draft, formula, error.code, message, hint, error.offset)


def _say(
    draft: Draft,
    formula: Formula,
    code: str,
    message: str,
    hint: str,
    offset: int | None,
    severity: str = "error",
) -> None:
    node = draft.origins.node(formula)
    if offset is not None and isinstance(node, ScalarNode) and node.text.startswith("="):
        offset += 1
    draft.say(
        formula, code=code.replace("_", "-"), message=message, hint=hint, severity=severity, offset=offset
    )


def never_unknown(draft: Draft, dotted: str) -> bool:
    """Tell whether a name always has a value: a default, a count, a sum."""
    root, _, name = dotted.partition(".")
    if root != "customer":
        return False
    fact = draft.workspace.facts.facts.get(name)
    if isinstance(fact, Trait):
        return fact.default is not None
    if isinstance(fact, Computed):
        return fact.function in ("count", "sum")
    return name in _ALWAYS


def _judge_literals(draft: Draft, formula: Formula) -> None:
    """Warn of a comparison with a text that the fact can never be."""
    for match in _COMPARED.finditer(formula.text):
        name, text = match["name"] or match["name2"], match["text"] if match["name"] else match["text2"]
        _judge_choice(draft, formula, name, text, match.start())
    for match in _AMONG.finditer(formula.text):
        for _, text in _TEXT.findall(match["texts"]):
            _judge_choice(draft, formula, match["name"], text, match.start())
    for match in _MEMBER.finditer(formula.text):
        known = draft.ids("segment")
        if match["text"] not in known:
            _never(
                draft,
                formula,
                f"there is no segment {quoted(match['text'])}",
                match["text"],
                known,
                match.start(),
            )


def _judge_choice(draft: Draft, formula: Formula, name: str, text: str, offset: int) -> None:
    known = choices(draft, name)
    if known is not None and text not in known:
        _never(draft, formula, f"customer.{name} is never {quoted(text)}", text, known, offset)


def _never(
    draft: Draft, formula: Formula, message: str, text: str, known: Collection[str], offset: int
) -> None:
    close = nearest(text, known)
    hint = f"did you mean {close}?" if close else f"write {either(sorted(known))}" if known else "take it out"
    _say(draft, formula, "never-met", message, hint, offset, "warning")


def choices(draft: Draft, name: str) -> set[str] | None:
    """Give the texts that a fact can be, where they are all known."""
    workspace = draft.workspace
    fact = workspace.facts.facts.get(name)
    if isinstance(fact, Trait) and fact.one_of is not None:
        return {choice for choice in fact.one_of if isinstance(choice, str)}
    for score in workspace.scores.values():
        if name == f"{score.id.replace('-', '_')}_band":
            return set(score.bands)
    for lifecycle in workspace.lifecycles.values():
        if name == f"{lifecycle.id.replace('-', '_')}_stage":
            return set(lifecycle.stages)
    for program in workspace.programs.values():
        if name in ("tier", f"{program.id.replace('-', '_')}_tier"):
            return {tier for one in workspace.programs.values() for tier in one.tiers}
    return None
