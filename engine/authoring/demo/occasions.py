"""Days of one's own: birthdays, the first year with us, an order that arrives, a friend's word that brought
one here."""

from __future__ import annotations

import random
from datetime import date

from engine.authoring.demo.calendar import YEAR, Calendar
from engine.authoring.demo.people import Customer
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE, Micros

BIRTHDAY_RULE, ANNIVERSARY_RULE = "birthday", "first-anniversary"
DELIVERED_RULE, REFERRED_RULE = "order-survey-due", "referral-bought"
KNOWN = 0.5
"""Of shoppers, how many have told when they were born."""

DECIDED_WITHIN = HOUR
DAY_LONG = 30 * HOUR
"""A day of one's own is kept from midnight to the next morning, wherever the customer is."""

ASKED_AFTER, NOT_AGAIN_FOR = 4 * DAY, 27 * DAY
"""The first order is asked about three days after it came; whoever was asked is left alone for 30 days."""


def occasions(
    customers: tuple[Customer, ...], shopped: Story, calendar: Calendar, rng: random.Random
) -> Story:
    """Tell birthdays, when people came to us, deliveries of what was `shopped`, and who sent whom. Planted:
    the day itself, a first year that is full, an order that arrived with nothing asked lately, the first
    order of somebody who was sent; innocent: all other days, longer years, and orders that nobody sent."""
    story = Story([], [])
    orders: dict[str, list[tuple[Micros, str]]] = {}
    for happening in shopped.happenings:
        if happening.event == "order_completed" and happening.customer is not None:
            orders.setdefault(happening.customer, []).append((happening.at, happening.properties["order_id"]))
    refunded = {
        happening.properties["order_id"]
        for happening in shopped.happenings
        if happening.event == "order_refunded"
    }
    regulars = [one for one in customers if one.part.shopping == "regular"]
    for customer in customers:
        way = customer.part.shopping
        if way in ("browser", "seldom") and rng.random() < KNOWN:
            _birthday(customer, calendar, rng, story)
        if customer.part.volume in (10, 50) and customer.part.course == "steady":
            _anniversary(customer, calendar, rng, story)
    for customer in regulars[::2]:
        _deliveries(customer, sorted(orders.get(customer.id, [])), refunded, rng, story)
    return story


def refer(customers: tuple[Customer, ...], shopped: Story, rng: random.Random, calendar: Calendar) -> None:
    """Let the first order of those who were sent name who sent them, and that of others nobody."""
    senders = [one.id for one in customers if one.part.shopping == "browser"]
    referred = {one.id for one in customers if one.part.shopping == "referred"}
    seen: set[str] = set()
    for happening in sorted(shopped.happenings, key=lambda one: one.at):
        id = happening.customer
        if happening.event != "order_completed" or id is None:
            continue
        first = id not in seen
        seen.add(id)
        if id in referred:
            happening.properties["referred_by"] = rng.choice(senders)
            if first:
                shopped.fires(REFERRED_RULE, id, happening.at, happening.at + DECIDED_WITHIN)
                shopped.spares(REFERRED_RULE, id, happening.at + DAY, calendar.at(YEAR, 0))
        elif first:
            shopped.spares(REFERRED_RULE, id, calendar.start, calendar.at(YEAR, 0))


def _birthday(customer: Customer, calendar: Calendar, rng: random.Random, story: Story) -> None:
    day = rng.randrange(3, YEAR - 2)
    on = calendar.on(day)
    born = date(rng.randrange(1955, 2004), on.month, min(on.day, 28))
    day -= on.day - born.day
    story.tell(customer.id, "identify", calendar.at(0, 60) + MINUTE, birthday=born.isoformat())
    at = calendar.at(day, 0, customer.zone)
    if customer.reachable:
        story.fires(BIRTHDAY_RULE, customer.id, at, at + DAY_LONG)
    story.spares(BIRTHDAY_RULE, customer.id, calendar.start, at - DAY)
    story.spares(BIRTHDAY_RULE, customer.id, at + 2 * DAY, calendar.at(YEAR, 0))


def _anniversary(customer: Customer, calendar: Calendar, rng: random.Random, story: Story) -> None:
    day, young = rng.randrange(3, YEAR - 8), rng.random() < 0.4
    on = calendar.on(day)
    since = date(on.year - (1 if young else rng.randrange(2, 6)), on.month, min(on.day, 28))
    day -= on.day - since.day
    story.tell(customer.id, "identify", calendar.at(0, 60) + MINUTE, customer_since=since.isoformat())
    at = calendar.at(day, 0, customer.zone)
    if not young:
        story.spares(ANNIVERSARY_RULE, customer.id, calendar.start, calendar.at(YEAR, 0))
    elif customer.reachable:
        story.fires(ANNIVERSARY_RULE, customer.id, at, at + DAY_LONG)


def _deliveries(
    customer: Customer,
    orders: list[tuple[Micros, str]],
    refunded: set[str],
    rng: random.Random,
    story: Story,
) -> None:
    for number, (at, order) in enumerate(orders):
        arrived = at + rng.randrange(20, 70) * HOUR
        story.tell(customer.id, "order_delivered", arrived, order_id=order)
        if number == 0:
            story.fires(DELIVERED_RULE, customer.id, arrived, arrived + DECIDED_WITHIN)
        if number == 0 and order not in refunded and customer.email:
            asked = arrived + ASKED_AFTER
            story.spares(DELIVERED_RULE, customer.id, asked, asked + NOT_AGAIN_FOR)
