"""From a tree to the model's Structs, driven by their annotations; every error is collected.

What fails is left out: a field falls back to its default, a list or map loses the entry, and the
Struct is built all the same where that gives a sound one, so that later checks still see the rest.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import re
import types
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import msgspec

from engine.authoring import scalars
from engine.authoring.nodes import Entry, ListNode, MapNode, Node, RefusedNode, ScalarNode
from engine.authoring.sheet import Sheet
from engine.authoring.torn import WHOLE
from engine.authoring.wording import called, either, example, nearest, quoted
from engine.errors import ValueSyntaxError
from engine.model.facts import Trait
from engine.model.rule import OnEvent, StartRun
from engine.model.values import Formula, Reentry, Written
from engine.model.workflow import Do
from engine.model.workspace import Smtp


class Nothing(enum.Enum):
    """What binding gives where there is nothing to give."""

    FAILED = "failed"


FAILED: Final = Nothing.FAILED

Form: TypeAlias = Callable[[Node, Sheet], Any]
"""Binds a type that has a written form of its own."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_KINDS: dict[type, str] = {ListNode: "a list", MapNode: "a map", ScalarNode: "a text"}
_NOUNS: dict[type, tuple[str, str]] = {
    Do: ("a step", "a verb"),
    OnEvent: ("a trigger", "what it waits for"),
    StartRun: ("an entry of then", "a verb"),
    Trait: ("a fact", "a type or a function"),
    Smtp: ("a connector", "an address"),
}
_FORMS: dict[Any, Form] = {}


def form(kind: Any) -> Callable[[Form], Form]:
    """Register how a type is bound that is not written as its Struct reads."""

    def register(binder: Form) -> Form:
        _FORMS[kind] = binder
        return binder

    return register


def bind(node: Node, kind: Any, sheet: Sheet) -> Any:
    """Give what a node says as a value of that type, or FAILED after saying why."""
    if isinstance(node, RefusedNode):
        sheet.origins.fail(node)
        return FAILED
    own = _FORMS.get(kind)
    if own is not None:
        return own(node, sheet)
    if kind is Any or (get_origin(kind) is Annotated and get_args(kind)[0] is Any):
        return literal(node, sheet)
    if isinstance(node, ScalarNode) and scalars.is_null(node):
        sheet.refuse(node, "empty-value", "nothing is written here", _write(kind, "or take the key out"))
        return FAILED
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(node, [member for member in get_args(kind) if member is not types.NoneType], sheet)
    if origin is tuple:
        return _tuple(node, get_args(kind), sheet)
    if origin is dict:
        return _dict(node, get_args(kind)[1], sheet)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not issubclass(kind, Written):
        return struct(node, kind, sheet)
    if not isinstance(node, ScalarNode):
        return _mismatch(node, [kind], sheet)
    return _scalar(node, kind, sheet)


def _write(kind: Any, otherwise: str = "") -> str:
    shown = example(kind)
    return f"write {shown}{', ' if otherwise else ''}{otherwise}" if shown else otherwise.removeprefix("or ")


def _mismatch(node: Node, kinds: Iterable[Any], sheet: Sheet) -> Any:
    several = list(kinds)
    expected = either(dict.fromkeys(called(kind) for kind in several))
    shown = dict.fromkeys(_exemplified(kind) for kind in several if kind is not Formula)
    hint = f"write {either(shown)}" if shown else WHOLE
    if shown and Formula in several:
        hint += f", or {WHOLE}"
    sheet.refuse(
        node, "wrong-type", f"{expected} is expected here, not {_KINDS.get(type(node), 'this')}", hint
    )
    return FAILED


def _exemplified(kind: Any) -> str:
    shown = example(kind)
    return "a map, as {name: value}" if shown == "a map" else shown


def literal(node: Node, sheet: Sheet) -> Any:
    """Give the plain value of a node: a text that begins with `=` is a Formula, at any depth."""
    if isinstance(node, MapNode):
        pairs = {entry.key.text: literal(entry.value, sheet) for entry in node.entries}
        return FAILED if any(item is FAILED for item in pairs.values()) else pairs
    if isinstance(node, ListNode):
        items = [literal(item, sheet) for item in node.items]
        return FAILED if any(item is FAILED for item in items) else items
    if isinstance(node, RefusedNode):
        sheet.origins.fail(node)
        return FAILED
    plain = scalars.value(node)
    if isinstance(plain, str) and plain.startswith("="):
        return _formula(node, plain[1:], sheet)
    return plain


