"""one_rule, rules_100 to rules_10000, rules_growth, trace: conditions of one customer at a time."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.many_customers import AMOUNTS, COUNTS, FLAGS, TIMES, Rule, customers, rules, written
from benchmarks.peers.matching import check, micros
from benchmarks.rows import Row
from engine.expressions import Condition, Env, Kind, Scope, all_of, compile_expression
from engine.expressions.index import Index
from engine.expressions.outcome import Outcome

NUMBERS = (100, 1_000, 10_000)
CUSTOMERS = 1_000
PASSES = 5
# As many customers as keep each of them to a few seconds, of the very same ones.
PEERS = {
    "python": {100: 1_000, 1_000: 500, 10_000: 100},
    "zen": {100: 500, 1_000: 500, 10_000: 100},
    "cel": {100: 500, 1_000: 200, 10_000: 30},
    "common_cel": {100: 500, 1_000: 200, 10_000: 30},
    "drools": {100: 500, 1_000: 200, 10_000: 50},
    "json_rules_engine": {100: 300, 1_000: 50, 10_000: 10},
    "rule_engine": {100: 300, 1_000: 50, 10_000: 10},
}


def kinds() -> dict[str, Kind]:
    """Give of which kind each attribute is."""
    found = {name: Kind.TEXT for name, value in customers(1)[0].items() if isinstance(value, str)}
    found |= dict.fromkeys((*COUNTS, *AMOUNTS), Kind.NUMBER) | dict.fromkeys(FLAGS, Kind.BOOLEAN)
    return found | dict.fromkeys(TIMES, Kind.TIME) | dict.fromkeys(("tags", "interests"), Kind.LIST)


def conditions(some: Sequence[Rule]) -> list[Condition]:
    """Give the conditions of rules, a clause a line."""
    known = Scope(customer=kinds(), event=None)
    return [
        all_of([compile_expression(written(clause, "customer."), known) for clause in rule]) for rule in some
    ]


def measure_one(folder: Path, quick: bool) -> list[Row]:
    """Evaluate single rules; the rest of the loop is part of everybody's time."""
    some, of = rules(100), customers(100 if quick else CUSTOMERS)
    numbered = list(enumerate(condition.outcome for condition in conditions(some)))
    met = Outcome.MET

    def matching(env: Env) -> list[int]:
        return [place for place, outcome in numbered if outcome(env) is met]

    envs = [Env(customer=customer) for customer in of]
    check([matching(env) for env in envs], some, of)
    return [
        Row(
            name="one_rule",
            value=micros(matching, envs, PASSES) * 1000 / len(some),
            unit="ns",
            against={
                peer: _of_peer(peer, len(some), PEERS[peer][100], quick) * 1000 / len(some)
                for peer in ("rule_engine", "python")
            },
            more_is_better=False,
            detail={"rules": len(some), "customers": len(of)},
        )
    ]


def measure_many(number: int, folder: Path, quick: bool) -> list[Row]:
    """Find all the rules that hold for a customer, of this number of them."""
    ours, matches = _many(number, quick)
    against = {}
    for peer, many in PEERS.items():
        try:
            against[peer] = _of_peer(peer, number, many[number], quick)
        except subprocess.CalledProcessError as error:
            print(f"rules_{number}: {peer} is left out, it ended with {error.returncode}", file=sys.stderr)
    return [
        Row(
            name=f"rules_{number}",
            value=ours,
            unit="us",
            against=against,
            more_is_better=False,
            detail={"matches": round(matches, 1)},
        )
    ]


def measure_growth(folder: Path, quick: bool) -> list[Row]:
    """Compare the time of a hundred times as many rules."""
    few, many = NUMBERS[0], NUMBERS[1 if quick else 2]
    theirs = {
        number: _of_peer("rule_engine", number, PEERS["rule_engine"][number], quick) for number in (few, many)
    }
    return [
        Row(
            name="rules_growth",
            value=_many(many, quick)[0] / _many(few, quick)[0],
            unit="x",
            against={"rule_engine": theirs[many] / theirs[few]},
            more_is_better=False,
            detail={"from": few, "to": many},
        )
    ]


def measure_trace(folder: Path, quick: bool) -> list[Row]:
    """Trace each rule that holds for a customer."""
    some, of = rules(1_000), customers(50 if quick else 200)
    index = Index(conditions(some))
    envs = [Env(customer=customer) for customer in of]
    held = [(index.conditions[place], env) for env in envs for place in index.matching(env)]
    for condition, env in held:
        if any(line.outcome is not Outcome.MET for line in condition.trace(env)):
            raise RuntimeError("the trace of a rule that holds has a line that does not")
    each = micros(lambda pair: pair[0].trace(pair[1]), held, PASSES)
    return [
        Row(name="trace", value=each, unit="us", more_is_better=False, detail={"matched": len(held)}),
    ]


@functools.cache
def _many(number: int, quick: bool) -> tuple[float, float]:
    """Give the microseconds of a customer, and how many rules hold for one."""
    some, of = rules(number), customers(100 if quick else CUSTOMERS)
    matching = Index(conditions(some)).matching

    def found(customer: dict[str, Any]) -> list[int]:
        return matching(Env(customer=customer))

    answers = [found(customer) for customer in of]
    check(answers, some, of)
    return micros(found, of, PASSES), sum(map(len, answers)) / len(answers)


@functools.cache
def _of_peer(peer: str, number: int, of: int, quick: bool) -> float:
    few = min(of, 20) if quick else of
    return float(peers.measure(f"rules_{peer}", rules=number, customers=few)["micros"])
