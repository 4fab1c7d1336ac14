"""Pairs of condition and customer, judged in columns and by the condition.

`python -m tests.property.column_pairs` makes a million of them and prints what came of it. Customers lack
values, have odd ones, and ones of other kinds than their facts'; two of the event's four properties are
columns too, the others are not, as where a sweep knows nothing of them.
"""

import argparse
import random
import sys
from collections.abc import Sequence

import polars as pl

from engine.expressions import Env, Kind, Outcome
from engine.expressions.columns import Column, Sweep, column_of
from tests.property.index_pairs import FACTS, Result, condition, lines, state

CONDITIONS_AT_ONCE = 500
PROPERTIES = {"total": Kind.NUMBER, "coupon": Kind.TEXT}


def columns(envs: Sequence[Env]) -> dict[str, Column]:
    """The facts of customers, and two properties of an event, as columns."""
    found = {
        f"customer.{name}": column_of(kind, [env.customer.get(name) for env in envs])
        for name, kind in FACTS.items()
    }
    for name, kind in PROPERTIES.items():
        found[f"event.{name}"] = column_of(kind, [env.event.get(name) for env in envs])
    # Few different texts become categories, of which each is settled once; these shall stay texts.
    email = found["customer.email"]
    found["customer.email"] = Column(Kind.TEXT, email.values.cast(pl.String), email.odd)
    tags = found["customer.tags"]
    items = pl.List(pl.Enum(tags.values.explode().drop_nulls().unique().sort()))
    found["customer.tags"] = Column(Kind.LIST, tags.values.cast(items), tags.odd)
    return found


def compare(conditions: int, customers: int, seed: int) -> Result:
    """Judge each condition for each customer in both ways."""
    chance = random.Random(seed)
    pool = lines(max(50, conditions // 4), chance)
    envs = [state(chance) for _ in range(customers)]
    table = columns(envs)
    result = Result()
    asked: list[int] = []

    def env_at(row: int) -> Env:
        asked.append(row)
        return envs[row]

    for start in range(0, conditions, CONDITIONS_AT_ONCE):
        made = [condition(pool, chance) for _ in range(min(CONDITIONS_AT_ONCE, conditions - start))]
        sweep = Sweep(made, table, env_at)
        outcomes = sweep.outcomes()
        result.one_by_one += len(asked)
        met = sweep.met()
        asked.clear()
        for place, each in enumerate(made):
            rows = set(met[place])
            for row, env in enumerate(envs):
                wanted, found = each.outcome(env), outcomes[place][row]
                result.outcomes[wanted] += 1
                if found is not wanted or (row in rows) is not (wanted is Outcome.MET):
                    texts = [getattr(line, "text", line) for line in each.lines]
                    result.differences.append((texts, env.customer, env.event, found, wanted))
    return result


def main(arguments: Sequence[str]) -> int:
    """Compare and print; the exit code tells whether there was a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.column_pairs")
    parser.add_argument("--conditions", type=int, default=2_000)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20260301)
    asked = parser.parse_args(arguments)
    result = compare(asked.conditions, asked.customers, asked.seed)
    return result.told(
        f"{result.pairs:,} pairs of condition and customer, seed {asked.seed}",
        f"evaluated one by one: {result.share(result.one_by_one)}",
        between="columns and conditions",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
