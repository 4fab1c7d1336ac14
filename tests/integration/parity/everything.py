"""`python -m tests.integration.parity.everything`: decide 100,000 recorded decisions again.

A busy shop is played live into a database: rules of every kind of trigger, limits, shadow, segments, runs,
calls, events that are late, early and doubled. Then all of it is decided anew from the record.
Prints how many there are by rule and outcome, how many come out byte for byte, and what it took.
"""

from __future__ import annotations

import argparse
import logging
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.model.values import DAY, HOUR, MINUTE, SECOND, Micros
from engine.runtime.actions.recorder import recording
from engine.runtime.audit.replaying import Replayed
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.logs import configure

START: Micros = 1_772_409_600_000_000
"""2026-03-02, a Monday; the clocks change on the 29th."""
DAYS = 35
SEED = 20260302

FILES = {
    "holdfast.yaml": "name: Busy shop\ntimezone: Europe/Berlin\n",
    "rules/facts.yaml": """
facts:
  plan:        {type: text, default: free}
  seats:       {type: number, default: 1}
  orders:      {count: order_completed}
  orders_7d:   {count: order_completed, over: 7d}
  spend_28d:   {sum: total, of: order_completed, over: 28d}
  mean_order:  {mean: total, of: order_completed, over: 14d}
  csat_7d:     {share_lower: "event.score >= 4", of: survey_answered, over: 7d}
  last_topic:  {last: topic, of: page_viewed}
  topics:      {distinct: topic, of: page_viewed}
  spender:     "customer.spend_28d >= 400"
rfm: {of: order_completed, value: total, over: 365d}
events:
  order_completed: {order_id: text, cart_id: text, total: {type: number, required: yes}}
  page_viewed:     {topic: text}
  survey_answered: {score: {type: number, required: yes}}
  cart_updated:    {cart_id: text, total: number}
""",
    "rules/buyer.yaml": """
segment: buyer
enter_if: customer.orders_7d >= 2
leave_if: customer.orders_7d < 1
""",
    "rules/each-order.yaml": "when: {event: order_completed}\nif: event.total >= 20.5",
    "rules/share-of-spend.yaml": (
        "when: {event: order_completed}\nif: event.total / customer.spend_28d > 0.25\nstatus: shadow"
    ),
    "rules/big-again.yaml": (
        "when: {event: order_completed}\nif: event.total > (customer.mean_order ?? 0)\nat_most: 2 per 3d"
    ),
    "rules/each-page.yaml": 'when: {event: page_viewed}\nif: "(customer.topics ?? 0) >= 2"',
    "rules/unhappy.yaml": "when: {event: survey_answered}\nif: event.score <= 2",
    "rules/doubtful.yaml": "when: {event: survey_answered}\nif: customer.csat_7d < 0.4",
    "rules/moved-plan.yaml": "when: {changes: customer.plan}",
    "rules/new-buyer.yaml": "when: {enters: buyer}",
    "rules/lost-buyer.yaml": "when: {leaves: buyer}",
    "rules/cart-left.yaml": "when: {event: cart_updated, without: order_completed, for: 6h, key: cart_id}",
    "rules/gone-quiet.yaml": "when: {quiet: 3d, of: any}",
    "rules/mornings.yaml": "when: {schedule: daily at 06:00}\nif: customer.spender\nat_most: 1 per 3d",
    "rules/best.yaml": "when: {schedule: weekly on monday at 06:00}\nif: customer.rfm_m >= 4",
    "rules/counter.yaml": "when: {call: yes}\nif: event.total >= 10",
    "workflows/noting.yaml": """
workflow: noting
owner: shop
class: service
reentry: always
steps:
  - do: customer.set
    with: {seats: "=customer.seats + 1"}
  - wait: 2h
  - do: event.emit
    with: {event: page_viewed, properties: {topic: noted}}
""",
}
RUNS = ("new-buyer", "unhappy", "best")
"""Rules that start a run; the others only record that they fired."""


def lay_out(folder: Path) -> None:
    """Write the workspace."""
    for name, text in FILES.items():
        if name.startswith("rules/") and text.startswith("when:"):
            rule = Path(name).stem
            act = "run: noting" if rule in RUNS else "do: customer.set\n    with: {plan: =customer.plan}"
            text = f"rule: {rule}\nowner: shop\n{text}\nthen:\n  - {act}\n"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip())


