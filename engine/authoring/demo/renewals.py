"""Contracts that come up for renewal: on the date that was told, early, or on a date that was moved."""

from __future__ import annotations

import random

from engine.authoring.demo.calendar import Calendar
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.people import Customer, scaled
from engine.authoring.demo.planted import Story, Trigger
from engine.model.values import DAY, HOUR, MINUTE, Micros

TRIGGER: Trigger = "renewal"
RULE = "renewal-due"
STEPS = (90, 60, 30)
"""Days before the date, at 09:00 where the customer is."""

DECIDED_WITHIN = 6 * HOUR

COURSES = (("in_time", 110), ("told_late", 40), ("renewed_early", 70), ("moved", 70), ("far", 100))
"""How many have a date within reach or far beyond it, and what becomes of it."""


def renewals(customers: tuple[Customer, ...], size: int, calendar: Calendar, rng: random.Random) -> Story:
    """Tell renewal dates. Planted: each step that falls due; innocent: the steps that an early renewal or a
    moved date calls off, and dates beyond reach."""
    story = Story([], [])
    users = [customer for customer in customers if customer.volume and customer.course != "joins"]
    rng.shuffle(users)
    for course, number in COURSES:
        for _ in range(scaled(number, size)):
            _tell(users.pop(), course, calendar, rng, story)
    return story


def _tell(customer: Customer, course: str, calendar: Calendar, rng: random.Random, story: Story) -> None:
    told = calendar.at(0, 90) + rng.randrange(60) * MINUTE

    def date(day: int, at: Micros) -> None:
        properties = {"renewal_date": calendar.date(day)}
        story.happenings.append(
            Happening(customer=customer.id, event="identify", at=at, properties=properties)
        )

    def due(day: int, until: Micros) -> None:
        for step in STEPS:
            at = calendar.at(day - step, 540, customer.zone)
            if told < at < min(until, calendar.end - DECIDED_WITHIN):
                story.fires(TRIGGER, RULE, customer.id, at, at + DECIDED_WITHIN)

    if course == "in_time":
        day = rng.randrange(95, 200)
        date(day, told)
        due(day, calendar.end)
    elif course == "told_late":
        # Of the steps already missed the latest is made up for at once; 2 days keep it apart from the next.
        day = rng.choice((rng.randrange(34, 58), rng.randrange(64, 88)))
        date(day, told)
        story.fires(TRIGGER, RULE, customer.id, told, told + DECIDED_WITHIN)
        due(day, calendar.end)
    elif course == "renewed_early":
        day = rng.randrange(95, 140)
        date(day, told)
        renewed = calendar.at(day - 90 + rng.randrange(5, 25), rng.randrange(600, 960), customer.zone)
        due(day, renewed)
        story.happenings.append(
            Happening(customer=customer.id, event="contract_renewed", at=renewed, properties={})
        )
        # Some desks move the date first, some days later.
        date(day + 365, renewed + rng.choice((-10 * MINUTE, DAY, 3 * DAY)))
        story.spares(TRIGGER, RULE, customer.id, renewed, min(calendar.at(day, 0), calendar.end))
    elif course == "moved":
        day = rng.randrange(100, 113)
        date(day, told)
        moved = calendar.at(rng.randrange(2, 8), rng.randrange(600, 960), customer.zone)
        later = day + rng.randrange(40, 56)
        date(later, moved)
        story.spares(TRIGGER, RULE, customer.id, moved, calendar.at(later - 91, 0))
        due(later, calendar.end)
    else:
        date(rng.randrange(calendar.days + 95, calendar.days + 400), told)
        story.spares(TRIGGER, RULE, customer.id, calendar.start, calendar.end)
