"""CEL in Rust (common-expression-language): list expressions of 500 rules, a context for each customer."""

from __future__ import annotations

import itertools
from typing import Any

import cel

from benchmarks.many_customers import with_seconds
from benchmarks.peers.matching import Given, tell
from benchmarks.peers.rules_cel import CHUNK, KNOWN, written

if __name__ == "__main__":
    given = Given()
    conditions = [" && ".join(map(written, rule)) for rule in given.rules]
    lists = [
        cel.compile(f"[{', '.join(conditions[start : start + CHUNK])}]")
        for start in range(0, len(conditions), CHUNK)
    ]

    def matching(customer: dict[str, Any]) -> list[int]:
        """Put a customer into a context, evaluate the lists in it and give the places of what holds."""
        context = cel.Context(customer)
        answers = itertools.chain.from_iterable(each.execute(context) for each in lists)
        return [place for place, holds in enumerate(answers) if holds]

    tell(
        given,
        matching,
        [
            {name: value for name, value in with_seconds(customer).items() if name in KNOWN}
            for customer in given.customers
        ],
    )
