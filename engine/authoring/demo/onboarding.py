"""Who signs up in the course of the year, and finds the way or gets stuck on it."""

from __future__ import annotations

import random

from engine.authoring.demo.calendar import YEAR, Calendar
from engine.authoring.demo.people import Customer
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR

RULE = "onboarding-stalled"
STEPS = ("connect", "invite", "import", "first_report")
STALLED_AFTER = 7 * DAY
DECIDED_WITHIN = 2 * HOUR
LEFT_ALONE = 45
"""Days after the sign-up for which somebody who finds the way is watched."""


def onboarding(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell sign-ups and steps. Planted: who has done nothing for 7 days and is not through; innocent: who
    does all four steps, each within some days of the one before."""
    story = Story([], [])
    for customer in customers:
        if customer.part.beginning is not None:
            _begin(customer, calendar, rng, story)
    return story


def _begin(customer: Customer, calendar: Calendar, rng: random.Random, story: Story) -> None:
    stalls = customer.part.beginning == "stalls"
    steps = rng.randrange(len(STEPS)) if stalls else len(STEPS)
    day = customer.joined
    at = calendar.at(day, rng.randrange(600, 960), customer.zone)
    began = at
    story.tell(customer.id, "signed_up", at)
    for step in STEPS[:steps]:
        day += rng.randrange(1, 6)
        at = calendar.at(day, rng.randrange(600, 960), customer.zone)
        story.tell(customer.id, "onboarding_step_done", at, step=step)
    if stalls:
        story.fires(RULE, customer.id, at + STALLED_AFTER, at + STALLED_AFTER + DECIDED_WITHIN)
    else:
        until = min(began + LEFT_ALONE * DAY, calendar.at(YEAR, 0))
        story.spares(RULE, customer.id, began, until)
