"""rule-engine as it is: its rules share one context, as that is the fastest."""

from __future__ import annotations

import rule_engine

from benchmarks.many_customers import written
from benchmarks.peers.matching import Given, tell

if __name__ == "__main__":
    given = Given()
    context = rule_engine.Context(default_timezone="utc")
    numbered = [
        (place, rule_engine.Rule(" and ".join(map(written, rule)), context).matches)
        for place, rule in enumerate(given.rules)
    ]
    tell(
        given,
        lambda customer: [place for place, matches in numbered if matches(customer)],
        given.customers,
    )
