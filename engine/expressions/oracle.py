"""rule-engine itself, with our names and nodes: what it says is what an expression means."""

from __future__ import annotations

import decimal
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import rule_engine
from rule_engine import DataType
from rule_engine.errors import SymbolResolutionError

from engine.errors import ExpressionError
from engine.expressions.arithmetic import EXACT
from engine.expressions.environment import Env, read
from engine.expressions.grammar import parse
from engine.expressions.nodes import closest
from engine.expressions.scope import Names, Scope, ScopeKey, type_of
from engine.expressions.slips import WORDS
from engine.expressions.tree import check_roots

_ROOTS = ("customer", "event", "input", "run")
_REFUSALS = {
    "customer": "there is no customer here; take it out",
    "event": "there is no event here; use customer facts",
    "input": "there is no input here: it is what a rule passes to a workflow; use customer facts",
    "run": "there are no answers here: they are those of a workflow's steps; use customer facts",
}


class Root:
    """The value of a root or of a step: opaque to rule-engine, which reads it through `_item` only."""

    __slots__ = ("values",)

    def __init__(self, values: Any) -> None:
        self.values = values


def _item(root: Root, name: str) -> Any:
    return read(root.values, name)


def _step(root: Root, name: str) -> Root:
    return Root(read(root.values, name))


class _AnyName(dict[str, Any]):
    """Attributes of an object whose names are not known before: each is there, of any type."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> Any:
        return DataType.UNDEFINED


def _object(name: str, names: Names | None, is_open: bool) -> Any:
    attributes: dict[str, Any] = {each: type_of(kind) for each, kind in (names or {}).items()}
    result = DataType.OBJECT(name, attributes, accessor=_item)
    if is_open:
        result.attributes = _AnyName(attributes)
    return result


def _types(scope: Scope) -> dict[str, Any]:
    types: dict[str, Any] = {"now": DataType.DATETIME}
    if scope.customer is not None:
        types["customer"] = _object("customer", scope.customer, False)
    if scope.event is not None:
        types["event"] = _object("event", scope.event, scope.event_open)
    if scope.input is not None:
        types["input"] = _object("input", scope.input, False)
    if scope.run is not None:
        steps = {
            step: _object(f"run.{step}", answers, answers is None) for step, answers in scope.run.items()
        }
        types["run"] = DataType.OBJECT("run", steps, accessor=_step)
    return types


class Context(rule_engine.Context):  # type: ignore[misc]
    """What rule-engine needs to know for the expressions of one scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._types = _types(scope)
        self.roots = frozenset((*_ROOTS, "now"))
        self._parsing = threading.local()
        super().__init__(
            resolver=_resolve,
            type_resolver=self._type_of,
            default_timezone=ZoneInfo(scope.zone),
            decimal_context=EXACT,
            mapping_attribute_lookup=False,
        )

    @contextmanager
    def collecting(self) -> Iterator[set[str]]:
        """Give the set that fills with the dotted names found while this thread parses an expression."""
        names: set[str] = set()
        self._parsing.names = names
        yield names

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluate with no variables and groups of another evaluation, and leave those as they were.

        Reading a fact may evaluate the expression that it is, in the midst of the one that reads it.
        """
        outer = self._tls
        self._thread_local.storage = type(outer)()
        try:
            yield
        finally:
            self._thread_local.storage = outer

    def mention(self, dotted: str) -> None:
        """Take down a name that an expression mentions."""
        self._parsing.names.add(dotted)

    def _type_of(self, name: str) -> Any:
        known = self._types.get(name)
        if known is None:
            raise self._unknown(name)
        if name == "now":
            self.mention(name)
        return known

    def _unknown(self, name: str) -> ExpressionError:
        if name in _ROOTS:
            return ExpressionError("name", self._scope.refusals.get(name, _REFUSALS[name]))
        if name in WORDS:
            return ExpressionError("name", f"`{name}` is written {WORDS[name]}", None, WORDS[name])
        if self._scope.customer is not None and name in self._scope.customer:
            return ExpressionError("name", f"`{name}` is written customer.{name}", None, f"customer.{name}")
        near = closest(name, self._types)
        tail = f"did you mean {near}?" if near else "write customer. and a fact, or a text in quotes"
        return ExpressionError("name", f"`{name}` is not known; {tail}", None, near)


def _resolve(thing: Any, name: str) -> Any:
    if not isinstance(thing, Env):
        # rule-engine asks so for an attribute that a value does not have.
        raise SymbolResolutionError(name, thing=thing)
    return thing.now if name == "now" else Root(getattr(thing, name))


@functools.lru_cache(maxsize=256)
def _context(key: ScopeKey) -> Context:
    # A context is larger than most expressions, and those of one scope can share it.
    return Context(key.scope)


class Oracle:
    """One expression as rule-engine parsed it; `names` are the dotted names that it mentions, sorted."""

    __slots__ = ("_context", "names", "root")

    def __init__(self, text: str, key: ScopeKey) -> None:
        self._context = _context(key)
        with self._context.collecting() as names, decimal.localcontext(EXACT):
            self.root = parse(text, self._context).expression
        self.names = tuple(sorted(names))
        check_roots(self.root)

    def evaluate(self, env: Env) -> Any:
        """Give rule-engine's value; raises whatever rule-engine raises."""
        return self.part(self.root)(env)

    def part(self, node: Any) -> Callable[[Env], Any]:
        """Give the function that evaluates one node of the expression."""
        context = self._context

        def evaluate(env: Env) -> Any:
            with context.evaluating(), decimal.localcontext(EXACT):
                return node.evaluate(env)

        return evaluate
