"""Who is in the base: what part each customer plays, where it lives, how it may be reached."""

from __future__ import annotations

import random
from typing import Literal

import msgspec

from engine.authoring.demo.calendar import ZONES, Calendar
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.planted import Story
from engine.model.values import MINUTE

Volume = Literal[2, 10, 50]
Course = Literal["steady", "falls", "joins"]
Contract = Literal["open", "leaves", "stays", "shrinks", "fails", "pays", "complains", "dies"]

SIZE = 2000
"""The base that the numbers of the parts are written for; another size scales them."""

USAGE: tuple[tuple[Volume, Course, int], ...] = (
    (50, "steady", 360),
    (50, "falls", 200),
    (50, "joins", 140),
    (10, "steady", 110),
    (10, "falls", 50),
    (2, "steady", 100),
    (2, "falls", 50),
)
"""How many use the product, at how much a week. So many falls would themselves be a movement of the
base, which `against_fleet` takes out of everybody's figure: the newcomers keep the base's total level."""

CONTRACTS: tuple[tuple[Contract, int], ...] = (
    ("leaves", 60),
    ("stays", 45),
    ("shrinks", 60),
    ("fails", 20),
    ("pays", 25),
    ("complains", 15),
    ("dies", 10),
)
"""How many have a contract about which something happens."""

USERS_WHO_SHOP = 330
"""Of those who use the product, how many are shoppers too. Who has no part above only shops."""

NEWCOMERS_FROM_WEEK = 10
NEWCOMERS_OVER_WEEKS = 3
OWNERS = ("ana", "ben", "chi", "dev")
FIRST_NAMES = ("Ada", "Bo", "Cleo", "Dara", "Eli", "Fay", "Gus", "Hana", "Ivo", "Joan", "Kim", "Lea")


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `joined` is the number of the day; `volume` is what is used in a usual week."""

    id: str
    zone: str | None
    email: bool
    consent: bool | None
    joined: int = 0
    volume: Volume | None = None
    course: Course = "steady"
    contract: Contract | None = None
    shops: bool = False

    @property
    def reachable(self) -> bool:
        """Whether a marketing message could be sent."""
        return self.email and self.consent is True


class Part(msgspec.Struct, frozen=True):
    volume: Volume | None = None
    course: Course = "steady"
    contract: Contract | None = None
    shops: bool = False


def scaled(number: int, size: int) -> int:
    """Give how many of a base of `size` play a part that `number` of 2,000 play."""
    return max(1, round(number * size / SIZE))


def people(persons: int, size: int, rng: random.Random) -> tuple[Customer, ...]:
    """Give the persons of a base of `size` customers, their parts dealt in random order."""
    parts = _parts(persons, size)
    rng.shuffle(parts)
    newcomers = 0
    customers = []
    for number, part in enumerate(parts, 1):
        joined = 0
        if part.course == "joins":
            joined = 7 * (NEWCOMERS_FROM_WEEK + newcomers % NEWCOMERS_OVER_WEEKS)
            newcomers += 1
        customers.append(
            Customer(
                id=f"c{number:04d}",
                zone=rng.choice(ZONES) if rng.random() < 0.95 else None,
                email=rng.random() < 0.96,
                consent=rng.choices((True, False, None), (82, 8, 10))[0],
                joined=joined,
                volume=part.volume,
                course=part.course,
                contract=part.contract,
                shops=part.shops,
            )
        )
    return tuple(customers)


def _parts(persons: int, size: int) -> list[Part]:
    parts = [
        Part(volume, course, "open") for volume, course, number in USAGE for _ in range(scaled(number, size))
    ]
    users, shoppers = len(parts), scaled(USERS_WHO_SHOP, size)
    for index in range(users):
        if index * shoppers // users != (index + 1) * shoppers // users:
            parts[index] = msgspec.structs.replace(parts[index], shops=True)
    parts += [Part(contract=contract) for contract, number in CONTRACTS for _ in range(scaled(number, size))]
    if len(parts) >= persons:
        raise ValueError(f"{size} customers are too few for every part of the demo; take 100 or more")
    return parts + [Part(shops=True)] * (persons - len(parts))


def introduce(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell who the customers are, as a CRM would on the first day; a few later withdraw their consent."""
    story = Story([], [])
    for customer in customers:
        traits: dict[str, object] = {"first_name": rng.choice(FIRST_NAMES)}
        if customer.email:
            traits["email"] = f"{customer.id}@example.com"
        if customer.zone is not None:
            traits["timezone"] = customer.zone
        if customer.consent is not None:
            traits["marketing_email"] = customer.consent
        if customer.contract is not None:
            traits["plan"] = rng.choice(("team", "team", "enterprise"))
            traits["owner"] = f"{rng.choice(OWNERS)}@example.com"
        at = calendar.at(customer.joined, 0) + rng.randrange(1, 45) * MINUTE
        story.happenings.append(Happening(customer=customer.id, event="identify", at=at, properties=traits))
        if customer.consent and not customer.shops and rng.random() < 0.03:
            day = rng.randrange(customer.joined + 1, calendar.days)
            story.happenings.append(
                Happening(
                    customer=customer.id,
                    event="identify",
                    at=calendar.at(day, rng.randrange(600, 960), customer.zone),
                    properties={"marketing_email": False},
                )
            )
    return story
