"""What an expression reads when it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Values = Mapping[str, Any]
Reader = Callable[["Env"], Any]

_NOTHING: Values = {}


class Env:
    """The values of one evaluation: facts, event, input, answers of a run's steps, and now.

    Each of the first three is a dict, or a subclass of it whose `__missing__` computes on demand. A key that
    is absent is null. `run` maps a step's name to its answers. `now` is an aware datetime in UTC.
    """

    __slots__ = ("customer", "event", "input", "now", "run")

    def __init__(
        self,
        customer: Values | None = None,
        event: Values | None = None,
        input: Values | None = None,
        run: Mapping[str, Values] | None = None,
        now: datetime | None = None,
    ) -> None:
        self.customer = _NOTHING if customer is None else customer
        self.event = _NOTHING if event is None else event
        self.input = _NOTHING if input is None else input
        self.run: Mapping[str, Values] = {} if run is None else run
        self.now = now


def missing(values: Values, name: str) -> Any:
    """Compute what a mapping does not hold yet, None where it never will."""
    kind = type(values)
    compute = None if kind is dict else getattr(kind, "__missing__", None)
    if compute is None:
        return None
    try:
        return compute(values, name)
    except KeyError:
        return None


def read(values: Values | None, name: str) -> Any:
    """Give the value of a name, None (null) where it is absent."""
    if values is None:
        return None
    return values[name] if name in values else missing(values, name)


def answer(run: Mapping[str, Values], step: str, name: str) -> Any:
    """Give one answer of a step of the run, None where the step was not taken."""
    return read(read(run, step), name)


def reader(dotted: str) -> Reader:
    """Give the function that reads a dotted name, such as `customer.plan`, `run.offer.code` or `now`."""
    root, _, rest = dotted.partition(".")
    if root == "now":
        return lambda env: env.now
    if root == "run":
        step, _, name = rest.partition(".")
        return lambda env: answer(env.run, step, name)
    if root == "customer":
        return _of_customer(rest)
    return lambda env: read(getattr(env, root), rest)


def _of_customer(name: str) -> Reader:
    def fact(env: Env) -> Any:
        # Facts compute what they do not hold yet, so asking first would only look it up twice.
        try:
            return env.customer[name]
        except KeyError:
            return None

    return fact
