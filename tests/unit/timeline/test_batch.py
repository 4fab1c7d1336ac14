"""Many rules that one thing gives cause to look: the index changes nothing but how much is evaluated."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from engine.decisions.decision import encode
from engine.expressions import Env, Outcome
from engine.timeline.ruleset import Ruleset
from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  plan: {type: text}
  seats: {type: number}
  mood: {type: number}
  since: {type: date}
  orders: {count: order_completed}
  spend: {sum: total, of: order_completed}
"""
HEALTH = """
score: pulse
parts:
  orders: {weight: 1, is: (customer.orders ?? 0) * 20}
bands:
  low: {from: 0}
  high: {from: 40}
"""
SEGMENTS = tuple(f"list-{number}" for number in range(5))
STATIC = tuple(f"segment: {name}\nstatic: yes\n" for name in SEGMENTS)
NEVER = 1_000_000
UNMET = """
rule: n{}
when: {{event: visited}}
if: customer.plan == 'pro'
then:
  - do: segment.add
    with: {{segment: list-0}}
"""
TRIGGERS = (
    "{event: order_completed}",
    "{event: order_completed}",
    "{event: order_completed, where: event.total > 50}",
    "{event: ticket_opened}",
    "{changes: customer.plan}",
    "{changes: customer.seats}",
    "[{changes: customer.seats}, {changes: customer.plan}]",
    "{event: identify}",
    "{enters: list-0}",
    "{leaves: list-1}",
    "{score: pulse, becomes: high}",
    "[{event: order_completed, where: event.total < 80}, {event: order_completed, where: event.total > 20}]",
)
LINES = (
    "customer.plan == 'pro'",
    "customer.plan in ['pro', 'team']",
    "customer.plan != 'free'",
    "customer.seats >= 5",
    "customer.seats < 3",
    "customer.mood <= 2",
    "(customer.mood ?? 5) > 3",
    "customer.orders > 1",
    "customer.spend >= customer.seats * 10",
    "customer.since < d'2026-02-01'",
    "now - customer.first_seen > 1d",
    "customer.plan == 'pro' and customer.mood > 1",
    "customer.mood > 1 and customer.plan == 'pro'",
    "customer.seats > 2 or customer.plan == 'team'",
    "not (customer.plan == 'pro' and customer.seats > 3)",
    "customer.plan =~ '^t'",
    *(f"'{name}' in customer.segments" for name in SEGMENTS),
    *(f"'{name}' not in customer.segments" for name in SEGMENTS),
)


def rules(chance: random.Random, count: int) -> Iterator[str]:
    """Rules whose actions change what rules after them read."""
    for number in range(count):
        lines = [f"  - {quoted(chance.choice(LINES))}" for _ in range(chance.randint(1, 3))]
        if chance.random() < 0.3:
            lines.append(f"  - any: [{quoted(chance.choice(LINES))}, {quoted(chance.choice(LINES))}]")
        limit = "at_most: 1 per 2d\n" if chance.random() < 0.5 else ""
        status = "status: shadow\n" if chance.random() < 0.1 else ""
        action = chance.choice(("segment.add", "segment.remove"))
        yield (
            f"rule: r{number:03}\n{status}when: {chance.choice(TRIGGERS)}\nif:\n"
            + "\n".join(lines)
            + f"\n{limit}"
            f"then:\n  - do: {action}\n    with: {{segment: {chance.choice(SEGMENTS)}}}\n"
        )


def quoted(line: str) -> str:
    return '"' + line.replace("d'", 'd\\"').replace("-01'", '-01\\"') + '"'


