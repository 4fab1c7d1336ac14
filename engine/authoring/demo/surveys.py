"""Tickets and what customers say of how they were handled, one by one and as an account."""

from __future__ import annotations

import random

from engine.authoring.demo.calendar import YEAR, Calendar
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.people import OWNERS, Customer, Part, scaled
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE, Micros

TICKET_RULE, ACCOUNT_RULE, ACCOUNT_RED_RULE = "low-csat-ticket", "low-csat-account", "account-red"
SLOW_RULE, REOPENED_RULE, SURVEY_RULE = "ticket-slow", "ticket-reopened", "ticket-survey-due"

ANSWERING = (
    ("content", 130),
    ("unhappy", 35),
    ("unhappy_twice_sent", 25),
    ("unhappy_late", 12),
    ("corrected", 20),
    ("stale", 15),
    ("silent", 60),
    ("slow", 40),
    ("reopened", 40),
)
"""How many who belong to no account answer, and how."""

ACCOUNTS = (("unhappy", 14, 10, 3), ("content", 15, 8, 7), ("few", 6, 4, 0), ("falling", 13, 0, 0))
"""Kinds of accounts: how many, with how many answers, how many of them satisfied. 3 of 10 is under 80%
even at best (Wilson's 95% interval ends at 60%), 7 of 8 is not, and 4 answers are too few to judge."""

MEMBERS = 4
DECIDED_WITHIN = HOUR
SLOW_AFTER = 3 * DAY


def accounts(size: int) -> int:
    """Give how many accounts a base of `size` customers has."""
    return sum(scaled(number, size) for _, number, _, _ in ACCOUNTS)


class Desk:
    """The tickets of the base, told one at a time and numbered in that order."""

    def __init__(self, calendar: Calendar, rng: random.Random, story: Story) -> None:
        self.calendar, self.rng, self.story = calendar, rng, story
        self.tickets = 0

    def ticket(self, customer: Customer, day: int, hours: int | None = None) -> tuple[str, Micros]:
        """Open and solve a ticket; gives its id and when the customer says how it was handled."""
        self.tickets += 1
        name = f"t{self.tickets:04d}"
        opened = self.calendar.at(day, self.rng.randrange(540, 1020), customer.zone)
        solved = opened + (hours or self.rng.randrange(1, 48)) * HOUR
        for event, at in (("ticket_opened", opened), ("ticket_solved", solved)):
            self.story.happenings.append(
                Happening(customer=customer.id, event=event, at=at, properties={"ticket_id": name})
            )
        if hours is not None:
            self.story.fires(
                SLOW_RULE, customer.id, opened + SLOW_AFTER, opened + SLOW_AFTER + DECIDED_WITHIN
            )
        return name, solved + self.rng.randrange(10, 24 * 60) * MINUTE

    def answer(
        self,
        customer: Customer,
        ticket: str,
        at: Micros,
        score: int,
        *,
        account: str | None = None,
        delay: Micros = MINUTE,
        again: Micros | None = None,
        planted: bool = True,
    ) -> None:
        """Tell an answer, and plant it where it is a bad one that is heard of within a day."""
        self.story.happenings.append(
            Happening(
                customer=customer.id,
                account=account,
                event="survey_answered",
                at=at,
                properties={"ticket_id": ticket, "score": score},
                delay=delay,
                again=again,
            )
        )
        if planted and score <= 2 and delay < DAY:
            self.story.fires(TICKET_RULE, customer.id, at, at + delay + DECIDED_WITHIN)


def surveys(customers: tuple[Customer, ...], size: int, calendar: Calendar, rng: random.Random) -> Story:
    """Tell tickets and answers. Planted: bad answers, and accounts that are unhappy beyond chance; innocent:
    good or few answers, the second delivery of a bad one, and a bad one that comes days late.

    A bad answer corrected within the hour is neither: the rule fires, and its workflow stops.
    """
    story = Story([], [])
    desk = Desk(calendar, rng, story)
    collapsing = [customer for customer in customers if customer.part.course == "collapses"]
    collapsing.sort(key=lambda customer: (customer.fall or 0, customer.id))
    small = [customer for customer in customers if customer.part in (Part(2, "steady"), Part(10, "steady"))]
    steady = [customer for customer in customers if customer.part == Part(50, "steady")]
    rng.shuffle(small)
    rng.shuffle(steady)
    pools = {"falling": collapsing, "content": steady}
    for number in range(accounts(size)):
        kind = _kind(number, size)
        pool = pools.get(kind[0], small)
        _account(f"a{number + 1:03d}", kind, [pool.pop() for _ in range(MEMBERS)], desk)
    others = [customer for customer in customers if _writes_in(customer)]
    rng.shuffle(others)
    for how, number in ANSWERING:
        for _ in range(scaled(number, size)):
            _person(others.pop(), how, desk)
    return story


