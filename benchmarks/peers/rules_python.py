"""Hand-written Python: a lambda for each rule, called one after the other."""

from __future__ import annotations

from benchmarks.many_customers import with_floats
from benchmarks.peers.matching import Given, hand_written, tell

if __name__ == "__main__":
    given = Given()
    numbered = list(enumerate(hand_written(given.rules)))
    tell(
        given,
        lambda customer: [place for place, function in numbered if function(customer)],
        [with_floats(customer) for customer in given.customers],
    )
