"""The customers and rules that evaluation is measured with: generated, the same for the same numbers.

A customer has 41 attributes: texts, whole numbers, amounts with two decimals, booleans, times and two
lists. A rule joins three or four clauses, each from another one of ten templates.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

SEED = 20260301
CHOICES: Mapping[str, tuple[str, ...]] = {
    "event_type": tuple(f"event_{number}" for number in range(10)),
    "plan": ("free", "team", "business", "enterprise"),
    "region": ("emea", "apac", "latam", "na", "anz", "other"),
    "country": tuple("DE FR ES IT PL NL SE NO DK FI US CA MX BR AR JP AU NZ IN ZA".split()),
    "segment": tuple(f"segment_{number}" for number in range(8)),
    "industry": tuple("retail health media travel energy finance games food law other".split()),
    "tier": ("bronze", "silver", "gold", "platinum"),
    "channel": ("email", "sms", "push"),
    "language": ("de", "en", "es", "fr", "it"),
    "currency": ("EUR", "USD", "GBP"),
    "device": ("phone", "tablet", "desktop"),
    "source": ("ads", "search", "friend", "fair"),
}
HOSTS = tuple(f"host{number}.example" for number in range(8))
COUNTS = ("seats", "seats_used", "orders", "logins_28d", "tickets", "visits", "points", "score")
AMOUNTS = ("mrr", "spend_12m", "average_order", "open_balance", "refunds", "discount")
FLAGS = ("consent", "trial", "vip", "blocked")
TIMES = ("signed_up", "last_seen", "last_order", "renewal", "born_on")
TAGS = tuple(f"tag_{number}" for number in range(12))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Clause(msgspec.Struct, frozen=True):
    """An attribute, how it is compared (`==`, `in`, `>=`, `<`, `has` an item, `=~` a pattern), with what."""

    name: str
    operator: str
    constant: Any


Rule = tuple[Clause, ...]


def customers(number: int) -> list[dict[str, Any]]:
    """Give customers, numbers as whole ones and Decimals and times with a zone, as the engine holds them."""
    chance = random.Random(SEED)
    return [_customer(chance, each) for each in range(number)]


def _customer(chance: random.Random, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {"id": f"c{number}"}
    values |= {name: chance.choice(choices) for name, choices in CHOICES.items()}
    values["email"] = f"c{number}@{chance.choice(HOSTS)}"
    values["name"] = f"Customer {number}"
    values["city"] = f"City {number % 97}"
    values |= {name: chance.randrange(1000) for name in COUNTS}
    values |= {name: Decimal(chance.randrange(100_000)).scaleb(-2) for name in AMOUNTS}
    values |= {name: chance.random() < 0.5 for name in FLAGS}
    values |= {name: NOW - timedelta(minutes=chance.randrange(1_000_000)) for name in TIMES}
    values["tags"] = chance.sample(TAGS, 3)
    values["interests"] = chance.sample(CHOICES["industry"], 2)
    return values


def rules(number: int) -> list[Rule]:
    """Give rules; one in a hundred or so holds for a customer."""
    chance = random.Random(SEED + 1)
    return [
        tuple(template(chance) for template in chance.sample(_TEMPLATES, chance.choice((3, 4))))
        for _ in range(number)
    ]


def _equal(name: str) -> Callable[[random.Random], Clause]:
    return lambda chance: Clause(name, "==", chance.choice(CHOICES[name]))


def _among(name: str, many: int) -> Callable[[random.Random], Clause]:
    return lambda chance: Clause(name, "in", tuple(chance.sample(CHOICES[name], many)))


def _number(chance: random.Random) -> Clause:
    if chance.random() < 0.5:
        return Clause(chance.choice(COUNTS), chance.choice((">=", "<")), chance.randrange(50, 1000, 50))
    amount = Decimal(chance.randrange(5_000, 100_000, 2_495)).scaleb(-2)
    return Clause(chance.choice(AMOUNTS), chance.choice((">=", "<")), amount)


def _time(chance: random.Random) -> Clause:
    return Clause(chance.choice(TIMES[:4]), "<", NOW - timedelta(days=chance.randrange(100, 690, 30)))


def _tag(chance: random.Random) -> Clause:
    return Clause("tags", "has", chance.choice(TAGS))


def _pattern(chance: random.Random) -> Clause:
    return Clause("email", "=~", f".*@{chance.choice(HOSTS).replace('.', '[.]')}$")


_TEMPLATES: Sequence[Callable[[random.Random], Clause]] = (
    _equal("event_type"),
    _equal("plan"),
    _among("region", 2),
    _among("country", 6),
    _equal("segment"),
    _among("industry", 3),
    _equal("tier"),
    _number,
    _time,
    lambda chance: _tag(chance) if chance.random() < 0.5 else _pattern(chance),
)


def written(clause: Clause, root: str = "") -> str:
    """Write a clause in the words of rule-engine, which are Holdfast's too."""
    name, constant = root + clause.name, clause.constant
    if clause.operator == "has":
        return f"{constant!r} in {name}"
    if clause.operator == "in":
        return f"{name} in {list(constant)!r}"
    if isinstance(constant, datetime):
        return f'{name} {clause.operator} d"{constant.isoformat()}"'
    return f"{name} {clause.operator} {constant if isinstance(constant, (int, Decimal)) else repr(constant)}"


def by_hand(rule: Rule) -> str:
    """Write a rule as a person would in Python, over a dict named `c`; `matches` has compiled patterns."""
    return " and ".join(_by_hand(clause) for clause in rule)


def _by_hand(clause: Clause) -> str:
    name, constant = f"c[{clause.name!r}]", clause.constant
    if clause.operator == "has":
        return f"{constant!r} in {name}"
    if clause.operator == "=~":
        return f"matches[{constant!r}]({name})"
    if isinstance(constant, datetime):
        return f"{name} {clause.operator} times[{constant.isoformat()!r}]"
    return f"{name} {clause.operator} {constant if isinstance(constant, (int, Decimal)) else repr(constant)}"


def with_floats(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Give a customer with floats in place of Decimals: two decimals are compared the same."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in customer.items()}


def with_seconds(customer: Mapping[str, Any]) -> dict[str, Any]:
    """Give a customer as JSON has it, times as seconds since 1970, for who has no times or slow ones."""
    return {name: seconds(value) for name, value in with_floats(customer).items()}


def seconds(value: Any) -> Any:
    """Give a time as whole seconds since 1970, a Decimal as a float, and anything else as it is."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    return float(value) if isinstance(value, Decimal) else value
