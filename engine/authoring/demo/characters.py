"""The people whose year is worth reading: each tells one story, in every base alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.authoring.demo.calendar import RISE, RISE_TOLD, STAFF_CHANGE, YEAR, Calendar, iso
from engine.authoring.demo.contracts import CHANGE
from engine.authoring.demo.people import LEAVING_OWNER, NEW_OWNER
from engine.authoring.demo.planted import Story


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, what their year is about, and who they are to the company."""

    about: str
    traits: Mapping[str, Any]
    acts: Callable[[Year], None]


class Year:
    """One character's year, told by days and hours on the clock of the workspace."""

    def __init__(self, id: str, calendar: Calendar, story: Story) -> None:
        self.id, self.calendar, self.story = id, calendar, story

    def on(self, day: int, event: str, hour: int = 11, **properties: Any) -> None:
        """Tell that something happened on a day."""
        self.story.tell(self.id, event, self.calendar.at(day, 60 * hour), **properties)

    def uses(self, minutes: int, first: int, last: int) -> None:
        """Tell two days of use a week, minutes as in a usual week, less when everybody uses less."""
        for week in range(first // 7, -(-last // 7)):
            for weekday, more in ((1, 2), (3, -2)):
                day = 7 * week + weekday
                if first <= day < last:
                    today = round((minutes / 2 + more + week % 3) * self.calendar.share(day))
                    self.on(day, "usage", 14, minutes=max(1, today))

    def buys(self, days: range, total: float) -> None:
        """Tell an order on each of these days."""
        for number, day in enumerate(days, 1):
            self.on(day, "order_completed", 15, order_id=f"{self.id}-o{number}", total=total)

    def pays(self, mrr: int, day: int = 0) -> None:
        """Tell a contract."""
        self.on(day, "subscription_updated", 1, subscription_id=f"{self.id}-s1", mrr=mrr)

    def cancels(self, day: int, ends: int, mrr: int, reason: str) -> None:
        """Tell that the contract was cancelled; what is paid runs until the day `ends`."""
        self.on(
            day, "subscription_updated", 11, subscription_id=f"{self.id}-s1", mrr=mrr,
            ends_at=iso(self.calendar.at(ends, 0)), reason=reason,
        )  # fmt: skip


def _ada(year: Year) -> None:
    year.on(55, "cart_updated", 10, cart_id="ada-k1", total=95)
    year.on(180, "cart_updated", 10, cart_id="ada-k2", total=70)


def _bo(year: Year) -> None:
    year.pays(300)
    year.uses(50, 0, 98)
    year.uses(8, 98, YEAR)
    year.on(STAFF_CHANGE, "identify", 9, owner=f"{NEW_OWNER}@example.com")


def _cleo(year: Year) -> None:
    for number, day in enumerate((40, 130, 220), 1):
        year.on(day, "cart_updated", 10, cart_id=f"cleo-k{number}", total=60 + 20 * number)


def _dara(year: Year) -> None:
    year.pays(80)
    year.uses(50, 0, RISE + 30)
    year.on(RISE_TOLD, "identify", change_on=year.calendar.date(RISE), change=CHANGE)
    year.cancels(RISE + 3, RISE + 30, 80, "price")


def _eli(year: Year) -> None:
    year.on(60, "signed_up", 9)
    year.on(62, "onboarding_step_done", 10, step="connect")


def _fay(year: Year) -> None:
    year.pays(50)
    year.on(80, "ticket_opened", 9, ticket_id="fay-t1")
    year.on(85, "ticket_solved", 16, ticket_id="fay-t1")
    year.on(86, "survey_answered", 10, ticket_id="fay-t1", score=1)
    year.cancels(100, 120, 50, "complaint")
    year.on(200, "cart_updated", 10, cart_id="fay-k1", total=90)


def _gus(year: Year) -> None:
    year.pays(50)
    year.cancels(70, 80, 50, "payment_failure")
    year.on(75, "payment_succeeded", 9)
    year.on(75, "subscription_updated", 10, subscription_id="gus-s1", mrr=50, ends_at=None, reason=None)


def _hana(year: Year) -> None:
    year.on(110, "ticket_opened", 9, ticket_id="hana-t1")
    year.on(111, "ticket_solved", 16, ticket_id="hana-t1")
    year.on(112, "survey_answered", 10, ticket_id="hana-t1", score=2)
    year.on(113, "ticket_reopened", 9, ticket_id="hana-t1")
    year.on(114, "ticket_solved", 9, ticket_id="hana-t1")
    year.on(240, "nps_answered", 10, score=9, comment="You put it right")


def _ivo(year: Year) -> None:
    year.buys(range(5, 150, 12), 35)


def _joan(year: Year) -> None:
    year.on(50, "cart_updated", 10, cart_id="joan-k1", total=120)
    year.buys(range(90, 200, 10), 80)


def _kim(year: Year) -> None:
    year.pays(600)
    year.uses(50, 0, YEAR)
    year.on(0, "identify", 2, seats=20, seats_used=11, products=["core"])
    year.on(0, "identify", 3, renewal_date=year.calendar.date(215))
    year.on(150, "identify", 10, seats_used=19)
    year.on(190, "contract_renewed", 10)
    year.on(190, "identify", 11, renewal_date=year.calendar.date(215 + YEAR), seats=40)


def _lea(year: Year) -> None:
    year.on(0, "identify", 2, birthday="1984-05-17", customer_since=f"{year.calendar.on(0).year - 1}-09-07")
    year.buys(range(2, YEAR - 3, 9), 55)


CHARACTERS: Mapping[str, Character] = {
    "ada": Character(
        about="leaves carts behind and is held out: nobody writes, so that the others can be measured",
        traits={"first_name": "Ada", "consent": True},
        acts=_ada,
    ),
    "bo-and-sons": Character(
        about="use the product less and less, and their owner is sent for",
        traits={"first_name": "Bo", "plan": "team", "owner": LEAVING_OWNER, "consent": True},
        acts=_bo,
    ),
    "cleo": Character(
        about="leaves carts behind, and is reminded of them",
        traits={"first_name": "Cleo", "consent": True},
        acts=_cleo,
    ),
    "dara": Character(
        about="finds the new price too high and leaves",
        traits={"first_name": "Dara", "plan": "team", "owner": "ben", "consent": True},
        acts=_dara,
    ),
    "eli-studio": Character(
        about="signs up and gets stuck in the first steps",
        traits={"first_name": "Eli", "consent": True},
        acts=_eli,
    ),
    "fay": Character(
        about="waits for an answer, complains, leaves, and is never written to again",
        traits={"first_name": "Fay", "plan": "team", "owner": "chi", "consent": True},
        acts=_fay,
    ),
    "gus-garage": Character(
        about="has a card that no longer works, and pays in the end",
        traits={"first_name": "Gus", "plan": "team", "owner": "dev", "consent": True},
        acts=_gus,
    ),
    "hana": Character(
        about="is unhappy with an answer, and is won back by the second",
        traits={"first_name": "Hana", "consent": True},
        acts=_hana,
    ),
    "ivo": Character(
        about="buys every other week and then stays away",
        traits={"first_name": "Ivo", "consent": True},
        acts=_ivo,
    ),
    "joan": Character(
        about="never said that we may write, and is sent no marketing",
        traits={"first_name": "Joan", "consent": None},
        acts=_joan,
    ),
    "kim-labs": Character(
        about="outgrow their seats and renew early",
        traits={"first_name": "Kim", "plan": "enterprise", "owner": "dev", "consent": True},
        acts=_kim,
    ),
    "lea": Character(
        about="buys all year: the tenth order, silver, gold, a birthday, a first year that is full",
        traits={"first_name": "Lea", "consent": True},
        acts=_lea,
    ),
}
"""By id."""


def characters(calendar: Calendar) -> Story:
    """Tell the year of each; nothing of it is scored."""
    story = Story([], [])
    for id, character in CHARACTERS.items():
        year = Year(id, calendar, story)
        traits = dict(character.traits)
        consent, owner = traits.pop("consent"), traits.pop("owner", None)
        if consent is not None:
            traits["marketing_email"] = consent
        if owner is not None:
            traits["owner"] = f"{owner}@example.com"
        year.on(0, "identify", 0, email=f"{id}@example.com", timezone="Europe/Berlin", **traits)
        character.acts(year)
    return story