def deliveries(customers: int, each: int) -> Iterator[tuple[Micros, dict[str, Any]]]:
    """Give events with the instants at which they are posted: late, early and doubled ones too."""
    chance = random.Random(SEED)
    found: list[tuple[Micros, dict[str, Any]]] = []
    for number in range(customers * each):
        posted = START + chance.randrange(DAYS * DAY // MINUTE) * MINUTE
        late = chance.choice((0, 0, 0, 0, 5 * MINUTE, 2 * HOUR, 2 * DAY, -2 * MINUTE))
        name = chance.choice(("order_completed", "order_completed", "page_viewed", "survey_answered",
                              "cart_updated", "identify"))  # fmt: skip
        raw: dict[str, Any] = {
            "customer": f"c{chance.randrange(customers)}", "event": name, "id": f"e{number}",
            "at": (posted - late) / SECOND,
        }  # fmt: skip
        if name == "order_completed":
            raw |= {
                "cart_id": f"k{chance.randrange(3)}",
                "order_id": f"o{number}",
                "total": chance.randrange(500, 15_000) / 100,
            }
        elif name == "page_viewed":
            raw["topic"] = chance.choice(("price", "help", "blog"))
        elif name == "survey_answered":
            raw["score"] = chance.randrange(1, 6)
        elif name == "cart_updated":
            raw |= {"cart_id": f"k{chance.randrange(3)}", "total": chance.randrange(150)}
        else:
            raw["traits"] = {"plan": chance.choice(("free", "team")), "timezone": "Asia/Kathmandu"}
        found.append((posted, raw))
        if chance.random() < 0.05:
            found.append((posted + HOUR, raw))
    return iter(sorted(found, key=lambda one: one[0]))


def play(engine: Engine, clock: VirtualClock, customers: int, each: int) -> None:
    """Let it all happen, and somebody call a rule now and then."""
    chance = random.Random(SEED + 1)
    waiting: list[dict[str, Any]] = []
    moment = START
    for posted, raw in deliveries(customers, each):
        if posted != moment and waiting:
            engine.run_until(moment - 1)
            clock.move_to(moment)
            engine.ingest(waiting, source="shop", may_grant=True).result()
            waiting = []
            if chance.random() < 0.05:
                total = chance.randrange(20)
                engine.trigger("counter", f"c{chance.randrange(customers)}", {"total": total}).result()
        moment = posted
        waiting.append(raw)
    engine.run_until(START + (DAYS + 7) * DAY)


def measure(customers: int, each: int, say: Callable[[str], object] = print) -> Replayed:
    """Play, decide again, and say what came of it."""
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        lay_out(folder)
        url, actions = f"sqlite:///{folder}/holdfast.db", recording()[0]
        began = time.perf_counter()
        clock = VirtualClock(START)
        with Engine.open(folder, url, clock, actions=actions, work=False) as engine:
            play(engine, clock, customers, each)
            counted = _count(engine)
        say(f"played in {time.perf_counter() - began:,.0f} s: {sum(counted.values()):,} recorded decisions")
        for (rule, outcome), number in sorted(counted.items()):
            say(f"  {rule:16} {outcome:9} {number:7,}")
        before, began = memory(), time.perf_counter()
        with Engine.open(folder, url, clock, actions=actions, work=False) as engine:
            found = engine.replay_audit()
        say(f"decided again in {time.perf_counter() - began:,.0f} s")
        say(f"byte for byte the same {found.equal:,}, different {found.different}, erased {found.erased}")
        say(f"memory: {before:,.0f} MB before, {memory():,.0f} MB at its most")
        for each_ in found.differences[:20]:
            say(f"  {each_.rule} {each_.decision} at {each_.at}: {each_.what}")
        return found


def _count(engine: Engine) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    with engine.store.reader() as reader:
        after = None
        while some := reader.decisions(after=after, limit=1000):
            counted.update((decision.rule, decision.outcome.value) for decision in some)
            after = some[-1].at, some[-1].id
    return counted


def memory() -> float:
    """Give the most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Play, replay and print; 1 where anything came out otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.parity.everything")
    parser.add_argument("--customers", type=int, default=1_250)
    parser.add_argument("--events", type=int, default=40, help="of each customer")
    given = parser.parse_args()
    configure(logging.ERROR)
    return 1 if measure(given.customers, given.events).different else 0


if __name__ == "__main__":
    sys.exit(main())
