"""Contracts that come up for renewal: on the date that was told, early, or on a date that was moved."""

from __future__ import annotations

import random

from engine.authoring.demo.calendar import YEAR, Calendar
from engine.authoring.demo.people import Customer, scaled
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE, Micros

RULE = "renewal-due"
STEPS = (90, 60, 30)
"""Days before the date, at 09:00 where the customer is."""

DECIDED_WITHIN = 6 * HOUR

COURSES = (("in_time", 110), ("told_late", 40), ("renewed_early", 60), ("moved", 50), ("far", 80))
"""How many have a date within reach or far beyond it, and what becomes of it."""


def renewals(customers: tuple[Customer, ...], size: int, calendar: Calendar, rng: random.Random) -> Story:
    """Tell renewal dates. Planted: each step that falls due; innocent: the steps that an early renewal or a
    moved date calls off, and dates beyond reach."""
    story = Story([], [])
    users = [
        customer
        for customer in customers
        if customer.part.volume in (10, 50) and customer.part.course in ("steady", "falls")
    ]
    rng.shuffle(users)
    for course, number in COURSES:
        for _ in range(scaled(number, size)):
            _tell(users.pop(), course, calendar, rng, story)
    return story


def _tell(customer: Customer, course: str, calendar: Calendar, rng: random.Random, story: Story) -> None:
    told = calendar.at(0, 90) + rng.randrange(60) * MINUTE
    year = calendar.at(YEAR, 0)

    def date(day: int, at: Micros) -> None:
        story.tell(customer.id, "identify", at, renewal_date=calendar.date(day))

    def due(day: int, until: Micros) -> None:
        for step in STEPS:
            at = calendar.at(day - step, 540, customer.zone)
            if told < at < min(until, year - DECIDED_WITHIN):
                story.fires(RULE, customer.id, at, at + DECIDED_WITHIN)

    def renew(day: int) -> Micros:
        renewed = calendar.at(day, rng.randrange(600, 960), customer.zone)
        story.tell(customer.id, "contract_renewed", renewed)
        return renewed

    if course == "in_time":
        day = rng.randrange(95, 420)
        date(day, told)
        due(day, year)
        if day < YEAR:
            renew(day)
    elif course == "told_late":
        # Of the steps already missed the latest is made up for at once; 2 days keep it apart from the next.
        day = rng.choice((rng.randrange(34, 58), rng.randrange(64, 88)))
        date(day, told)
        story.fires(RULE, customer.id, told, told + DECIDED_WITHIN)
        due(day, year)
    elif course == "renewed_early":
        day = rng.randrange(95, 330)
        date(day, told)
        renewed = renew(day - 90 + rng.randrange(5, 25))
        due(day, renewed)
        # Some desks move the date first, some days later.
        date(day + YEAR, renewed + rng.choice((-10 * MINUTE, DAY, 3 * DAY)))
        story.spares(RULE, customer.id, renewed, calendar.at(day, 0))
    elif course == "moved":
        day = rng.randrange(100, 260)
        date(day, told)
        moved = calendar.at(day - 92 - rng.randrange(0, 6), rng.randrange(600, 960), customer.zone)
        later = day + rng.randrange(40, 56)
        date(later, moved)
        story.spares(RULE, customer.id, moved, calendar.at(later - 91, 0))
        due(later, year)
    else:
        date(rng.randrange(YEAR + 95, YEAR + 400), told)
        story.spares(RULE, customer.id, calendar.start, year)
