"""rule-engine's suite at work: what it evaluates is seen, and handed on to be compared."""

import importlib
import pkgutil
import sys
import threading
import unittest
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import rule_engine
from rule_engine import ast as rule_ast
from rule_engine.builtins import Builtins
from rule_engine.errors import EngineError, SymbolResolutionError
from rule_engine.parser import Parser

from tests.contract.rule_engine_suite.judging import (
    LeftOut,
    Occasion,
    Said,
    alike,
    attempt,
    differing,
    refused,
    untaken,
)
from tests.contract.rule_engine_suite.writing import Unwritable, text_of, written


@dataclass
class Tally:
    """What came of a run.

    tests, failed, skipped: of the suite itself. evaluations: made by it. compared: those that Holdfast made
    too, and texts: their different texts. left_out: why others have no counterpart. others: texts that were
    parsed and are no constants; taken: by Holdfast too; not_taken: why not. refused: texts that both refuse.
    differences: what came out otherwise.
    """

    tests: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    evaluations: int = 0
    compared: int = 0
    texts: set[str] = field(default_factory=set)
    others: int = 0
    taken: int = 0
    not_taken: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


class _Watch(threading.local):
    """Whether this thread is inside an evaluation that is seen already, and what names it resolved."""

    def __init__(self) -> None:
        self.inside = False
        self.values: dict[str, Any] = {}
        self.absent: set[str] = set()

    @contextmanager
    def within(self) -> Generator[None]:
        self.inside, self.values, self.absent = True, {}, set()
        try:
            yield
        finally:
            self.inside = False


