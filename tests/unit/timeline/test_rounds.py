"""Rules that come round by schedules: looked at together, they do what they do one by one."""

import random
from collections.abc import Iterator

import pytest

from engine.decisions.decision import encode
from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  plan: {type: text}
  seats: {type: number}
  signed_on: {type: date}
  orders: {count: order_completed}
"""
LISTS = tuple(f"segment: list-{number}\nstatic: yes\n" for number in range(3))
NEVER = 1_000_000
SCHEDULES = (
    "{schedule: daily at 06:00}",
    "{schedule: daily at 06:00}",
    "{schedule: daily at 06:00, in_segment: list-0}",
    "{schedule: every 12h}",
    "{schedule: daily at 06:00 in customer time}",
    "[{schedule: weekly on monday at 06:00}, {schedule: daily at 06:00}]",
    "[{schedule: daily at 06:00, in_segment: list-1}, {event: order_completed}]",
    "{date: customer.signed_on, after: 3d, at: '06:00'}",
    "{event: order_completed, without: order_shipped, for: 24h}",
    "{quiet: 2d, of: order_completed}",
)
LINES = (
    "customer.plan == 'pro'",
    "customer.plan != 'free'",
    "customer.seats >= 5",
    "customer.orders > 1",
    "customer.seats / customer.orders < 3",
    "'list-0' in customer.segments",
    "'list-1' not in customer.segments",
)


def rules(chance: random.Random, count: int) -> Iterator[str]:
    """Rules whose actions change what rules after them read."""
    for number in range(count):
        lines = "\n".join(f'  - "{line}"' for line in chance.sample(LINES, chance.randint(1, 2)))
        limit = chance.choice(("at_most: 1 per 2d\n", ""))
        action = chance.choice(("segment.add", "segment.remove"))
        yield (
            f"rule: r{number:03}\nwhen: {chance.choice(SCHEDULES)}\nif:\n{lines}\n{limit}"
            f"then:\n  - do: {action}\n    with: {{segment: list-{chance.randrange(3)}}}\n"
        )


def played(files: tuple[str, ...], seed: int, indexed_from: int) -> VirtualEngine:
    engine, chance = VirtualEngine(*files, indexed_from=indexed_from), random.Random(seed)
    for customer, zone in (("ana", "Europe/Berlin"), ("ben", "America/New_York"), ("eve", None)):
        engine.identify("2026-03-02 04:00", customer, signed_on="2026-03-01", timezone=zone)
    for hour in range(60):
        at = f"2026-03-{2 + (5 + 2 * hour) // 24:02} {(5 + 2 * hour) % 24:02}:00"
        customer = chance.choice(("ana", "ben", "eve"))
        if chance.random() < 0.5:
            engine.receive(at, "order_completed", customer)
        else:
            plan, seats = chance.choice(("free", "pro", None)), chance.choice((1, 8, None))
            engine.identify(at, customer, plan=plan, seats=seats)
    engine.until("2026-03-11 00:00")
    return engine


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_together_and_one_by_one_the_same_is_decided_counted_and_done(seed: int) -> None:
    files = (FACTS, *LISTS, *rules(random.Random(seed), 60))

    one_by_one, together = played(files, seed, NEVER), played(files, seed, 1)

    assert any(each.candidates for each in together.ruleset.desks["person"].schedules)
    assert not any(each.candidates for each in one_by_one.ruleset.desks["person"].schedules)
    expected, found = one_by_one.simulation.changes, together.simulation.changes
    assert [encode(row) for row in found.decisions] == [encode(row) for row in expected.decisions]
    assert found.counts == expected.counts
    assert found.events == expected.events
    assert {row.outcome.value for row in found.decisions} >= {"fired", "at_most"}
    assert {outcome for _, _, outcome in found.counts} == {"not_met", "unknown"}
    assert len(found.decisions) > 100


def test_a_round_has_the_rules_of_one_schedule_and_each_schedule_of_a_rule_with_several() -> None:
    engine = VirtualEngine(
        *(
            f"rule: {name}\nwhen: {when}\nthen:\n  - do: segment.add\n    with: {{segment: list-0}}\n"
            for name, when in (
                ("a", "{schedule: daily at 06:00}"),
                ("b", "[{schedule: daily at 06:00}, {schedule: daily at 07:00}]"),
                ("c", "{schedule: daily at 06:00}"),
                ("d", "{schedule: daily at 06:00, catch_up: all}"),
            )
        ),
        *LISTS,
    )

    rounds = engine.ruleset.desks["person"].schedules

    assert [[rule.id for rule, _ in each.pairs] for each in rounds] == [["a", "c"], ["b"], ["b"], ["d"]]