def _writes_in(customer: Customer) -> bool:
    """Tell whether somebody may have a ticket: not those asked about orders, or whose health is watched."""
    part = customer.part
    return part.shopping in ("seldom", "browser") or part.beginning == "finishes"


def _kind(number: int, size: int) -> tuple[str, int, int]:
    for kind, count, answers, satisfied in ACCOUNTS:
        if number < scaled(count, size):
            return kind, answers, satisfied
        number -= scaled(count, size)
    raise IndexError(number)


def _account(name: str, kind: tuple[str, int, int], members: list[Customer], desk: Desk) -> None:
    mood, answers, satisfied = kind
    rng, story, calendar = desk.rng, desk.story, desk.calendar
    traits: dict[str, object] = {"plan": "team", "owner": f"{rng.choice(OWNERS)}@example.com"}
    for member in members:
        at = calendar.at(0, 60) + rng.randrange(60) * MINUTE
        story.happenings.append(
            Happening(customer=member.id, account=name, event="group", at=at, properties=traits)
        )
    scores = [rng.choice((4, 5)) for _ in range(satisfied)]
    scores += [rng.choice((1, 2)) for _ in range(answers - satisfied)]
    rng.shuffle(scores)
    first = rng.randrange(2, 300)
    instants: list[Micros] = []
    for turn, score in enumerate(scores):
        member = members[turn % len(members)]
        ticket, at = desk.ticket(member, first + 4 * turn)
        desk.answer(member, ticket, at, score, account=name if rng.random() < 0.5 else None)
        instants.append(at)
    if mood == "falling":
        at = calendar.at(members[0].fall or 0, 0)
        story.fires(ACCOUNT_RED_RULE, name, at, at + 30 * DAY)
    elif mood == "content":
        story.spares(ACCOUNT_RED_RULE, name, calendar.start, calendar.at(YEAR, 0))
    if mood == "unhappy":
        story.fires(ACCOUNT_RULE, name, min(instants), max(instants) + DECIDED_WITHIN)
    else:
        story.spares(ACCOUNT_RULE, name, calendar.start, calendar.at(YEAR, 0))


def _person(customer: Customer, how: str, desk: Desk) -> None:
    rng, story, calendar = desk.rng, desk.story, desk.calendar
    first = customer.joined + 2 if customer.part.beginning is None else customer.joined + 40
    if first > YEAR - 12:
        return
    year = calendar.at(YEAR, 0)
    slow = rng.randrange(80, 190) if how == "slow" else None
    ticket, at = desk.ticket(customer, rng.randrange(first, YEAR - 10), slow)
    bad = rng.choice((1, 2))
    if slow is None:
        story.spares(SLOW_RULE, customer.id, calendar.start, year)
    if how == "content":
        desk.answer(customer, ticket, at, rng.choice((3, 4, 5, 5)))
    elif how == "unhappy":
        desk.answer(customer, ticket, at, bad)
    elif how == "unhappy_twice_sent":
        again = rng.randrange(2 * 60, 20 * 60) * MINUTE
        desk.answer(customer, ticket, at, bad, again=again)
        story.spares(TICKET_RULE, customer.id, at + again, year)
    elif how == "unhappy_late":
        desk.answer(customer, ticket, at, bad, delay=rng.randrange(2, 22) * HOUR)
    elif how == "corrected":
        for after, score in ((0, bad), (rng.randrange(5, 50), 5)):
            desk.answer(customer, ticket, at + after * MINUTE, score, planted=False)
    elif how == "reopened":
        again = at + rng.randrange(1, 20) * HOUR
        story.tell(customer.id, "ticket_reopened", again, ticket_id=ticket)
        story.tell(customer.id, "ticket_solved", again + rng.randrange(5, 40) * HOUR, ticket_id=ticket)
        story.fires(REOPENED_RULE, customer.id, again, again + DECIDED_WITHIN)
        story.spares(SURVEY_RULE, customer.id, again, year)
    elif how == "stale":
        desk.answer(customer, ticket, at, bad, delay=DAY + rng.randrange(6, 30) * HOUR)
    if how != "reopened":
        story.spares(REOPENED_RULE, customer.id, calendar.start, year)
    if how == "silent":
        solved = story.happenings[-1].at
        story.fires(SURVEY_RULE, customer.id, solved, solved + DECIDED_WITHIN)
    if how in ("content", "stale"):
        story.spares(TICKET_RULE, customer.id, calendar.start, year)
