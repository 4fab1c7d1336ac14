"""Google's CEL (cel-expr-python, C++): list expressions of 500 rules each, the fastest that was found.

It refuses a longer one. Each customer is one activation.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from cel_expr_python import cel

from benchmarks.many_customers import AMOUNTS, CHOICES, COUNTS, TIMES, Clause, Rule, seconds, with_seconds
from benchmarks.peers.matching import Given, tell

CHUNK = 500
KNOWN = frozenset((*CHOICES, "email", *COUNTS, *TIMES, *AMOUNTS, "tags"))
"""What rules look at; to hand over no more is faster."""


def written(clause: Clause) -> str:
    """Write a clause in CEL's words."""
    constant = json.dumps(seconds(clause.constant))
    if clause.operator == "has":
        return f"{constant} in {clause.name}"
    if clause.operator == "=~":
        return f"{clause.name}.matches({json.dumps('^' + clause.constant)})"
    return f"{clause.name} {clause.operator} {constant}"


def evaluator(rules: Sequence[Rule]) -> Callable[[dict[str, Any]], list[int]]:
    """Give the function that gives the places of the rules that hold."""
    texts = dict.fromkeys([*CHOICES, "email"], cel.Type.STRING)
    numbers = dict.fromkeys([*COUNTS, *TIMES], cel.Type.INT) | dict.fromkeys(AMOUNTS, cel.Type.DOUBLE)
    env = cel.NewEnv(variables={**texts, **numbers, "tags": cel.Type.List(cel.Type.STRING)})
    conditions = [" && ".join(map(written, rule)) for rule in rules]
    lists = [
        env.compile(f"[{', '.join(conditions[start : start + CHUNK])}]")
        for start in range(0, len(conditions), CHUNK)
    ]

    def matching(customer: dict[str, Any]) -> list[int]:
        activation = env.Activation(customer)
        answers = itertools.chain.from_iterable(each.eval(activation).plain_value() for each in lists)
        return [place for place, holds in enumerate(answers) if holds]

    return matching


if __name__ == "__main__":
    given = Given()
    tell(
        given,
        evaluator(given.rules),
        [
            {name: value for name, value in with_seconds(customer).items() if name in KNOWN}
            for customer in given.customers
        ],
    )