def _scalar(node: ScalarNode, kind: Any, sheet: Sheet) -> Any:
    if kind is Formula:
        return formula(node, sheet)
    found = _read(node, kind)
    if not isinstance(found, ValueSyntaxError):
        return sheet.keep(found, node) if isinstance(found, msgspec.Struct) else found
    message, _, hint = str(found).partition("; ")
    sheet.refuse(node, "bad-value", message, hint)
    return FAILED


def _read(node: ScalarNode, kind: Any) -> Any:
    """Read a scalar as one type; gives the error instead of raising it, for unions try several."""
    if get_origin(kind) is Literal:
        return _choice(node, get_args(kind))
    if issubclass(kind, Written):
        try:
            return kind.parse(scalars.value(node) if scalars.number(node) is not None else node.text)
        except ValueSyntaxError as error:
            return error
    if issubclass(kind, enum.Enum):
        found = _choice(node, [choice.value for choice in kind])
        return found if isinstance(found, ValueSyntaxError) else kind(found)
    return _READERS[kind](node)


def _choice(node: ScalarNode, choices: Iterable[Any]) -> Any:
    several = list(choices)
    if several == [True]:
        return True if scalars.truth(node) else ValueSyntaxError(f"{quoted(node.text)} is not yes; write yes")
    if node.text in several:
        return node.text
    close = nearest(node.text, several)
    hint = f"did you mean {close}?" if close else f"write {either(several)}"
    return ValueSyntaxError(f"{quoted(node.text)} is not known here; {hint}")


def _number(node: ScalarNode) -> Any:
    found = scalars.number(node)
    if found is not None:
        return Decimal(found)
    if not node.plain:
        return ValueSyntaxError(f"{quoted(node.text)} is a text; write the number without quotes")
    return ValueSyntaxError(f"{quoted(node.text)} is not a number; write it as 10 or 2.5")


def _integer(node: ScalarNode) -> Any:
    found = scalars.number(node)
    if isinstance(found, int):
        return found
    return ValueSyntaxError(f"{quoted(node.text)} is not a whole number; write it as 10, without quotes")


def _truth(node: ScalarNode) -> Any:
    found = scalars.truth(node)
    return (
        ValueSyntaxError(f"{quoted(node.text)} is neither yes nor no; write yes or no")
        if found is None
        else found
    )


def _text(node: ScalarNode) -> Any:
    if not node.text.strip():
        return ValueSyntaxError("the text is empty; write something, or take the key out")
    if node.plain and node.text.startswith("="):
        return ValueSyntaxError("an expression cannot stand here; write a text")
    return node.text


def _day(node: ScalarNode) -> Any:
    refusal = ValueSyntaxError(f"{quoted(node.text)} is not a day; write it as 2026-12-25")
    if not _DAY.fullmatch(node.text):
        return refusal
    try:
        return dt.date.fromisoformat(node.text)
    except ValueError:
        return refusal


_READERS: dict[Any, Callable[[ScalarNode], Any]] = {
    Decimal: _number,
    int: _integer,
    bool: _truth,
    str: _text,
    dt.date: _day,
}


def formula(node: Node, sheet: Sheet) -> Any:
    """Bind an expression where the key always holds one."""
    if not isinstance(node, ScalarNode):
        return _mismatch(node, [Formula], sheet)
    if node.text.startswith("="):
        sheet.refuse(node, "needless-equals", "this key always holds an expression", "leave the = out")
        return FAILED
    return _formula(node, node.text, sheet)


def _formula(node: ScalarNode, text: str, sheet: Sheet) -> Any:
    torn = _torn(node)
    if torn and _told(sheet, node, "cut-text"):
        sheet.origins.fail(node)
    elif torn:
        sheet.refuse(node, "torn-expression", torn, WHOLE)
    elif not text.strip():
        sheet.refuse(node, "empty-value", "there is no expression", f"write one, such as {Formula.EXAMPLE}")
    else:
        return sheet.keep(Formula(text.replace("\n", " ").rstrip()), node)
    return FAILED


def _told(sheet: Sheet, node: ScalarNode, code: str) -> bool:
    """Tell whether the line has had this sentence, of which another would be the echo."""
    return any(finding.line == node.line and finding.code == code for finding in sheet.page.findings)


