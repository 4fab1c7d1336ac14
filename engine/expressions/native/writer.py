"""Putting a Python function together, and keeping one compiled copy of each shape."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

import msgspec

from engine.expressions.environment import Env, answer, missing
from engine.expressions.native import operations
from engine.expressions.outcome import Outcome

Function = Callable[[Env], Any]


class Exits(msgspec.Struct, frozen=True):
    """The statements by which a compiled function ends early.

    unknown: it would raise and a name that it mentions is null. raises: it would raise. give_up: rule-engine
    must judge. true and false: how a condition ends; None where the value itself is wanted.
    """

    unknown: str
    raises: str
    give_up: str
    true: str | None
    false: str | None


OUTCOME = Exits("return UNKNOWN", "return raised(env)", "return oracle(env)", "return MET", "return NOT_MET")
TOGETHER = Exits(
    "return oracle(env)", "return oracle(env)", "return oracle(env)", "return MET", "return NOT_MET"
)
VALUE = Exits("raise GiveUp", "raise GiveUp", "raise GiveUp", None, None)
VALUE_OR_NULL = Exits("return None", "return None", "raise GiveUp", None, None)
VALUE_OR_OUTCOME = Exits("return UNKNOWN", "return raised(env)", "raise GiveUp", None, None)


class Writer:
    """The lines of one function, what it needs from outside, and which names have been read so far."""

    def __init__(self, exits: Exits) -> None:
        self.exits = exits
        self.lines: list[str] = []
        self.needs: list[Any] = []
        self.read: dict[str, str] = {}
        self.roots: set[str] = set()
        self._depth = 2
        self._count = 0

    def line(self, text: str) -> None:
        """Write one statement."""
        self.lines.append("    " * self._depth + text)

    def case(self, head: str, statement: str) -> None:
        """Write what is to be done in one case, which may be an `if` in its turn."""
        self.line(f"{head}:")
        self.line(f"    {statement}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write what is inside below `head`; a name read in it counts as read in it only."""
        before = dict(self.read)
        with self.indented(head):
            yield
        self.read = before

    @contextmanager
    def indented(self, head: str) -> Iterator[None]:
        """Write what is inside below `head`; names read in it stay read."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def name(self) -> str:
        """Give a name that is not used yet."""
        self._count += 1
        return f"v{self._count}"

    def outside(self, value: Any) -> str:
        """Give the name by which the function knows a value made beforehand."""
        self.needs.append(value)
        return f"k{len(self.needs) - 1}"

    def attribute(self, dotted: str) -> str:
        """Give the variable that holds a name's value, reading it the first time."""
        known = self.read.get(dotted)
        if known is not None:
            return known
        variable = self.read[dotted] = self.name()
        root, _, rest = dotted.partition(".")
        if root == "now":
            self.line(f"{variable} = env.now")
        elif root == "run":
            step, _, key = rest.partition(".")
            self.line(f"{variable} = answer(env.run, {step!r}, {key!r})")
        elif root == "customer":
            # Facts compute what they do not hold yet, so asking first would only look it up twice.
            self.roots.add(root)
            self.line(f"try: {variable} = customer[{rest!r}]")
            self.line(f"except KeyError: {variable} = None")
        else:
            self.roots.add(root)
            self.line(f"{variable} = {root}[{rest!r}] if {rest!r} in {root} else missing({root}, {rest!r})")
        return variable

    def source(self) -> str:
        """Give the text of a function that makes the function."""
        needs = "".join(f", k{index}" for index in range(len(self.needs)))
        roots = [f"        {root} = env.{root}" for root in sorted(self.roots)]
        return "\n".join(
            [
                f"def make(raised, oracle{needs}):",
                "  def evaluate(env):",
                "    try:",
                *roots,
                *self.lines,
                "    except CERTAIN:",
                f"      {'pass' if self.exits is VALUE else self.exits.raises}",
                "    except Exception:",
                "      pass",
                "    return oracle(env)",
                "  return evaluate",
            ]
        )

    def function(self, raised: Function, oracle: Function) -> Function:
        """Compile what was written; raises SyntaxError, RecursionError or MemoryError where Python cannot."""
        made: Function = _factory(self.source())(raised, oracle, *self.needs)
        return made


def _surroundings() -> dict[str, Any]:
    names: dict[str, Any] = {
        name: getattr(operations, name)
        for name in (
            "add as_lower as_upper at_least at_most contains divide divide_whole greater is_empty length less"
            " multiply negate remainder result same subtract truth SCALARS TIMELESS GiveUp Raises"
        ).split()
    }
    return names | {
        "__builtins__": {},
        "CERTAIN": (operations.Raises, ArithmeticError),
        "Decimal": Decimal,
        "Exception": Exception,
        "KeyError": KeyError,
        "MET": Outcome.MET,
        "NOT_MET": Outcome.NOT_MET,
        "NoneType": NoneType,
        "UNKNOWN": Outcome.UNKNOWN,
        "UTC": UTC,
        "answer": answer,
        "bool": bool,
        "datetime": datetime,
        "float": float,
        "int": int,
        "missing": missing,
        "str": str,
        "timedelta": timedelta,
        "type": type,
    }


_SURROUNDINGS = _surroundings()


@functools.lru_cache(maxsize=8192)
def _factory(source: str) -> Callable[..., Any]:
    # Constants come from outside, so that rules which differ in their numbers only share one code object.
    made: dict[str, Any] = {}
    exec(compile(source, "<expression>", "exec"), _SURROUNDINGS, made)
    factory: Callable[..., Any] = made["make"]
    return factory