class Spectator:
    """Sees what is parsed and evaluated while it is `looking`."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._watch = _Watch()
        self._lock = threading.Lock()
        # The statement is kept beside its text, for another one may be given its place in memory.
        self._parsed: dict[int, tuple[Any, str]] = {}
        # Those that were evaluated as they were parsed.
        self._constants: set[int] = set()

    @contextmanager
    def looking(self) -> Generator[None]:
        """Watch rule-engine until the end of the block."""
        with ExitStack() as stack:
            stack.enter_context(patch.object(Parser, "parse", self._parse(Parser.parse)))
            context = rule_engine.Context
            stack.enter_context(patch.object(context, "resolve", self._resolve(context.resolve)))
            statement = rule_ast.Statement
            stack.enter_context(
                patch.object(statement, "evaluate", self._evaluate(statement.evaluate, self._text_of_parsed))
            )
            stack.enter_context(patch.object(Builtins, "__getitem__", self._function(Builtins.__getitem__)))
            for kind in _expressions():
                seen = self._evaluate(kind.evaluate, text_of)
                stack.enter_context(patch.object(kind, "evaluate", seen))
            yield

    def _parse(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def parse(parser: Any, text: str, context: Any, **more: Any) -> Any:
            if self._watch.inside:
                return original(parser, text, context, **more)
            with self._watch.within():
                try:
                    statement = original(parser, text, context, **more)
                except EngineError:
                    with self._lock:
                        self._compare_refusal(Occasion(text, context, {}))
                    raise
                self._parsed[id(statement)] = statement, text
                expression = statement.expression
                if isinstance(expression, rule_ast.LiteralExpressionBase) and expression.is_reduced:
                    self._constants.add(id(statement))
                    self._judge(statement, self._text_of_parsed, None, Said(statement.evaluate(None)))
                else:
                    with self._lock:
                        self._compare_taking(Occasion(text, context, {}))
            return statement

        return parse

    def _resolve(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(context: Any, thing: Any, name: str, scope: str | None = None) -> Any:
            watch = self._watch
            try:
                value = original(context, thing, name, scope=scope)
            except SymbolResolutionError:
                watch.absent.add(name)
                raise
            if scope is None and not any(name in each for each in context._tls.assignment_scopes):
                watch.values[name] = value
            return value

        return resolve

    def _evaluate(
        self, original: Callable[..., Any], text_of_node: Callable[[Any], str]
    ) -> Callable[..., Any]:
        def evaluate(node: Any, thing: Any) -> Any:
            if self._watch.inside:
                return original(node, thing)
            with self._watch.within():
                if id(node) in self._constants:
                    return original(node, thing)
                try:
                    value = original(node, thing)
                except Exception as error:
                    self._judge(node, text_of_node, thing, Said(raised=type(error)))
                    raise
                self._judge(node, text_of_node, thing, Said(value))
            if isinstance(node, rule_ast.GetAttributeExpression) and callable(value):
                return self._called(value, lambda: text_of_node(node), node.context)
            return value

        return evaluate

    def _function(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def function(builtins: Any, name: str) -> Any:
            value = original(builtins, name)
            if self._watch.inside or not callable(value):
                return value
            return self._called(value, lambda: f"${name}", rule_engine.Context())

        return function

    def _called(self, value: Callable[..., Any], name: Callable[[], str], context: Any) -> Callable[..., Any]:
        """Give a function or method that is also called by a text each time that it is called by hand."""

        def called(*arguments: Any) -> Any:
            # By hand first, for what draws by chance.
            try:
                return value(*arguments)
            finally:
                try:
                    text = f"{name()}({', '.join(map(written, arguments))})"
                except Unwritable:
                    with self._lock:
                        self.tally.evaluations += 1
                        self.tally.left_out["an object or a function of the caller's own"] += 1
                else:
                    attempt(lambda: rule_engine.Rule(text, context=context).evaluate({}))

        return called

    def _text_of_parsed(self, statement: Any) -> str:
        return self._parsed[id(statement)][1]

    def _judge(self, node: Any, text_of_node: Callable[[Any], str], thing: Any, wanted: Said) -> None:
        values = {**_items(thing), **self._watch.values}
        absent = frozenset(self._watch.absent)
        groups = node.context._tls.regex_groups
        with self._lock:
            self.tally.evaluations += 1
            try:
                if callable(wanted.value):
                    raise LeftOut("a function or a method that is not called")
                text = text_of_node(node)
                occasion = Occasion(text, node.context, values, absent)
                if isinstance(node, rule_ast.Statement) or _reads_alike(text, node, thing, wanted):
                    self._compare(occasion, wanted)
                else:
                    self._compare_refusal(occasion)
            except Unwritable:
                self.tally.left_out["a node that no text makes, such as a time without a zone"] += 1
            except LeftOut as reason:
                self.tally.left_out[str(reason)] += 1
        node.context._tls.regex_groups = groups

    def _compare(self, occasion: Occasion, wanted: Said) -> None:
        found = differing(occasion, wanted)
        self.tally.compared += 1
        self.tally.texts.add(occasion.text)
        self.tally.differences.extend(
            f"{occasion.text} with {dict(occasion.values)}: {each}" for each in found
        )

    def _compare_taking(self, occasion: Occasion) -> None:
        self.tally.others += 1
        try:
            why = untaken(occasion)
        except LeftOut as reason:
            self.tally.not_taken[str(reason)] += 1
            return
        self.tally.taken += not why
        if why:
            self.tally.differences.append(f"{occasion.text}: refused by Holdfast alone: {why}")

    def _compare_refusal(self, occasion: Occasion) -> None:
        if refused(occasion):
            self.tally.refused += 1
        else:
            self.tally.differences.append(f"{occasion.text}: refused by rule-engine alone")


def _expressions() -> Iterator[Any]:
    waiting = [rule_ast.ExpressionBase]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if "evaluate" in vars(kind) and kind.__module__.startswith("rule_engine."):
            yield kind


def _items(thing: Any) -> Mapping[str, Any]:
    return thing if isinstance(thing, Mapping) else {}


def _reads_alike(text: str, node: Any, thing: Any, wanted: Said) -> bool:
    """Tell whether rule-engine takes the text that was written for a node, and does not compute it at once.

    Raises Unwritable where it says otherwise of the one and of the other.
    """
    try:
        statement = rule_engine.Rule.parser.parse(text, node.context)
    except EngineError:
        if wanted.raised is None:
            raise Unwritable(text) from None
        return False
    if not alike(attempt(lambda: statement.evaluate(thing)), wanted):
        raise Unwritable(text)
    return True


def _modules() -> Iterator[ModuleType]:
    package = importlib.import_module("tests")
    yield package
    for found in pkgutil.walk_packages(package.__path__, "tests."):
        yield importlib.import_module(found.name)


def _cases(module: ModuleType) -> Iterator[type[unittest.TestCase]]:
    for kind in vars(module).values():
        if (
            isinstance(kind, type)
            and issubclass(kind, unittest.TestCase)
            and kind.__module__ == module.__name__
        ):
            yield kind


def run(folder: Path) -> Tally:
    """Run the suite whose package `tests` is in a folder; for a process that does nothing else after it.

    Each class of each module is run, and once, whatever the package itself names.
    """
    spectator = Spectator()
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(load(case) for module in _modules() for case in _cases(module))
    result = unittest.TestResult()
    with spectator.looking():
        suite.run(result)
    spectator.tally.tests = result.testsRun
    spectator.tally.failed = [test.id() for test, _ in (*result.failures, *result.errors)]
    spectator.tally.skipped = len(result.skipped)
    return spectator.tally