def happenings(engine: VirtualEngine, chance: random.Random, count: int) -> None:
    for number in range(count):
        at = f"2026-03-{2 + number // 24:02} {number % 24:02}:00"
        customer = chance.choice(("ana", "ben", "eve"))
        happening = chance.choice(("order_completed", "order_completed", "ticket_opened", "identify"))
        if happening == "identify":
            traits: dict[str, Any] = {
                "plan": chance.choice(("free", "pro", "team", None)),
                "seats": chance.choice((1, 3, 8, None)),
                "mood": chance.choice((1, 4, None)),
                "since": chance.choice(("2026-01-05", "2026-02-20", None)),
            }
            engine.identify(at, customer, **dict(chance.sample(sorted(traits.items()), 2)))
        else:
            engine.receive(at, happening, customer, total=chance.choice((10, 60, 90)))


def played(files: tuple[str, ...], seed: int, indexed_from: int) -> VirtualEngine:
    engine = VirtualEngine(*files, indexed_from=indexed_from)
    happenings(engine, random.Random(seed), 80)
    engine.until("2026-03-10 00:00")
    return engine


@pytest.mark.parametrize("seed", [1, 2])
def test_with_and_without_an_index_the_same_is_decided_counted_and_done(seed: int) -> None:
    files = (FACTS, HEALTH, *STATIC, *rules(random.Random(seed), 70))

    one_by_one, indexed = played(files, seed, NEVER), played(files, seed, 1)

    assert indexed.ruleset.desks["person"].candidates and not one_by_one.ruleset.desks["person"].candidates
    expected, found = one_by_one.simulation.changes, indexed.simulation.changes
    assert [encode(row) for row in found.decisions] == [encode(row) for row in expected.decisions]
    assert found.counts == expected.counts
    assert found.events == expected.events
    assert found.memberships == expected.memberships
    # All of what may come out came out, and often.
    assert {row.outcome.value for row in found.decisions} >= {"fired", "at_most", "shadow"}
    assert {outcome for _, _, outcome in found.counts} == {"not_met", "unknown"}
    assert len(found.decisions) > 100


def counting(ruleset: Ruleset) -> list[str]:
    """Note the rule of each condition that is evaluated from now on."""
    evaluated: list[str] = []
    for rule in ruleset.desks["person"].rules.values():
        evaluate = rule.condition.outcome

        def noted(env: Env, rule: str = rule.id, evaluate: Any = evaluate) -> Outcome:
            evaluated.append(rule)
            outcome: Outcome = evaluate(env)
            return outcome

        rule.condition.outcome = noted
    return evaluated


def test_only_rules_that_may_be_met_are_evaluated() -> None:
    facts = "facts:\n  plan: {type: text}\n  seats: {type: number}\n  mood: {type: number}\n"
    files = [facts, STATIC[0]]
    for number in range(200):
        files.append(
            f"rule: r{number:03}\nwhen: {{event: visited}}\n"
            f"if:\n  - customer.plan == 'plan-{number % 20}'\n  - customer.seats >= {number}\n"
            "  - customer.mood > 1\nthen:\n  - do: segment.add\n    with: {segment: list-0}\n"
        )
    engine = VirtualEngine(*files)
    engine.identify("2026-03-02 09:00", plan="plan-3", seats=43, mood=4)
    evaluated = counting(engine.ruleset)

    engine.receive("2026-03-02 10:00", "visited")

    # Of ten rules for that plan, those up to 43 seats.
    assert evaluated == ["r003", "r023", "r043"]
    assert engine.counted("r004") == {"not_met": 1}
    assert engine.counted("r063") == {"not_met": 1}

    engine.identify("2026-03-02 11:00", mood=None)
    evaluated.clear()
    engine.receive("2026-03-02 12:00", "visited")

    assert evaluated == []
    assert engine.counted("r003") == {"unknown": 1}
    assert engine.counted("r063") == {"not_met": 2}


def test_where_each_look_is_witnessed_there_is_no_batch() -> None:
    looks: list[str] = []
    files = (FACTS, STATIC[0], *(UNMET.format(number) for number in range(10, 40)))
    engine = VirtualEngine(
        *files, indexed_from=1, witness=lambda rule, customer, decision: looks.append(rule)
    )

    engine.receive("2026-03-02 10:00", "visited")

    assert looks == [f"n{number}" for number in range(10, 40)]