def _torn(node: ScalarNode) -> str:
    """Say what YAML did to an expression whose quotes or brackets do not close."""
    if not node.plain or _closes(node.text):
        return ""
    if node.cut:
        return "a # after a space begins a comment and cuts this expression"
    return "a comma inside braces cuts this expression" if node.flow else ""


def _closes(text: str) -> bool:
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    return not re.search("['\"]", bare) and all(
        bare.count(left) == bare.count(right) for left, right in ("()", "[]", "{}")
    )


def _union(node: Node, members: list[Any], sheet: Sheet) -> Any:
    if len(members) == 1:
        return bind(node, members[0], sheet)
    structs = [kind for kind in members if _is_struct(kind)]
    if isinstance(node, MapNode):
        maps = [kind for kind in members if get_origin(kind) is dict]
        if structs:
            chosen = choose(node, structs, sheet)
            return FAILED if chosen is None else bind(node, chosen, sheet)
        return bind(node, maps[0], sheet) if maps else _mismatch(node, members, sheet)
    lists = [kind for kind in members if get_origin(kind) is tuple]
    if isinstance(node, ListNode):
        return bind(node, lists[0], sheet) if lists else _mismatch(node, members, sheet)
    written = [
        kind for kind in members if kind not in structs and kind not in lists and get_origin(kind) is not dict
    ]
    if not isinstance(node, ScalarNode) or not written:
        noun = _NOUNS.get(structs[0], ("a map", ""))[0] if structs else "a list"
        sheet.refuse(node, "wrong-type", f"{noun} is expected here, not a text", _marks_hint(structs))
        return FAILED
    return _first_that_reads(node, written, sheet)


def _first_that_reads(node: ScalarNode, kinds: list[Any], sheet: Sheet) -> Any:
    if Formula in kinds:
        return formula(node, sheet)
    for kind in kinds:
        found = _read(node, kind)
        if not isinstance(found, ValueSyntaxError):
            return sheet.keep(found, node) if isinstance(found, msgspec.Struct) else found
    error = _read(node, kinds[0])
    message, _, hint = str(error).partition("; ")
    more = [example(kind) for kind in kinds[1:]]
    sheet.refuse(node, "bad-value", message, either([hint, *more]))
    return FAILED


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not issubclass(kind, Written)


def _tuple(node: Node, kinds: tuple[Any, ...], sheet: Sheet) -> Any:
    if not isinstance(node, ListNode):
        hint = "put a dash before it" if isinstance(node, MapNode) else ""
        if isinstance(node, ScalarNode) and len(node.text) < 60:
            hint = f"write [{node.text}]"
        sheet.refuse(node, "wrong-type", f"a list is expected here, not {_KINDS[type(node)]}", hint)
        return FAILED
    if kinds[-1] is not Ellipsis:
        if len(node.items) != len(kinds):
            message = f"a list of {len(kinds)} is needed, and this one has {len(node.items)}"
            sheet.refuse(node, "wrong-length", message, f"write {len(kinds)} entries")
            return FAILED
        bound = [bind(item, kind, sheet) for item, kind in zip(node.items, kinds, strict=True)]
        return FAILED if any(item is FAILED for item in bound) else tuple(bound)
    bound = [bind(item, kinds[0], sheet) for item in node.items]
    if any(item is FAILED for item in bound):
        sheet.origins.fail_in(node)
    return tuple(item for item in bound if item is not FAILED)


def _dict(node: Node, kind: Any, sheet: Sheet) -> Any:
    if not isinstance(node, MapNode):
        return _mismatch(node, [msgspec.Struct], sheet)
    bound = {}
    for entry in node.entries:
        item = bind(entry.value, kind, sheet)
        if item is FAILED:
            sheet.origins.fail_in(node, entry.key.text)
        else:
            bound[entry.key.text] = item
    return bound


def _marks(kind: Any) -> tuple[tuple[str, ...], ...]:
    found: tuple[tuple[str, ...], ...] = getattr(kind, "MARKS", ())
    return found


def _marks_hint(kinds: Iterable[Any]) -> str:
    return f"write {either(dict.fromkeys(mark[0] for kind in kinds for mark in _marks(kind)))}"


