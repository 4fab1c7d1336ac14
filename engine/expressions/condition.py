"""Lines of a condition, put together with all or any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from engine.expressions.environment import Env
from engine.expressions.expression import TOO_DEEP_FOR_PYTHON, Expression
from engine.expressions.native import lower
from engine.expressions.outcome import Outcome
from engine.expressions.trace import LineTrace

Line: TypeAlias = "Expression | Condition"

_OF_ALL = (Outcome.NOT_MET, Outcome.ERROR, Outcome.UNKNOWN, Outcome.MET)
_OF_ANY = (Outcome.MET, Outcome.ERROR, Outcome.UNKNOWN, Outcome.NOT_MET)


class Condition:
    """Lines that must all hold, or of which one must; made by `all_of` and `any_of`.

    In a list of all, any not_met makes not_met, else any error error, else any unknown unknown, else met; an
    empty one is met. Of any, one met makes met, else error, unknown, not_met; an empty one is not_met.

    outcome(env): the outcome of the whole; it stops at the line that settles it. Never raises.
    """

    __slots__ = ("_ranks", "lines", "names", "outcome")

    outcome: Callable[[Env], Outcome]

    def __init__(self, lines: Sequence[Line], ranks: tuple[Outcome, ...]) -> None:
        self.lines = tuple(lines)
        self.names: tuple[str, ...] = tuple(sorted({name for line in lines for name in line.names}))
        self._ranks = ranks
        self.outcome = self._compiled()

    def _compiled(self) -> Callable[[Env], Outcome]:
        try:
            shape = self._shape()
            return self._line_by_line if shape is None else lower.together(shape, self._line_by_line)
        except TOO_DEEP_FOR_PYTHON:
            return self._line_by_line

    @property
    def every(self) -> bool:
        """Whether every line must hold, and not one of them."""
        return self._ranks is _OF_ALL

    def _shape(self) -> lower.Lines | None:
        entries: list[Any] = []
        for line in self.lines:
            if isinstance(line, Expression):
                if not line.divisible:
                    return None
                entries.append((line.oracle.root, line.oracle.part))
            else:
                nested = line._shape()
                if nested is None:
                    return None
                entries.append(nested)
        return lower.Lines(self.every, tuple(entries))

    def _line_by_line(self, env: Env) -> Outcome:
        first, second, third, last = self._ranks
        worst = last
        for line in self.lines:
            outcome = line.outcome(env)
            if outcome is first:
                return first
            if outcome is second or (outcome is third and worst is not second):
                worst = outcome
        return worst

    def trace(self, env: Env, path: tuple[int, ...] = (), known: Outcome | None = None) -> list[LineTrace]:
        """Give the trace of every line, in their order, nested lists too.

        path: the places by which the list itself is reached. known: the outcome of the whole, where it has
        been evaluated already.
        """
        traces: list[LineTrace] = []
        # Where all of a list is met, so is each line: none is evaluated, or ever compiled, by itself then.
        met = self.every and (known or self.outcome(env)) is Outcome.MET
        for index, line in enumerate(self.lines):
            if not isinstance(line, Expression):
                traces.extend(line.trace(env, (*path, index)))
            elif met:
                traces.append(LineTrace(line.text, Outcome.MET, line.values(env), None, (*path, index)))
            else:
                traces.append(line.trace(env, (*path, index)))
        return traces


def all_of(lines: Sequence[Line]) -> Condition:
    """Give the condition that holds when every line does."""
    return Condition(lines, _OF_ALL)


def any_of(lines: Sequence[Line]) -> Condition:
    """Give the condition that holds when one line does."""
    return Condition(lines, _OF_ANY)
