"""Who is in the base: what part each customer plays, where it lives, how it may be reached."""

from __future__ import annotations

import random
from typing import Literal

import msgspec

from engine.authoring.demo.calendar import YEAR, ZONES, Calendar
from engine.authoring.demo.planted import Story
from engine.model.values import MINUTE

COMPANY = "Halden & Moor"
"""The company of the demo: it sells a work tool by subscription, and paper and ink in a shop."""

Volume = Literal[2, 10, 50]
Course = Literal["steady", "falls", "collapses", "joins", "converts"]
Contract = Literal["leaves", "stays", "shrinks", "fails", "pays", "complains", "dies", "rises", "too_dear"]
Shopping = Literal["regular", "browser", "quiet", "champion", "returner", "referred", "seldom"]
Beginning = Literal["finishes", "stalls"]

SIZE = 2000
"""The base that the numbers of the parts are written for; another size scales them."""

SMALLEST = 260
"""Customers of a base in which every part can still be played."""

USAGE: tuple[tuple[Volume, Course, int], ...] = (
    (50, "steady", 200),
    (50, "falls", 110),
    (50, "collapses", 52),
    (50, "joins", 40),
    (50, "converts", 30),
    (10, "steady", 80),
    (10, "falls", 25),
    (2, "steady", 80),
    (2, "falls", 25),
)
"""How many use the product, at how much a week, and how that goes on."""

CONTRACTS: tuple[tuple[Contract, int], ...] = (
    ("leaves", 45),
    ("stays", 35),
    ("shrinks", 20),
    ("fails", 15),
    ("pays", 20),
    ("complains", 15),
    ("dies", 10),
    ("rises", 50),
    ("too_dear", 15),
)
"""How many have a contract about which something happens; the last two are those whose price rises."""

BEGINNINGS: tuple[tuple[Beginning, int], ...] = (("finishes", 60), ("stalls", 45))
"""How many sign up in the course of the year, and whether they find their way."""

SHOPPING: tuple[tuple[Shopping, int], ...] = (
    ("regular", 150),
    ("browser", 540),
    ("quiet", 60),
    ("champion", 40),
    ("returner", 30),
    ("referred", 40),
)
"""How many only shop, and in what way. Who has no part at all shops seldom."""

FIRST_JOIN, LAST_JOIN = 14, 330
"""Between these days newcomers come, evenly: so the base grows, and makes up for what falls away."""

FALL_WEEKS = (*range(10, 22), *range(30, 46))
"""Falls begin in these weeks (from 0): ten complete weeks lie before. None begins near the outage: whoever
fell just then could be told from it by nobody."""

TRIAL_WEEKS, TRIED = (*range(1, 13), *range(19, 36)), 9
"""Weeks in which trials begin, and for how many the product is used before it is forgotten."""

TOGETHER = 4
"""So many collapse at a time: they may be the members of one account."""

CONSENT, CONSENT_OF_SHOPPERS = (80, 8, 12), (92, 4, 4)
"""Of a hundred, how many allow marketing, refuse it, and never said; a shop asks at every order."""

LEAVING_OWNER, NEW_OWNER = "ana", "eva"
OWNERS = (LEAVING_OWNER, "ben", "chi", "dev")
FIRST_NAMES = ("Ada", "Bo", "Cleo", "Dara", "Eli", "Fay", "Gus", "Hana", "Ivo", "Joan", "Kim", "Lea")


