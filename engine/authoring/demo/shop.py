"""What shoppers do: carts that are bought, left, emptied, or filled as a guest; shoppers who stay away."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from engine.authoring.demo.calendar import YEAR, Calendar
from engine.authoring.demo.delivery import Happening
from engine.authoring.demo.people import Customer, Shopping
from engine.authoring.demo.planted import Story
from engine.model.values import DAY, HOUR, MINUTE, Micros

CART_RULE, QUIET_RULE = "cart-abandoned", "gone-quiet"
TENTH_RULE, TIER_RULE, CHAMPION_RULE = "tenth-order", "tier-reached", "champion-entered"
AT_RISK_RULE, EXPIRING_RULE = "tier-at-risk", "points-expiring"
ABANDONED_AFTER = HOUR
DECIDED_WITHIN = 2 * HOUR
"""From the cart's last change: it is abandoned after an hour; an innocent's is watched as long."""

REMINDED_FOR = 9
"""Days that a shopper is left without another abandoned cart: the rule reminds once in 7 days."""

BETWEEN_VISITS = 3
"""Days at least, so that an order that comes after all belongs to no other visit."""

COMES_BACK = 4
"""Days after which those who never leave a cart for good come again, where they bought nothing."""

GAPS_KNOWN = 90
"""The day from which the base's own gaps and fifths are known well enough to judge anybody by them."""

SILVER = 500
BONUS, BONUS_AFTER, PRESENT = 500, 14 * DAY, 100
"""Points for the tenth order, given when it can no longer be sent back, and for a birthday; they count
towards the tier."""

WARNED_BEFORE = 30
WORTH_A_WORD = 100
KEEPS = 300
"""What a returner keeps of the first order: so much of the tier that it can still be saved."""

EXPIRING_IN_YEAR = 25
"""Days: what was earned until this one expires so soon after the year that its owner is told within it."""

REFUNDED = 0.03


class Visits:
    """One shopper's visits, told in order; a reminder may come again from the day `free_from` on."""

    def __init__(
        self, shopper: Customer, calendar: Calendar, rng: random.Random, story: Story, manner: Manner
    ) -> None:
        self.shopper, self.calendar, self.rng, self.story = shopper, calendar, rng, story
        self.manner = manner
        self.free_from = 0
        self.carts = 0
        self.orders: list[tuple[Micros, float, bool]] = []
        self.filled = 0.0
        self.bought_last = True

    def come(self, day: int, name: str | None = None) -> None:
        """Come on a day, and do what chance says (or what `name` says)."""
        at = self.calendar.at(day, self.rng.randrange(540, 1200), self.shopper.zone)
        name = name or self.rng.choices(tuple(OUTCOMES), tuple(weight for weight, _ in OUTCOMES.values()))[0]
        if name in REMINDING:
            if day < self.free_from or not self.manner.leaves:
                name = "bought"
            else:
                self.free_from = day + REMINDED_FOR
        if not self.bought_last and not self.manner.leaves:
            name = "bought"
        self.bought_last = name in BOUGHT
        self.carts += 1
        OUTCOMES[name][1](self, at)

    @property
    def cart(self) -> str:
        """The id of the cart of this visit."""
        return f"{self.shopper.id}-k{self.carts}"

    def tell(self, event: str, at: Micros, delay: Micros | None = None, **properties: object) -> None:
        """Tell what the shopper did under its own name."""
        self.story.happenings.append(
            Happening(customer=self.shopper.id, event=event, at=at, properties=properties, delay=delay)
        )

    def fill(self, at: Micros, guest: str | None = None, delay: Micros | None = None) -> tuple[Micros, float]:
        """Put one to three things into the cart; gives the last change (held back by `delay`), the total."""
        total = 0.0
        last = self.rng.randrange(3)
        for change in range(last + 1):
            total = round(total + self.manner.spends * self.rng.lognormvariate(3.1, 0.5), 2)
            if change:
                at += self.rng.randrange(2, 12) * MINUTE
            self.story.happenings.append(
                Happening(
                    customer=None if guest else self.shopper.id,
                    anonymous=guest,
                    event="cart_updated",
                    at=at,
                    properties={"cart_id": self.cart, "total": total},
                    delay=delay if change == last else None,
                )
            )
        self.filled += total
        return at, total

    def buy(
        self, at: Micros, total: float, delay: Micros | None = None, cart: bool = True, refund: bool = True
    ) -> None:
        """Complete the order; a few are partly refunded."""
        order = f"{self.shopper.id}-o{self.carts}"
        properties = {"cart_id": self.cart} if cart else {}
        self.tell("order_completed", at, delay, order_id=order, total=total, **properties)
        refunded = refund and self.rng.random() < REFUNDED
        self.orders.append((at, total, refunded))
        if refunded:
            later = at + self.rng.randrange(3, 11) * DAY
            self.tell("order_refunded", later, order_id=order, amount=round(total * 0.4, 2))

    def identify(self, guest: str, at: Micros) -> None:
        """Let the guest say who it is: by logging in, or by a client that ties the two ids."""
        if self.rng.random() < 0.5:
            self.story.happenings.append(
                Happening(customer=self.shopper.id, anonymous=guest, event="identify", at=at, properties={})
            )
        else:
            self.tell("alias", at, previous_id=guest)

    def abandoned(self, at: Micros) -> None:
        """Plant the reminder. Who cannot be reached is no case: whether that is a line of the rule or a
        refusal of the run is the policy's own business."""
        if self.shopper.reachable:
            self.story.fires(CART_RULE, self.shopper.id, at, at + DECIDED_WITHIN)

    def bought_in_time(self, at: Micros) -> None:
        """Plant a cart that must not be reminded of."""
        self.story.spares(CART_RULE, self.shopper.id, at, at + DECIDED_WITHIN)


