"""A simulated base: how often a drop is a false alarm, how soon a true one is found, what a holiday does.

Weeks are gamma-Poisson: a customer's own rate times a gamma of mean 1 and coefficient of variation 0.22, as a
Poisson count. The rule is that of T1: two weeks against the median of eight, 40% and two robust standard
deviations, a median of at least 5 a week, against the base's own movement; after an alarm it is silent for
four weeks.
"""

import math
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from engine.customers.figures import BaseTally
from engine.customers.table import FactTable
from engine.model.reasons import UnknownReason
from engine.model.values import DAY, PerWeek
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

WEEK = 7 * DAY
MONDAY = at("2026-01-05")
BASELINE, RECENT, COOL_DOWN, YEAR = 8, 2, 4, 52
WEEKS = BASELINE + RECENT + YEAR
VARIATION, DROP = 0.22, Decimal("0.4")
HOLIDAY = 14
CUSTOMERS, MANY = 150, 600
VOLUMES = (2, 10, 50)


def facts() -> FactTable:
    fall = computed(
        drop="minutes", of="usage", recent="2w", baseline="8w", at_least=PerWeek(Decimal(5)),
        robust=Decimal(2), against_fleet=True,
    )  # fmt: skip
    return table_of(workspace_of(fall=fall))


TABLE = facts()


def poisson(chance: random.Random, mean: float) -> int:
    """Count the arrivals of rate 1 in a stretch of `mean` (Knuth, The Art of Computer Programming, 3.4.1)."""
    left, count = math.exp(-mean), -1
    product = 1.0
    while product > left or count < 0:
        count += 1
        product *= chance.random()
    return count


def weekly(chance: random.Random, volume: float, factors: Mapping[int, float]) -> list[int]:
    """One customer's weeks; `factors` says which weeks are other ones."""
    shape = 1 / VARIATION**2
    return [
        poisson(chance, volume * factors.get(week, 1.0) * chance.gammavariate(shape, 1 / shape))
        for week in range(WEEKS)
    ]


def take_week(customer: Customer, number: int, minutes: int) -> None:
    if minutes:
        customer.take(happened("usage", MONDAY + number * WEEK + DAY // 2, minutes=minutes))


class Fallen(msgspec.Struct):
    """A customer of the base who loses 60% from a week on."""

    customer: Customer
    weeks: list[int]
    start: int
    found: bool = False


class Played(msgspec.Struct):
    """What was seen on each Monday: the falls of every customer by volume, and why one is unknown.

    `without_base` are the falls around the holiday as they would be without the base's own movement.
    """

    falls: dict[int, list[list[Decimal | None]]]
    without_base: dict[int, list[list[Decimal | None]]]
    reasons: set[UnknownReason | None] = set()
    fallen: list[Fallen] = []


def play(
    seed: int, factors: Mapping[int, float], customers_of: int, until: int, starts: Sequence[int] = ()
) -> Played:
    """Play a base week by week, so many customers of each volume; from each of `starts` on one more falls."""
    chance = random.Random(seed)
    weeks = {volume: [weekly(chance, volume, factors) for _ in range(customers_of)] for volume in VOLUMES}
    customers = {volume: [Customer(TABLE) for _ in range(customers_of)] for volume in VOLUMES}
    seen = Played(
        {volume: [[] for _ in range(customers_of)] for volume in VOLUMES},
        {volume: [[] for _ in range(customers_of)] for volume in VOLUMES},
        set(),
        [
            Fallen(Customer(TABLE), weekly(chance, 50, dict.fromkeys(range(start, WEEKS), 0.4)), start)
            for start in starts
        ],
    )
    for number in range(until):
        now = MONDAY + (number + 1) * WEEK
        tally = BaseTally(TABLE, now)
        for volume in VOLUMES:
            for customer, several in zip(customers[volume], weeks[volume], strict=True):
                take_week(customer, number, several[number])
                tally.add(customer.state)
        figures = tally.figures()
        for volume in VOLUMES:
            for place, customer in enumerate(customers[volume]):
                facts = customer.facts(now, base=figures)
                seen.falls[volume][place].append(facts["fall"])
                if HOLIDAY <= number < HOLIDAY + RECENT:
                    seen.without_base[volume][place].append(customer.facts(now)["fall"])
                if volume == 2:
                    seen.reasons.add(facts.reason("fall"))
        for one in seen.fallen:
            if number < one.start + RECENT:
                take_week(one.customer, number, one.weeks[number])
            if one.start <= number < one.start + RECENT:
                fall = one.customer.facts(now, base=figures)["fall"]
                one.found = one.found or (fall is not None and fall >= DROP)
    return seen


def alarms(falls: Sequence[Decimal | None]) -> int:
    """How often the rule fires, silent for four weeks after each time."""
    silent_until = count = 0
    for week, fall in enumerate(falls):
        if week >= silent_until and fall is not None and fall >= DROP:
            silent_until = week + COOL_DOWN
            count += 1
    return count


FIRST = BASELINE + RECENT
MONDAYS = slice(HOLIDAY, HOLIDAY + RECENT)
"""Those whose recent weeks hold the holiday."""


def calm_base(seed: int) -> Played:
    """A base to which nothing happens but chance, and 600 customers beside it who truly fall."""
    return play(seed, {}, CUSTOMERS, WEEKS, [FIRST + number % (YEAR - RECENT) for number in range(600)])


def holiday_base(seed: int) -> Played:
    """A greater base in which everybody does 35% of the usual in one week."""
    return play(seed, {HOLIDAY: 0.35}, MANY, HOLIDAY + RECENT)


def a_year(falls: Sequence[Sequence[Decimal | None]]) -> float:
    """Alarms a customer-year."""
    return sum(alarms(one) for one in falls) / len(falls) * YEAR / (WEEKS - FIRST + 1)


def alarmed(falls: Sequence[Sequence[Decimal | None]]) -> float:
    """The share that alarms on one of the Mondays given."""
    return sum(bool(alarms(one)) for one in falls) / len(falls)


def main() -> None:
    """Print what a few bases come to."""
    for seed in (20260105, 1, 2):
        calm, holiday = calm_base(seed), holiday_base(seed)
        found = sum(one.found for one in calm.fallen) / len(calm.fallen)
        for volume in VOLUMES:
            found_of = f"{found:.1%}" if volume == 50 else "-"
            on_holiday = alarmed([falls[MONDAYS] for falls in holiday.falls[volume]])
            without = alarmed(holiday.without_base[volume])
            print(
                f"seed {seed}, {volume:2} a week: {a_year(calm.falls[volume]):.2f} false alarms a year, "
                f"found {found_of}, holiday week {on_holiday:.1%}, without the base's movement {without:.1%}"
            )


if __name__ == "__main__":
    main()