class Part(msgspec.Struct, frozen=True):
    """What somebody does in the year: uses the product, has a contract, begins, or shops."""

    volume: Volume | None = None
    course: Course = "steady"
    contract: Contract | None = None
    beginning: Beginning | None = None
    shopping: Shopping | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `joined` is the number of a day, `fall` that of the Monday on which its use falls."""

    id: str
    zone: str | None
    email: bool
    consent: bool | None
    part: Part
    joined: int = 0
    fall: int | None = None
    owner: str | None = None

    @property
    def reachable(self) -> bool:
        """Whether a marketing message could be sent."""
        return self.email and self.consent is True

    @property
    def pays(self) -> bool:
        """Whether there is a plan and somebody who looks after it."""
        return self.part.volume is not None or self.part.contract is not None


def scaled(number: int, size: int) -> int:
    """Give how many of a base of `size` play a part that `number` of 2,000 play."""
    return max(1, round(number * size / SIZE))


def people(persons: int, size: int, rng: random.Random) -> tuple[Customer, ...]:
    """Give the persons of a base of `size` customers, their parts dealt in random order.

    ValueError where there are too few for every part.
    """
    parts = _parts(persons, size)
    rng.shuffle(parts)
    joining = [number for number, part in enumerate(parts) if _joins(part)]
    days = _spread(len(joining))
    rng.shuffle(days)
    joined = dict(zip(joining, days, strict=True))
    trials = _trials(parts)
    falls = _falls(parts) | {number: day - 1 + 7 * TRIED for number, day in trials.items()}
    joined |= trials
    return tuple(
        Customer(
            id=f"c{number + 1:04d}",
            zone=rng.choice(ZONES) if rng.random() < 0.95 else None,
            email=rng.random() < 0.96,
            consent=rng.choices((True, False, None), CONSENT_OF_SHOPPERS if part.shopping else CONSENT)[0],
            part=part,
            joined=joined.get(number, 0),
            fall=falls.get(number),
            owner=rng.choice(OWNERS[1:] if _watched(part) else OWNERS),
        )
        for number, part in enumerate(parts)
    )


def _watched(part: Part) -> bool:
    """Tell whether somebody must have no case but the one that is looked for: no owner leaves them."""
    return part.volume == 2 or part.course == "converts"


def _many(course: Course, number: int, size: int) -> int:
    return TOGETHER * scaled(number // TOGETHER, size) if course == "collapses" else scaled(number, size)


def _joins(part: Part) -> bool:
    return part.course == "joins" or part.beginning is not None or part.shopping == "referred"


def _spread(number: int) -> list[int]:
    span = LAST_JOIN - FIRST_JOIN
    return [FIRST_JOIN + span * place // max(1, number - 1) for place in range(number)]


def _trials(parts: list[Part]) -> dict[int, int]:
    """Give the Tuesdays on which the trials begin of those who take a plan at last."""
    trials = [number for number, part in enumerate(parts) if part.course == "converts"]
    return {number: 7 * TRIAL_WEEKS[place % len(TRIAL_WEEKS)] + 1 for place, number in enumerate(trials)}


def _falls(parts: list[Part]) -> dict[int, int]:
    turns: dict[Part, int] = {}
    falls: dict[int, int] = {}
    for number, part in enumerate(parts):
        if part.course not in ("falls", "collapses"):
            continue
        turn = turns[part] = turns.get(part, -1) + 1
        place = turn // TOGETHER if part.course == "collapses" else turn
        falls[number] = 7 * FALL_WEEKS[place * 5 % len(FALL_WEEKS)]
    return falls


def _parts(persons: int, size: int) -> list[Part]:
    parts = [
        Part(volume, course) for volume, course, number in USAGE for _ in range(_many(course, number, size))
    ]
    parts += [Part(contract=contract) for contract, number in CONTRACTS for _ in range(scaled(number, size))]
    parts += [Part(beginning=way) for way, number in BEGINNINGS for _ in range(scaled(number, size))]
    parts += [Part(shopping=way) for way, number in SHOPPING for _ in range(scaled(number, size))]
    if size < SMALLEST or len(parts) > persons:
        raise ValueError(f"{size} customers are too few for every part of the demo; take {SMALLEST} or more")
    return parts + [Part(shopping="seldom")] * (persons - len(parts))


def introduce(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell who the customers are, as a CRM would on the day they come; a few later withdraw their consent."""
    story = Story([], [])
    for customer in customers:
        traits: dict[str, object] = {"first_name": rng.choice(FIRST_NAMES)}
        if customer.email:
            traits["email"] = f"{customer.id}@example.com"
        if customer.zone is not None:
            traits["timezone"] = customer.zone
        if customer.consent is not None:
            traits["marketing_email"] = customer.consent
        if customer.pays:
            converts = customer.part.course == "converts"
            traits["plan"] = "free" if converts else rng.choice(("team", "team", "enterprise"))
            traits["owner"] = f"{customer.owner}@example.com"
        at = calendar.at(customer.joined, 0) + rng.randrange(1, 45) * MINUTE
        story.tell(customer.id, "identify", at, **traits)
        if customer.consent and customer.part.volume and rng.random() < 0.03:
            day = rng.randrange(customer.joined + 1, YEAR)
            withdrawn = calendar.at(day, rng.randrange(600, 960), customer.zone)
            story.tell(customer.id, "identify", withdrawn, marketing_email=False)
    return story