def _bought(visit: Visits, at: Micros) -> None:
    last, total = visit.fill(at)
    visit.buy(last + visit.rng.randrange(3, 50) * MINUTE, total)
    visit.bought_in_time(last)


def _bought_late(visit: Visits, at: Micros) -> None:
    """The order is received long after it occurred, yet before the hour is over."""
    last, total = visit.fill(at)
    visit.buy(last + visit.rng.randrange(8, 21) * MINUTE, total, visit.rng.randrange(15, 31) * MINUTE)
    visit.bought_in_time(last)


def _bought_unordered(visit: Visits, at: Micros) -> None:
    """The order is received before the cart that it came from."""
    last, total = visit.fill(at, delay=visit.rng.randrange(20, 41) * MINUTE)
    visit.buy(last + visit.rng.randrange(5, 11) * MINUTE, total)
    visit.bought_in_time(last)


def _bought_as_guest(visit: Visits, at: Micros) -> None:
    guest = f"guest-{visit.cart}"
    last, total = visit.fill(at, guest)
    bought = last + visit.rng.randrange(10, 40) * MINUTE
    visit.identify(guest, bought - 3 * MINUTE)
    visit.buy(bought, total)
    visit.bought_in_time(last)


def _bought_at_once(visit: Visits, at: Micros) -> None:
    visit.buy(at, round(visit.manner.spends * visit.rng.lognormvariate(3.1, 0.5), 2), cart=False)


def _emptied(visit: Visits, at: Micros) -> None:
    last, _ = visit.fill(at)
    visit.tell("cart_emptied", last + visit.rng.randrange(10, 41) * MINUTE, cart_id=visit.cart)
    visit.bought_in_time(last)


def _worthless(visit: Visits, at: Micros) -> None:
    visit.tell("cart_updated", at, cart_id=visit.cart, total=0)
    visit.bought_in_time(at)


def _abandoned(visit: Visits, at: Micros) -> None:
    last, _ = visit.fill(at)
    visit.abandoned(last)


