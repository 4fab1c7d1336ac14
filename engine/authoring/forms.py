"""What is not written as its Struct reads: facts as a text, event properties, `until: day 6`, tests."""

from __future__ import annotations

import re
from typing import Any

from engine.authoring import scalars
from engine.authoring.binding import FAILED, bind, choose, form, formula, literal, struct
from engine.authoring.nodes import ListNode, MapNode, Node, ScalarNode
from engine.authoring.sheet import Sheet
from engine.errors import ValueSyntaxError
from engine.model.facts import Computed, EventType, Fact, FactType, NamedExpression, PropertyType, Trait
from engine.model.testcase import HistoryEntry, TimelineEntry
from engine.model.values import TimeOfDay
from engine.model.workflow import Until
from engine.model.workspace import Secret

_STEP_DAY = re.compile(r"day (\d{1,4})")


@form(Fact)
def _fact(node: Node, sheet: Sheet) -> Any:
    if isinstance(node, ScalarNode):
        expression = formula(node, sheet)
        return FAILED if expression is FAILED else sheet.keep(NamedExpression(expression=expression), node)
    if isinstance(node, ListNode):
        sheet.refuse(
            node,
            "wrong-type",
            "a fact is expected here, not a list",
            "write a map such as {type: text}, or an expression",
        )
        return FAILED
    chosen = choose(node, [Trait, Computed], sheet) if isinstance(node, MapNode) else None
    return FAILED if chosen is None else bind(node, chosen, sheet)


@form(Trait)
def _trait(node: Node, sheet: Sheet) -> Any:
    """Take `default: yes` as a truth where the trait is one."""
    given: dict[str, Any] = {}
    if isinstance(node, MapNode):
        kind, default = node.entry("type"), node.entry("default")
        if kind and default and _is_text(kind.value, "boolean") and isinstance(default.value, ScalarNode):
            truth = scalars.truth(default.value)
            if truth is not None:
                given["default"] = truth
    return struct(node, Trait, sheet, given)


def _is_text(node: Node, text: str) -> bool:
    return isinstance(node, ScalarNode) and node.text == text


@form(EventType)
def _event_type(node: Node, sheet: Sheet) -> Any:
    if not isinstance(node, MapNode):
        sheet.refuse(
            node, "wrong-type", "an event is a map of its properties", "write {order_id: text, total: number}"
        )
        return FAILED
    properties: dict[str, PropertyType] = {}
    revises = None
    for entry in node.entries:
        if entry.key.text == "revises":
            revises = bind(entry.value, str, sheet)
            continue
        bound = _property(entry.value, sheet)
        if bound is FAILED:
            sheet.origins.fail(node, entry.key.text)
        else:
            properties[entry.key.text] = bound
    return sheet.keep(EventType(properties=properties, revises=None if revises is FAILED else revises), node)


def _property(node: Node, sheet: Sheet) -> Any:
    if isinstance(node, MapNode):
        return struct(node, PropertyType, sheet)
    kind = bind(node, FactType, sheet)
    return FAILED if kind is FAILED else sheet.keep(PropertyType(type=kind), node)


@form(Until)
def _until(node: Node, sheet: Sheet) -> Any:
    entry = node.entry("until") if isinstance(node, MapNode) else None
    if entry is None or not isinstance(node, MapNode) or not isinstance(entry.value, ScalarNode):
        return struct(node, Until, sheet)
    until = _moment(entry.value, sheet)
    return FAILED if until is FAILED else struct(node, Until, sheet, {"until": until})


def _moment(node: ScalarNode, sheet: Sheet) -> Any:
    if node.text.startswith("="):
        return literal(node, sheet)
    if day := _STEP_DAY.fullmatch(node.text):
        if int(day[1]) > 3660:
            sheet.refuse(node, "bad-value", f"{node.text!r} is over ten years away", "write day 3660 or less")
            return FAILED
        return int(day[1])
    try:
        return sheet.keep(TimeOfDay.parse(node.text), node)
    except ValueSyntaxError:
        hint = 'write "09:00", day 6, or an expression after =, such as =customer.renewal_date'
        sheet.refuse(node, "bad-value", f"{node.text!r} is not a moment", hint)
        return FAILED


@form(HistoryEntry)
def _history_entry(node: Node, sheet: Sheet) -> Any:
    return _with_properties(node, HistoryEntry, sheet)


@form(TimelineEntry)
def _timeline_entry(node: Node, sheet: Sheet) -> Any:
    return _with_properties(node, TimelineEntry, sheet)


def _with_properties(node: Node, kind: type[HistoryEntry] | type[TimelineEntry], sheet: Sheet) -> Any:
    """Bind the keys of an entry; all others are properties of its event."""
    if not isinstance(node, MapNode):
        return struct(node, kind, sheet)
    own = (
        {"ago", "event", "every", "times"} if kind is HistoryEntry else {"after", "event", "given", "expect"}
    )
    properties = {}
    for entry in node.entries:
        if entry.key.text not in own:
            properties[entry.key.text] = literal(entry.value, sheet)
    if any(value is FAILED for value in properties.values()):
        return FAILED
    kept = MapNode(
        tuple(entry for entry in node.entries if entry.key.text in own), node.line, node.column, node.flow
    )
    bound = struct(kept, kind, sheet, {"properties": properties})
    return FAILED if bound is FAILED else sheet.keep(bound, node)


@form(Secret)
def _secret(node: Node, sheet: Sheet) -> Any:
    if not isinstance(node, MapNode):
        sheet.refuse(
            node, "secret-written", "a secret is never written here", "write {env: NAME} or {file: PATH}"
        )
        return FAILED
    bound = struct(node, Secret, sheet)
    if bound is not FAILED and (bound.env is None) == (bound.file is None):
        sheet.refuse(
            node, "secret-written", "a secret is read from one place", "write {env: NAME} or {file: PATH}"
        )
        return FAILED
    return bound
