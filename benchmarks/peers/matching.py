"""How each peer of the evaluation rows is checked and timed: all in one way.

Its answers for all the customers must be those of hand-written Python before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from benchmarks.many_customers import Rule, by_hand, customers, rules, with_floats

PASSES = 3


class Given:
    """The rules and customers that a peer was asked about."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--rules", type=int, required=True)
        parser.add_argument("--customers", type=int, required=True)
        given = parser.parse_args()
        self.rules = rules(given.rules)
        self.customers = customers(given.customers)


def hand_written(some: Sequence[Rule]) -> list[Callable[[dict[str, Any]], bool]]:
    """Give each rule as a Python function of a customer with floats."""
    clauses = [clause for rule in some for clause in rule]
    patterns = {clause.constant for clause in clauses if clause.operator == "=~"}
    times = {clause.constant for clause in clauses if isinstance(clause.constant, datetime)}
    surroundings = {
        "matches": {pattern: re.compile(pattern).match for pattern in patterns},
        "times": {moment.isoformat(): moment for moment in times},
    }
    return [eval(f"lambda c: {by_hand(rule)}", surroundings) for rule in some]


def expected(some: Sequence[Rule], of: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Give the places of the rules that hold for each customer, by hand-written Python."""
    functions = hand_written(some)
    return [
        [place for place, function in enumerate(functions) if function(customer)]
        for customer in map(with_floats, of)
    ]


def check(answers: Sequence[Sequence[int]], some: Sequence[Rule], of: Sequence[dict[str, Any]]) -> None:
    """Raise RuntimeError where answers are not those of hand-written Python."""
    wanted = expected(some, of)
    wrong = sum(sorted(ours) != theirs for ours, theirs in zip(answers, wanted, strict=True))
    if wrong:
        raise RuntimeError(f"{wrong} of {len(wanted)} customers come out otherwise than by hand")
    if not any(wanted):
        raise RuntimeError("no rule holds for anybody; measure with more customers")


def micros(matching: Callable[[Any], Any], states: Sequence[Any], passes: int = PASSES) -> float:
    """Give the microseconds that one customer takes, of the best of some passes over all of them.

    They are the thread's own, which what else runs on the machine moves least.
    """
    best = float("inf")
    for _ in range(passes):
        began = time.thread_time()
        for state in states:
            matching(state)
        best = min(best, time.thread_time() - began)
    return best / len(states) * 1e6


def tell(given: Given, matching: Callable[[Any], Sequence[int]], states: Sequence[Any]) -> None:
    """Check a peer that gives the places of the rules that hold, time it, and print what it took."""
    check([matching(state) for state in states], given.rules, given.customers)
    print(json.dumps({"micros": micros(matching, states)}), flush=True)
