"""How much the product is used, a day at a time, and whose use falls."""

from __future__ import annotations

import math
import random

from engine.authoring.demo.calendar import Calendar
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.people import Customer
from engine.authoring.demo.planted import Story, Trigger
from engine.model.values import DAY, MINUTE

RULE = "usage-drop"
VARIATION = 0.22
"""Coefficient of variation of a customer's weekly rate (a gamma distribution); the Poisson noise of the
amounts comes on top, so that a week of 50 varies by sqrt(0.22^2 + 1/50) = 0.26."""

REMAINS = 0.4
"""What is left after a fall by 60%, from a Monday on and for good."""

FALLS_FROM_WEEK = 10
FALLS_OVER_WEEKS = 3
"""Falls begin in weeks 10, 11 and 12 (from 0): eight complete weeks lie before, the partial first one
apart, and two complete weeks after."""

SEEN_WITHIN = 15 * DAY
"""Complete weeks are compared, so two fallen weeks are first known on the morning after the 14th day."""

TRIGGER_OF: dict[int, Trigger] = {50: "usage_drop_50", 10: "usage_drop_10", 2: "usage_drop_2"}


def usage(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell one `usage` event a customer and working day, with that day's minutes.

    A weekly rate is drawn from a gamma distribution around the customer's volume, a day's amount from a
    Poisson distribution around a fifth of it. Planted: falls by 60%; innocent: everybody else.
    """
    story = Story([], [])
    fallen: dict[int, int] = {}
    for customer in customers:
        if customer.volume is None:
            continue
        fall = None
        if customer.course == "falls":
            turn = fallen[customer.volume] = fallen.get(customer.volume, -1) + 1
            fall = 7 * (FALLS_FROM_WEEK + turn % FALLS_OVER_WEEKS)
        trigger = TRIGGER_OF[customer.volume]
        if fall is None:
            story.spares(trigger, RULE, customer.id, calendar.start, calendar.end)
        else:
            at = calendar.at(fall, 0)
            story.fires(trigger, RULE, customer.id, at, at + SEEN_WITHIN)
        story.happenings.extend(_days(customer, fall, calendar, rng))
    return story


def _days(customer: Customer, fall: int | None, calendar: Calendar, rng: random.Random) -> list[Happening]:
    shape = 1 / VARIATION**2
    happenings: list[Happening] = []
    week, rate = -1, 0.0
    for day in calendar.workdays():
        if day < customer.joined:
            continue
        if day // 7 != week:
            week = day // 7
            rate = (customer.volume or 0) * rng.gammavariate(shape, 1 / shape)
        remains = REMAINS if fall is not None and day >= fall else 1.0
        minutes = poisson(rate / 5 * calendar.share(day) * remains, rng)
        if minutes:
            at = calendar.at(day, 600, customer.zone) + rng.randrange(360) * MINUTE
            happenings.append(
                Happening(customer=customer.id, event="usage", at=at, properties={"minutes": minutes})
            )
    return happenings


def poisson(mean: float, rng: random.Random) -> int:
    """Draw from a Poisson distribution with a mean of some tens at most (Knuth, TAOCP 2, 3.4.1)."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
