"""Rounds that are passed over: what comes of it is what playing each gives, and far fewer are played."""

import random
from collections.abc import Iterator

import pytest

from engine.authoring.backtest.differing import WOULD
from engine.authoring.backtest.playing import play_all
from engine.authoring.simulate import Simulation
from engine.customers.encoding import encode_hot
from engine.customers.event import Event
from engine.decisions.decide import ROWS
from engine.decisions.decision import encode
from engine.decisions.standing import encode as encode_standing
from engine.model.reasons import DecisionOutcome
from engine.model.values import DAY, HOUR, Micros
from engine.runs.stage import Member
from engine.timeline.ruleset import Ruleset
from tests.virtual_engine import instant, ruleset

START = instant("2026-03-01 09:00")
END = START + 120 * DAY
FACTS = """
facts:
  plan: {type: text}
  seats: {type: number}
  timezone: {type: text}
  orders: {count: order_completed}
  spend_20d: {sum: total, of: order_completed, over: 20d}
  before: {sum: total, of: order_completed, over: 20d, ending: 20d ago}
  until_lately: {count: order_completed, over: 8w, ending: 2w ago}
  hours: {count: order_completed, over: 30h}
  quiet_for: {since: order_completed}
  pause: {since: order_completed, over: 40d}
  busy: customer.orders > 2 and customer.spend_20d > 50
"""
LISTED = "segment: listed\nstatic: yes\n"
SCHEDULES = (
    "daily at 06:00",
    "daily at 06:00",
    "daily at 00:00",
    "weekly on monday at 08:00",
    "monthly on 31 at 09:00",
    "every 6h",
    "daily at 02:30 in customer time",
)
LINES = (
    "customer.plan == 'pro'",
    "customer.seats >= 5",
    "customer.orders > 2",
    "customer.orders == 1",
    "customer.spend_20d <= customer.before / 2",
    "customer.before > 0",
    "customer.until_lately >= 2",
    "customer.hours > 0",
    "customer.quiet_for > 30d",
    "customer.quiet_for >= 10d and customer.quiet_for < 12d",
    "not (customer.quiet_for <= 2d)",
    "customer.quiet_for + 1d > 30d",
    "customer.pause > 5d",
    "customer.busy",
    "now - customer.first_seen > 50d",
    "'listed' in customer.segments",
    "'listed' not in customer.segments",
)
LIMITS = ("", "", "at_most: 1 per 30d\n", "at_most: 2 per 7d\n", "at_most: 1 per 36h\n")
ACTIONS = (
    "  - do: segment.add\n    with: {segment: listed}\n",
    "  - do: customer.set\n    with: {seats: 7}\n",
    "  - do: segment.remove\n    with: {segment: listed}\n",
)


class Counting(Simulation):
    """A simulation that counts the instants which it plays."""

    instants = 0

    def _instant(self, member: Member, due: Micros) -> None:
        self.instants += 1
        super()._instant(member, due)


def rules(chance: random.Random, number: int) -> Iterator[str]:
    for each in range(number):
        lines = "".join(f'  - "{line}"\n' for line in chance.sample(LINES, chance.choice((1, 1, 2))))
        when = f"schedule: {chance.choice(SCHEDULES)}"
        if chance.random() < 0.2:
            when = f"[{{{when}}}, {{event: order_completed}}]"
        else:
            when = f"{{{when}}}"
        status = "status: shadow\n" if chance.random() < 0.1 else ""
        yield (
            f"rule: r{each}\n{status}when: {when}\nif:\n{lines}{chance.choice(LIMITS)}"
            f"then:\n{chance.choice(ACTIONS)}"
        )


def events(chance: random.Random) -> list[Event]:
    found: list[Event] = []
    for seq, at in enumerate(sorted(chance.randrange(START, END - DAY) for _ in range(40)), 1):
        # Some come late, and some on the very instant of a round.
        received = at - at % DAY + 6 * HOUR + DAY if chance.random() < 0.2 else at
        late = chance.choice((0, 0, 0, 3 * HOUR, 15 * DAY))
        name, properties = chance.choice(
            (
                ("order_completed", {"total": chance.choice((5, 40, 100))}),
                ("order_completed", {"total": chance.choice((5, 40, 100))}),
                ("identify", {"plan": chance.choice(("pro", "free")), "seats": chance.choice((3, 8))}),
                ("identify", {"timezone": chance.choice(("America/New_York", "Asia/Tokyo"))}),
            )
        )
        found.append(
            Event(
                source="shop", message_id=str(seq), customer=chance.choice(("ana", "ben", "cleo")), name=name,
                occurred_at=received - late, received_at=received, properties=properties, seq=seq,
            )
        )  # fmt: skip
    return sorted(found, key=lambda event: (event.received_at, event.seq))


def played(made: Ruleset, told: list[Event], rows: frozenset[DecisionOutcome], resting: bool) -> Counting:
    simulation = Counting(made, rows=rows, resting=resting)
    play_all(simulation, told, END, None)
    return simulation


@pytest.mark.parametrize("seed", range(40))
def test_nothing_but_the_number_of_instants_is_other(seed: int) -> None:
    # given rules that come round, over facts that time moves, and customers of four months
    chance = random.Random(seed)
    made = ruleset(FACTS, LISTED, *rules(chance, 6), timezone="Europe/Berlin")
    told, rows = events(chance), chance.choice((WOULD, ROWS))
    # when they are played by the two ways
    every, resting = (played(made, told, rows, each) for each in (False, True))
    # then decisions, counts, and the customers to the last byte are the same
    assert [encode(one) for one in resting.changes.decisions] == [
        encode(one) for one in every.changes.decisions
    ]
    assert resting.changes.counts == every.changes.counts
    assert [each.message_id for each in resting.changes.events] == [
        each.message_id for each in every.changes.events
    ]
    for name, member in every.cast.members.items():
        other = resting.cast.members[name]
        assert encode_hot(other.facts) == encode_hot(member.facts)
        assert encode_standing(other.standing) == encode_standing(member.standing)
    assert resting.instants <= every.instants


QUIET = """
rule: quiet
when: {schedule: daily at 06:00}
if: customer.quiet_for > 30d
at_most: 1 per 30d
then:
  - do: segment.add
    with: {segment: listed}
"""


def test_a_year_of_rounds_takes_as_many_instants_as_something_changes() -> None:
    # given one order, and a year in which the same is asked each day
    made = ruleset(FACTS, LISTED, QUIET)
    order = Event(
        source="shop", message_id="1", customer="ana", name="order_completed", occurred_at=START,
        received_at=START, properties={"total": 5}, seq=1,
    )  # fmt: skip
    year = START + 365 * DAY
    every, resting = (Counting(made, rows=WOULD, resting=each) for each in (False, True))
    for simulation in (every, resting):
        play_all(simulation, [order], year, None)
    # then besides the first round only those are played in which it fires
    fired = len(resting.changes.decisions)
    assert (fired, every.instants, resting.instants) == (12, 365, 1 + fired)
    assert resting.changes.counts == every.changes.counts


def test_nobody_is_woken_at_midnight_for_a_list() -> None:
    # given a workspace whose only segment is a list, on which time puts nobody
    assert not ruleset(FACTS, LISTED).desks["person"].midnight
    assert ruleset(FACTS, "segment: many\nenter_if: customer.orders > 2\n").desks["person"].midnight
