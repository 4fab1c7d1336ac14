"""What people at a customer say and do: praise, who leaves, who looks after them, what they could use."""

from __future__ import annotations

import random
from collections import Counter

from engine.authoring.demo.calendar import STAFF_CHANGE, YEAR, Calendar
from engine.authoring.demo.people import LEAVING_OWNER, NEW_OWNER, Customer, Part, scaled
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE

PRAISE_RULE, LEFT_RULE, OWNER_RULE = "praise", "champion-left", "owner-changed"
LIMIT_RULE, GAP_RULE = "near-limit", "product-gap"
DECIDED_WITHIN = HOUR
SCORING, LEAVING, GROWING, LACKING = 90, 50, 60, 60
"""How many are asked whether they recommend us, tell that a colleague left, come near what they bought, and
lack a product; half of each are innocent."""

USAGE_KNOWN = 80
"""The day from which usage, and so health, is known."""

STEADY_WEEKS, STEADY = 8, 0.7
"""Who is sold more seats is well: for so many weeks, each two of them saw so much of the usual use. One in
twenty falls below it by chance alone, looks at risk for some weeks, and is rightly left alone."""


def relations(
    customers: tuple[Customer, ...], used: Story, size: int, calendar: Calendar, rng: random.Random
) -> Story:
    """Tell scores, colleagues who leave, an owner who leaves, seats and products. Planted: a 9 or 10, a
    champion who left, another owner, nine of ten seats used by those whose use (`used`) is steady, no
    reports; innocent: the other half of each."""
    story = Story([], [])
    users = [customer for customer in customers if customer.part == Part(50, "steady")]
    minutes = _by_week(used, calendar)

    def grow(customer: Customer, fires: bool, calendar: Calendar, rng: random.Random, story: Story) -> None:
        _grow(customer, fires, minutes, calendar, rng, story)

    for tell, number in ((_score, SCORING), (_leave, LEAVING), (grow, GROWING), (_lack, LACKING)):
        chosen = rng.sample(users, min(len(users), 2 * scaled(number // 2, size)))
        for place, customer in enumerate(chosen):
            tell(customer, place % 2 == 0, calendar, rng, story)
    for customer in customers:
        if customer.pays and customer.joined < STAFF_CHANGE:
            _hand_over(customer, calendar, rng, story)
    return story


def _score(customer: Customer, fires: bool, calendar: Calendar, rng: random.Random, story: Story) -> None:
    at = calendar.at(rng.randrange(10, YEAR - 3), rng.randrange(600, 960), customer.zone)
    score = rng.choice((9, 10)) if fires else rng.randrange(2, 9)
    story.tell(customer.id, "nps_answered", at, score=score)
    _plant(story, PRAISE_RULE, customer, fires, at, calendar)


def _leave(customer: Customer, fires: bool, calendar: Calendar, rng: random.Random, story: Story) -> None:
    at = calendar.at(rng.randrange(10, YEAR - 3), rng.randrange(600, 960), customer.zone)
    story.tell(customer.id, "contact_left", at, role="champion" if fires else "user")
    _plant(story, LEFT_RULE, customer, fires, at, calendar)


def _by_week(used: Story, calendar: Calendar) -> Counter[tuple[str, int]]:
    weeks: Counter[tuple[str, int]] = Counter()
    for one in used.happenings:
        if one.event == "usage" and one.customer is not None:
            weeks[one.customer, (one.at - calendar.start) // (7 * DAY)] += one.properties["minutes"]
    return weeks


def _grow(
    customer: Customer,
    fires: bool,
    minutes: Counter[tuple[str, int]],
    calendar: Calendar,
    rng: random.Random,
    story: Story,
) -> None:
    seats = rng.choice((10, 20, 50))
    story.tell(customer.id, "identify", calendar.at(0, 50), seats=seats, seats_used=seats // 2)
    days = [
        day for day in range(USAGE_KNOWN, YEAR - 5) if not fires or _is_steady(customer, day // 7, minutes)
    ]
    if not days:
        return
    at = calendar.at(rng.choice(days), rng.randrange(600, 960), customer.zone)
    used = seats - rng.randrange(seats // 10 + 1) if fires else seats * 7 // 10
    story.tell(customer.id, "identify", at, seats_used=used)
    if fires:
        story.fires(LIMIT_RULE, customer.id, at, at + 8 * DAY)
    else:
        story.spares(LIMIT_RULE, customer.id, calendar.start, calendar.at(YEAR, 0))


def _is_steady(customer: Customer, week: int, minutes: Counter[tuple[str, int]]) -> bool:
    least = 2 * STEADY * (customer.part.volume or 0)
    return all(
        minutes[customer.id, first] + minutes[customer.id, first + 1] >= least
        for first in range(week - STEADY_WEEKS, week - 1)
    )


def _lack(customer: Customer, fires: bool, calendar: Calendar, rng: random.Random, story: Story) -> None:
    told = calendar.at(0, 55)
    products = ["core"] if fires else ["core", "reports"]
    story.tell(customer.id, "identify", told, products=products)
    if fires:
        story.fires(GAP_RULE, customer.id, calendar.at(USAGE_KNOWN, 0), calendar.at(YEAR, 0))
    else:
        story.spares(GAP_RULE, customer.id, calendar.start, calendar.at(YEAR, 0))


def _hand_over(customer: Customer, calendar: Calendar, rng: random.Random, story: Story) -> None:
    if customer.owner != LEAVING_OWNER:
        story.spares(OWNER_RULE, customer.id, calendar.start, calendar.at(YEAR, 0))
        return
    at = calendar.at(STAFF_CHANGE, 480) + rng.randrange(60) * MINUTE
    story.tell(customer.id, "identify", at, owner=f"{NEW_OWNER}@example.com")
    story.fires(OWNER_RULE, customer.id, at, at + DECIDED_WITHIN)


def _plant(story: Story, rule: str, customer: Customer, fires: bool, at: int, calendar: Calendar) -> None:
    if fires:
        story.fires(rule, customer.id, at, at + DECIDED_WITHIN)
    else:
        story.spares(rule, customer.id, calendar.start, calendar.at(YEAR, 0))
