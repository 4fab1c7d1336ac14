"""A shop of a hundred live rules, and what its customers do: what intake is measured with.

Five kinds of events, a hundred rules on them (a third on orders), twenty facts, conditions of three
or four lines; about one event in ten is one that a rule decides by a row. All of it follows from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.customers.zones import moment_of
from engine.model.values import DAY, SECOND, Micros

SEED = 20261129
CUSTOMERS = 5_000

FACTS = """\
facts:
  plan:          {type: text, default: free}
  country:       {type: text, default: DE}
  seats:         {type: number, default: 1}
  orders:        {count: order_completed}
  orders_30d:    {count: order_completed, over: 30d}
  orders_365d:   {count: order_completed, over: 365d}
  spend:         {sum: total, of: order_completed}
  spend_90d:     {sum: total, of: order_completed, over: 90d}
  mean_order:    {mean: total, of: order_completed}
  largest_order: {max: total, of: order_completed}
  last_order:    {since: order_completed}
  views_7d:      {count: page_viewed, over: 7d}
  views_28d:     {count: page_viewed, over: 28d}
  last_topic:    {last: topic, of: page_viewed}
  minutes_7d:    {sum: minutes, of: usage, over: 7d}
  minutes_28d:   {sum: minutes, of: usage, over: 28d}
  tickets_90d:   {count: ticket_opened, over: 90d}
  csat_90d:      {mean: score, of: survey_answered, over: 90d}
  spender:       "customer.spend_90d >= 500"
  busy:          "customer.minutes_7d > customer.minutes_28d / 4"
events:
  order_completed: {order_id: text, total: number, items: number}
  page_viewed:     {topic: text, seconds: number}
  usage:           {minutes: number}
  ticket_opened:   {ticket_id: text, severity: text}
  survey_answered: {score: number}
"""

KINDS = {"order_completed": 34, "page_viewed": 24, "usage": 20, "ticket_opened": 12, "survey_answered": 10}
"""Of a hundred rules, how many are on each kind of event."""

SHARES = {"page_viewed": 45, "usage": 30, "order_completed": 15, "ticket_opened": 5, "survey_answered": 5}
"""Of a hundred events, how many are of each kind."""

OF_EVENT = {
    "order_completed": "event.total >= {}",
    "page_viewed": "event.seconds > {}",
    "usage": "event.minutes > {}",
    "ticket_opened": "event.severity == 'urgent'",
    "survey_answered": "event.score <= 2",
}
SCALE = {"order_completed": 2.4, "page_viewed": 3, "usage": 1.2}
OF_CUSTOMER = (
    "customer.orders == {}",
    "customer.orders_30d >= {}",
    "customer.spend_90d > {}00",
    "customer.plan == 'team'",
    "customer.country in ['DE', 'FR', 'NL']",
    "customer.views_7d >= {}",
    "customer.minutes_28d >= {}0",
    "customer.tickets_90d <= 2",
    "customer.spender",
    "(customer.csat_90d ?? 5) >= 4",
    "customer.seats >= {}",
    "customer.largest_order >= 150",
)


def write(folder: Path, rules: int = 100) -> None:
    """Write the workspace, with about so many rules on events, into an empty folder."""
    chance = random.Random(SEED)
    (folder / "rules").mkdir(parents=True)
    (folder / "holdfast.yaml").write_text("name: Benchmark\ntimezone: UTC\ncurrency: EUR\n")
    (folder / "rules" / "facts.yaml").write_text(FACTS)
    (folder / "rules" / "at-the-counter.yaml").write_text(CALLED)
    for kind, share in KINDS.items():
        for number in range(share * rules // 100):
            name = f"{kind.replace('_', '-')}-{number:02}"
            lines = [OF_EVENT[kind].format(round(chance.randrange(88, 100) * SCALE.get(kind, 1), 1))]
            lines += [
                line.format(chance.randrange(2, 30))
                for line in chance.sample(OF_CUSTOMER, chance.choice((2, 3)))
            ]
            conditions = "".join(f'  - "{line}"\n' for line in lines)
            (folder / "rules" / f"{name}.yaml").write_text(
                f"rule: {name}\nowner: crm\ndescription: Note who stands out.\nwhen: {{event: {kind}}}\n"
                f"if:\n{conditions}at_most: 1 per 30d\nthen:\n"
                f"  - do: event.emit\n    with: {{event: noticed, properties: {{what: {name}}}}}\n"
            )


CALLED = """\
rule: at-the-counter
owner: crm
description: Decide at the counter whether somebody is offered the good coffee.
when: {call: yes}
if:
  - event.total >= 20
  - customer.plan == 'free'
  - (customer.csat_90d ?? 5) >= 3
then:
  - do: event.emit
    with: {event: noticed, properties: {what: at-the-counter}}
"""


def calls(count: int) -> Iterator[dict[str, Any]]:
    """Give bodies of so many calls of the trigger `at-the-counter`."""
    chance = random.Random(f"{SEED}/calls")
    for _ in range(count):
        yield {
            "customer": customer_id(chance),
            "event": {"total": chance.randrange(1_000, 4_000) / 100},
        }


def customer_id(chance: random.Random, customers: int = CUSTOMERS) -> str:
    """Give the id of one of the customers."""
    return f"cus_{chance.randrange(customers):06}"


def happenings(
    count: int, until: Micros, batch: int = 100, name: str = "e", customers: int = CUSTOMERS
) -> Iterator[list[dict[str, Any]]]:
    """Give batches of so many events in all, of the hour before an instant."""
    chance = random.Random(f"{SEED}/{name}")
    kinds = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    for first in range(0, count, batch):
        yield [
            _happening(
                chance, kinds[number], f"{name}-{number}", until - chance.randrange(3600) * SECOND, customers
            )
            for number in range(first, min(count, first + batch))
        ]


def year(count: int, until: Micros, customers: int) -> Iterator[dict[str, Any]]:
    """Give so many events at even distances over the year before an instant."""
    chance = random.Random(f"{SEED}/year")
    kinds = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    for number, kind in enumerate(kinds):
        at = until - 365 * DAY * (count - number) // count
        yield _happening(chance, kind, f"year-{number}", at, customers)


def daily(days: int, customers: int, until: Micros) -> Iterator[dict[str, Any]]:
    """Give an event a day of each of so many customers, the last of them a day before an instant."""
    chance = random.Random(f"{SEED}/daily")
    kinds, shares = list(SHARES), list(SHARES.values())
    for day in range(days, 0, -1):
        for number, kind in enumerate(chance.choices(kinds, shares, k=customers)):
            event = _happening(chance, kind, f"day-{day}-{number}", until - day * DAY, customers)
            yield event | {"customer": f"cus_{number:06}"}


def _happening(chance: random.Random, kind: str, id: str, at: Micros, customers: int) -> dict[str, Any]:
    properties: dict[str, Any]
    if kind == "order_completed":
        total = chance.randrange(500, 25_000) / 100
        properties = {"order_id": id, "total": total, "items": chance.randrange(1, 9)}
    elif kind == "page_viewed":
        properties = {"topic": chance.choice(("price", "help", "blog")), "seconds": chance.randrange(300)}
    elif kind == "usage":
        properties = {"minutes": chance.randrange(1, 120)}
    elif kind == "ticket_opened":
        properties = {"ticket_id": id, "severity": chance.choice(("low", "normal", "urgent"))}
    else:
        properties = {"score": chance.randrange(1, 6)}
    return {
        "event": kind,
        "id": id,
        "customer": customer_id(chance, customers),
        "at": moment_of(at).isoformat(),
        "properties": properties,
    }