def choose(node: MapNode, kinds: list[Any], sheet: Sheet) -> Any:
    """Give the form that a map's keys tell apart; None after saying why there is none or two."""
    keys = {entry.key.text for entry in node.entries}
    present = [(kind, mark) for kind in kinds for mark in _marks(kind) if keys.issuperset(mark)]
    longest = [
        (kind, mark) for kind, mark in present if not any(set(mark) < set(other) for _, other in present)
    ]
    chosen = list(dict.fromkeys(kind for kind, _ in longest))
    if len(chosen) == 1:
        return chosen[0]
    noun, needed = next(
        (_NOUNS[kind] for kind in kinds if kind in _NOUNS), ("this", "a key that tells what it is")
    )
    if chosen:
        both = either([next(mark[0] for kind, mark in longest if kind is one) for one in chosen], "and")
        sheet.refuse(node, "two-things", f"{noun} does one thing; this one has {both}", "write one of them")
        return None
    verbs = list(dict.fromkeys(mark[0] for kind in kinds for mark in _marks(kind)))
    own = {key for kind in kinds for key in fields(kind)}
    for entry in node.entries:
        close = nearest(entry.key.text, verbs)
        if close and entry.key.text not in own:
            sheet.refuse(entry.key, "unknown-key", f"unknown key {entry.key.text}", f"did you mean {close}?")
            sheet.origins.fail(node)
            return None
    sheet.refuse(node, "no-verb", f"{noun} needs {needed}", f"write {either(verbs)}")
    return None


@functools.cache
def fields(kind: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """Give a Struct's fields by their YAML keys."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def struct(node: Node, kind: type[msgspec.Struct], sheet: Sheet, extra: dict[str, Any] | None = None) -> Any:
    """Bind a map to a Struct; `extra` are fields that were read otherwise, by their names."""
    if not isinstance(node, MapNode):
        known = either(
            [key for key, field in fields(kind).items() if field.required] or list(fields(kind))[:3], "and"
        )
        sheet.refuse(
            node, "wrong-type", f"a map is expected here, not {_KINDS[type(node)]}", f"write it with {known}"
        )
        return FAILED
    own = fields(kind)
    given, failed, mistaken = dict(extra or {}), set[str](), set[str]()
    for entry in node.entries:
        field = own.get(entry.key.text)
        if field is None:
            mistaken.update(_unknown(entry, node, own, sheet))
        elif field.name not in given:
            bound = bind(entry.value, field.type, sheet)
            if bound is FAILED:
                failed.add(entry.key.text)
            else:
                given[field.name] = bound
    _require(node, own, given, failed, mistaken, sheet)
    if any(field.required and field.name not in given for field in own.values()):
        return FAILED
    return sheet.keep(kind(**given), node)


def _unknown(entry: Entry, node: MapNode, own: Mapping[str, Any], sheet: Sheet) -> list[str]:
    written = {other.key.text for other in node.entries}
    free = [key for key in own if key not in written]
    empty = isinstance(entry.value, ScalarNode) and entry.value.plain and entry.value.text == ""
    close = nearest(entry.key.text, free)
    if node.flow and empty and not close:
        if _told(sheet, entry.key, "torn-expression"):
            return []
        sheet.refuse(
            entry.key,
            "torn-text",
            "a comma inside braces cuts a text in two here",
            "put the whole text in double quotes",
        )
        return []
    hint = f"did you mean {close}?" if close else f"write {either(own)}"
    sheet.page.say(entry.key.line, entry.key.column, "unknown-key", f"unknown key {entry.key.text}", hint)
    return [close] if close else []


def _require(
    node: MapNode,
    own: Mapping[str, Any],
    given: dict[str, Any],
    failed: set[str],
    mistaken: set[str],
    sheet: Sheet,
) -> None:
    """Say which keys are missing, and put in what lets the rest be checked."""
    for key in mistaken:
        sheet.origins.fail(node, key)
    for key, field in own.items():
        if field.name in given:
            continue
        if key in failed:
            sheet.origins.fail(node, key)
        elif not field.required:
            continue
        else:
            if key not in mistaken:
                hint = _ANYTHING.get(key) or _write(field.type)
                sheet.page.say(node.line, node.column, "missing-key", f"needs `{key}:`", hint)
            sheet.origins.fail(node, key)
        empty = _EMPTY.get(get_origin(field.type) or field.type)
        if field.required and empty is not None:
            given[field.name] = empty()


_ANYTHING: Mapping[str, str] = {
    "expect": "write nothing, or what happens, as {run: win-back}",
    "tell": "write a name of people, or =customer.owner",
    "who": "write a name of people, or =customer.owner",
}
"""What to write under keys that take a value of any type."""
_EMPTY: dict[Any, Callable[[], Any]] = {tuple: tuple, dict: dict, Reentry: lambda: Reentry("always")}
