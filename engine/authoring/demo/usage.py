"""How much the product is used, two days a week, and whose use falls; how often small users sign in."""

from __future__ import annotations

import math
import random

from engine.authoring.demo.calendar import YEAR, Calendar
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.people import Customer
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE

RULE, RISK_RULE, RED_RULE = "usage-drop", "at-risk-entered", "health-red"
OUTAGE_RULE, DECLINE_RULE = "usage-outage", "engagement-decline"
VARIATION = 0.22
"""Coefficient of variation of a customer's weekly rate (a gamma distribution); the Poisson noise of the
amounts comes on top, so that a week of 50 varies by sqrt(0.22^2 + 1/50) = 0.26."""

REMAINS = {"falls": 0.4, "collapses": 0.06, "converts": 0.06}
"""What is left after a fall, from a Monday on and for good."""

SEEN_WITHIN = 22 * DAY
"""Complete weeks are compared, so two fallen weeks are first known on the morning after the 14th day, and
those that chance hid on the one after the 21st."""

CONVERTED_AFTER = 16 * DAY
"""Who takes a plan when hardly anything is used any more was red before; it is the third day of it."""

RED_WITHIN = 30 * DAY
"""Health follows usage on the same morning, must stay so for three days, and is asked for later by some."""

WATCHED_FROM, WATCHED = 70, 56
"""The day from which usage can be judged, and for how many an innocent is watched: a steady user is one
innocent after the other."""

SESSIONS, SESSIONS_LEFT = 3, 0.25
"""Sessions a week of those who use 2 minutes, and what is left of them after a fall."""

DECLINE_FROM, DECLINE_UNTIL = 13 * DAY, 45 * DAY
TRIGGER_OF = {50: "usage_drop_50", 10: "usage_drop_10", 2: "usage_drop_2"}


def usage(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell two `usage` events a customer and week, with the minutes of half a week each, and sessions.

    A weekly rate is drawn from a gamma distribution around the customer's volume, a day's amount from a
    Poisson distribution around half of it. Planted: falls by 60%, collapses that turn health red, sessions
    that are halved; innocent: everybody else.
    """
    story = Story([], [])
    for customer in customers:
        volume, fall = customer.part.volume, customer.fall
        if volume is None:
            continue
        _plant(customer, fall, calendar, story)
        _days(customer, fall, calendar, rng, story)
        if volume == 2:
            _sessions(customer, fall, calendar, rng, story)
    return story


def outage(calendar: Calendar, week: int, base: str) -> Story:
    """Plant the outage: one case about the base, at the midnight that ends its week."""
    story = Story([], [])
    ended = calendar.at(7 * week + 7, 0)
    story.fires(OUTAGE_RULE, base, ended, ended + DAY)
    story.spares(OUTAGE_RULE, base, calendar.start, ended - 7 * DAY)
    story.spares(OUTAGE_RULE, base, ended + 7 * DAY, calendar.at(YEAR, 0))
    return story


def _plant(customer: Customer, fall: int | None, calendar: Calendar, story: Story) -> None:
    volume, course, id = customer.part.volume or 0, customer.part.course, customer.id
    year = calendar.at(YEAR, 0)
    at = None if fall is None else calendar.at(fall, 0)
    if course == "converts" and at is not None:
        entered = at + CONVERTED_AFTER
        story.fires(RISK_RULE, id, entered - HOUR, entered + DAY)
    elif course == "falls" and at is not None:
        story.fires(RULE, id, at, at + SEEN_WITHIN, TRIGGER_OF[volume])
    elif course == "collapses" and at is not None:
        story.fires(RED_RULE, id, at, at + RED_WITHIN)
    else:
        for day in range(WATCHED_FROM, YEAR - WATCHED, WATCHED):
            first, last = calendar.at(day, 0), calendar.at(day + WATCHED, 0) - 1
            story.spares(RULE, id, first, last, TRIGGER_OF[volume])
            middle = calendar.at(day + WATCHED // 2, 0)
            if volume == 50:
                for begins, ends in ((first, middle - 1), (middle, last)):
                    story.spares(RISK_RULE, id, begins, ends)
                    story.spares(RED_RULE, id, begins, ends)
    if volume == 2 and at is not None:
        story.fires(DECLINE_RULE, id, at + DECLINE_FROM, at + DECLINE_UNTIL)
    elif volume == 2:
        story.spares(DECLINE_RULE, id, calendar.start, year)


def _days(customer: Customer, fall: int | None, calendar: Calendar, rng: random.Random, story: Story) -> None:
    shape = 1 / VARIATION**2
    first = rng.randrange(3)
    days = (first, rng.randrange(first + 1, 5))
    left = REMAINS.get(customer.part.course, 1.0)
    for week in range(customer.joined // 7, -(-YEAR // 7)):
        rate = (customer.part.volume or 0) * rng.gammavariate(shape, 1 / shape)
        for weekday in days:
            day = 7 * week + weekday
            if not customer.joined <= day < YEAR:
                continue
            remains = left if fall is not None and day >= fall else 1.0
            minutes = poisson(rate / len(days) * calendar.share(day) * remains, rng)
            if minutes:
                at = calendar.at(day, 600, customer.zone) + rng.randrange(360) * MINUTE
                story.tell(customer.id, "usage", at, minutes=minutes)


def _sessions(
    customer: Customer, fall: int | None, calendar: Calendar, rng: random.Random, story: Story
) -> None:
    for week in range(customer.joined // 7, YEAR // 7):
        for weekday in rng.sample(range(7), SESSIONS):
            day = 7 * week + weekday
            left = SESSIONS_LEFT if fall is not None and day >= fall else 1.0
            if rng.random() < left * max(calendar.share(day), 0.95):
                at = calendar.at(day, 600, customer.zone) + rng.randrange(360) * MINUTE
                story.happenings.append(
                    Happening(customer=customer.id, event="session_started", at=at, properties={})
                )


def poisson(mean: float, rng: random.Random) -> int:
    """Draw from a Poisson distribution with a mean of some tens at most (Knuth, TAOCP 2, 3.4.1)."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