def _abandoned_as_guest(visit: Visits, at: Micros) -> None:
    guest = f"guest-{visit.cart}"
    last, _ = visit.fill(at, guest)
    visit.identify(guest, last + visit.rng.randrange(5, 30) * MINUTE)
    visit.abandoned(last)


def _abandoned_twice(visit: Visits, at: Micros) -> None:
    """The second cart comes within the 7 days in which one is reminded once."""
    last, _ = visit.fill(at)
    visit.abandoned(last)
    visit.carts += 1
    again, _ = visit.fill(at + visit.rng.randrange(2, 4) * DAY)
    visit.bought_in_time(again)


def _recovered(visit: Visits, at: Micros) -> None:
    """Bought after all, a day or so after the reminder."""
    last, total = visit.fill(at)
    visit.abandoned(last)
    visit.buy(last + visit.rng.randrange(5, 40) * HOUR, total)


def _heard_of_too_late(visit: Visits, at: Micros) -> None:
    """Bought within the hour, but heard of only after the reminder was decided: neither case nor innocent."""
    last, total = visit.fill(at)
    visit.buy(last + 30 * MINUTE, total, visit.rng.randrange(2, 6) * HOUR)


OUTCOMES: dict[str, tuple[float, Callable[[Visits, Micros], None]]] = {
    "bought": (0.44, _bought),
    "bought_late": (0.07, _bought_late),
    "bought_unordered": (0.06, _bought_unordered),
    "bought_as_guest": (0.06, _bought_as_guest),
    "bought_at_once": (0.08, _bought_at_once),
    "emptied": (0.05, _emptied),
    "worthless": (0.05, _worthless),
    "abandoned": (0.07, _abandoned),
    "abandoned_as_guest": (0.03, _abandoned_as_guest),
    "abandoned_twice": (0.03, _abandoned_twice),
    "recovered": (0.05, _recovered),
    "heard_of_too_late": (0.01, _heard_of_too_late),
}
REMINDING = frozenset(
    ("abandoned", "abandoned_as_guest", "abandoned_twice", "recovered", "heard_of_too_late")
)
BOUGHT = ("bought", "bought_late", "bought_unordered", "bought_as_guest", "bought_at_once")


class Manner(msgspec.Struct, frozen=True):
    """How somebody shops: days between visits at least and at most, how much more is spent than usual, and
    whether carts are left."""

    least: int
    most: int
    spends: float = 1.0
    leaves: bool = False


MANNERS: dict[Shopping, Manner] = {
    "regular": Manner(8, 13),
    "browser": Manner(10, 26, leaves=True),
    "quiet": Manner(9, 14),
    "champion": Manner(6, 9, spends=3.0),
    "seldom": Manner(50, 85, spends=0.5, leaves=True),
    "returner": Manner(60, 90, spends=0.4),
    "referred": Manner(30, 45),
}


def shop(customers: tuple[Customer, ...], calendar: Calendar, rng: random.Random) -> Story:
    """Tell every shopper's visits. Planted: abandoned carts, shoppers who stop coming, tenth orders, tiers
    reached; innocent: carts that were bought, emptied, worth nothing or too soon after another, and
    shoppers who go on."""
    story = Story([], [])
    for shopper in customers:
        if shopper.part.shopping is not None:
            _visits(shopper, shopper.part.shopping, calendar, rng, story)
    return story


def _visits(shopper: Customer, way: Shopping, calendar: Calendar, rng: random.Random, story: Story) -> None:
    manner = MANNERS[way]
    visit = Visits(shopper, calendar, rng, story, manner)
    until = rng.randrange(110, 250) if way == "quiet" else YEAR - 4
    day = shopper.joined + 1 + rng.randrange(2 if way == "champion" else manner.least)
    if way == "returner":
        day = _return(visit, rng) + manner.least
    while day < until:
        visit.come(day, None if way in ("regular", "browser", "seldom") else "bought")
        gap = rng.randrange(manner.least, manner.most + 1)
        if not (manner.leaves or visit.bought_last):
            gap = COMES_BACK
        day += max(BETWEEN_VISITS, round(gap / calendar.rush(day)))
    if way == "quiet":
        day = until + BETWEEN_VISITS
        visit.come(day, "bought")
        story.fires(QUIET_RULE, shopper.id, calendar.at(day + 20, 0), calendar.at(day + 110, 0))
    elif way == "regular":
        story.spares(QUIET_RULE, shopper.id, calendar.at(GAPS_KNOWN, 0), calendar.at(YEAR, 0))
    plant_orders(visit)


def _return(visit: Visits, rng: random.Random) -> int:
    """Order much in the first days, and send most of it back when the tier has been told of."""
    day = rng.randrange(1, 9)
    at = visit.calendar.at(day, rng.randrange(600, 960), visit.shopper.zone)
    total = float(rng.randrange(560, 780))
    visit.buy(at, total, cart=False, refund=False)
    order = f"{visit.shopper.id}-o{visit.carts}"
    back = visit.calendar.at(day + rng.randrange(5, 25), 700, visit.shopper.zone)
    visit.tell("order_refunded", back, order_id=order, amount=total - KEEPS)
    ends = YEAR - WARNED_BEFORE + day
    visit.story.fires(
        AT_RISK_RULE, visit.shopper.id, visit.calendar.at(ends - 2, 0), visit.calendar.at(ends + 3, 0)
    )
    return day


def plant_orders(visit: Visits) -> None:
    """Plant what follows from the number and the sums of a shopper's orders."""
    story, id, calendar = visit.story, visit.shopper.id, visit.calendar
    year = calendar.at(YEAR, 0)
    orders = sorted(visit.orders)
    way = visit.shopper.part.shopping
    if way in ("regular", "champion", "quiet") and len(orders) >= 10:
        at = orders[9][0]
        story.fires(TENTH_RULE, id, at, at + DECIDED_WITHIN)
        story.spares(TENTH_RULE, id, at + DAY, year)
    elif way == "seldom":
        story.spares(TENTH_RULE, id, calendar.start, year)
        story.spares(AT_RISK_RULE, id, calendar.start, year)
        if visit.filled + PRESENT < SILVER:
            story.spares(TIER_RULE, id, calendar.start, year)
    if way in ("champion", "regular") and not any(refunded for _, _, refunded in orders):
        granted = [(at, int(total)) for at, total, _ in orders]
        if len(orders) >= 10 and visit.shopper.email:
            granted.append((orders[9][0] + BONUS_AFTER, BONUS))
        points = 0
        for at, more in sorted(granted):
            points += more
            if points >= SILVER:
                story.fires(TIER_RULE, id, at - HOUR, at + 2 * DECIDED_WITHIN)
                break
    if way in ("regular", "champion"):
        _plant_expiring(visit, orders)
    if way == "champion":
        story.fires(CHAMPION_RULE, id, calendar.start, calendar.at(120, 0))
    elif way == "seldom":
        story.spares(CHAMPION_RULE, id, calendar.at(GAPS_KNOWN, 0), year)


def _plant_expiring(visit: Visits, orders: list[tuple[Micros, float, bool]]) -> None:
    """Plant points of the first weeks that are worth a word and will soon run out."""
    story, id, calendar = visit.story, visit.shopper.id, visit.calendar
    days: dict[int, int] = {}
    for at, total, refunded in orders:
        day = (at - calendar.start) // DAY
        if day < EXPIRING_IN_YEAR and not refunded:
            days[day] = days.get(day, 0) + int(total)
    for day, points in days.items():
        if points >= WORTH_A_WORD:
            told = calendar.at(day + YEAR - WARNED_BEFORE, 0)
            story.fires(EXPIRING_RULE, id, told - 2 * DAY, told + 3 * DAY)
    if max(days.values(), default=0) < WORTH_A_WORD - 10:
        story.spares(
            EXPIRING_RULE, id, calendar.start, calendar.at(EXPIRING_IN_YEAR + YEAR - WARNED_BEFORE, 0)
        )
