"""Lives of customers under a policy of many kinds of rules, and what is told of a rule then."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.authoring.explaining.record import Record, Release
from engine.authoring.explaining.why import explain
from engine.authoring.simulate import Figures
from engine.customers.event import Cause, Event
from engine.customers.figures import BaseFigures
from engine.errors import NotFoundError
from engine.model.values import DAY, HOUR, MINUTE, Micros
from engine.timeline.ruleset import Ruleset
from tests.virtual_engine import instant, ruleset

START = instant("2026-03-02 00:00")
DAYS = 24

FACTS = """
facts:
  plan:       {type: text, default: free}
  seats:      {type: number}
  renewal:    {type: date}
  born:       {type: date}
  orders:     {count: order}
  orders_3d:  {count: order, over: 3d}
  hours:      {count: order, over: 30h}
  spent:      {sum: total, of: order, over: 7d}
  largest:    {max: total, of: order, over: 7d}
  emptied:    {since: cart_emptied}
  skus:       {distinct: sku, of: order}
  rating:     {mean: score, of: answer, over: 7d}
  anything:   {since: any}
  surveys:    {count: survey_sent, over: 7d}
  endings:    {count: churned}
  cups:       {count: cup_given}
  noted:      {count: noted}
  keener:     {count: segment_entered}
  busy:       "customer.orders_3d >= 2 and customer.plan != 'free'"
  members:    {on: account, count: order, over: 7d}
  account_seats: {on: account, count: seat_taken}
rfm: {of: order, value: total, over: 365d}
subscriptions: {of: contract, id: id, mrr: mrr, ends: ends, reason: reason}
events:
  order: {total: {type: number}, sku: text, cart: text}
  answer: {score: {type: number}, ticket: text, revises: ticket}
  cart: {cart: text, total: number}
  contract: {id: text, mrr: number, ends: time, reason: text}
"""

MADE_OF_FACTS = """
segment: keen
enter_if: customer.orders_3d >= 2
leave_if: customer.orders_3d == 0
---
segment: steady
enter_if: customer.orders >= 2
held_for: 5h
---
score: health
parts:
  orders: {weight: 60, is: customer.orders_3d / 3}
  rating: {weight: 40, is: (customer.rating - 1) / 4}
bands: {good: {from: 60}, poor: {from: 0}}
coverage: 40%
steady_for: 2d
---
score: warmth
parts:
  lately: {weight: 100, is: "customer.hours >= 1 ? 1 : 0"}
bands: {warm: {from: 50}, cold: {from: 0}}
steady_for: 7h
---
lifecycle: life
stages:
  gone: {quiet: 9d, of: order}
  buyer: {if: customer.orders >= 1}
  new: {}
---
program: club
earn: [{when: order, points: event.total}]
tiers: {plain: {from: 0}, gold: {from: 60}}
period: 12 months
redeem: [{reward: cup, points: 20, gives: {event: cup_given}}]
"""

RULES = {
    "each-order": "when: {event: order, where: event.total > 4}\nif: customer.spent >= 15\nat_most: 1 per 3d",
    "left-cart": "when: {event: cart, without: order, for: 6h, key: cart}\n"
    "if: [event.total > 0, customer.emptied == null or customer.emptied > 2h]\nat_most: 1 per 3d",
    "silent": "when: {quiet: 3d, of: order}\nif: customer.skus >= 1",
    "silent-at-all": "when: {quiet: 30h, of: any}",
    "silent-for-all": "when: {quiet: p90, of: order}\nif: customer.orders >= 1",
    "mornings": "when: {schedule: daily at 07:00, catch_up: all}\nif: customer.busy\nat_most: 1 per 3d",
    "own-mornings": "when: [{schedule: daily at 07:00 in customer time}]\nif: customer.largest > 5",
    "mornings-of-keen": "when: {schedule: daily at 07:00, in_segment: keen}\nif: customer.rating > 2",
    "renewing": "when: {date: customer.renewal, before: [3d, 1d], at: '09:00', in: customer time, "
    "catch_up: latest, term: customer.plan, without: renewed}\nif: customer.plan != 'free'",
    "birthday": "when: {date: customer.born, every: year, at: '07:00', catch_up: all}",
    "moved": "when: {changes: customer.plan}\nif: customer.seats > 1",
    "keen-came": "when: {enters: keen}\nif: customer.orders >= 3",
    "keen-went": "when: {leaves: keen}\nif: customer.orders >= 3\non_release: fire",
    "steady-came": "when: {enters: steady}",
    "poor": "when: {score: health, becomes: poor}\nif: customer.warmth_band == 'warm'",
    "cold": "when: {score: warmth, becomes: cold}\nif: customer.orders > 1",
    "banded": "when: {event: order}\nif: customer.health_band == 'good' or customer.health_trend > 0",
    "of-list": "when: {event: order}\nif: \"'watched' in customer.segments\"",
    "staged": "when: {event: answer}\nif: customer.life_stage == 'buyer'",
    "golden": "when: {event: tier_reached}\nif: customer.points >= 60",
    "asked": "when: {event: survey_sent}\nif: customer.surveys <= 1",
    "lost": "when: {event: churned}\nif: customer.mrr == 0",
    "leaving": "when: {event: cancel_requested}\nif: customer.service_ends != null",
    "given": "when: {event: cup_given}\nif: customer.cups >= 2",
    "noting": "when: {event: noted}\nif: customer.noted >= 2",
    "first": "when: {event: order}\nif: customer.first_seen < now - 5d",
    "clicked": "when: {event: message_clicked}\nif: [customer.keener >= 1, customer.endings == 0]",
    "best": "when: {schedule: weekly on monday at 07:00}\nif: customer.rfm_m >= 3",
    "called": "when: {call: yes}\nif: customer.orders > 1",
    "account-orders": "on: account\nwhen: {event: order}\nif: customer.members >= 2\nat_most: 1 per 3d",
    "account-days": "on: account\nwhen: {schedule: daily at 07:00}\nif: customer.account_seats >= 1",
}
ACTS = {
    "each-order": "do: segment.add\n    with: {segment: watched}",
    "moved": "do: event.emit\n    with: {event: noted, properties: {points: =customer.points}}",
    "silent": "do: customer.set\n    with: {seats: =customer.orders}",
    "account-orders": "do: event.emit\n    with: {event: noted, customer: ana}",
}
_TOLD = "class: service\nreentry: always\nsteps:\n  - do: event.emit\n    with: {event: told}"
TELL = (f"workflow: tell\n{_TOLD}", f"workflow: tell-account\non: account\n{_TOLD}")


def files_of(acts: bool, without: frozenset[str] = frozenset(), facts: str = FACTS) -> Ruleset:
    """Gives a policy in which some rules act by themselves, or none does."""
    rules = [
        f"rule: {name}\n{text}\nthen:\n  - {_act(name, acts)}\n"
        for name, text in RULES.items()
        if name not in without
    ]
    watched = "segment: watched\nstatic: yes"
    return ruleset(facts, *MADE_OF_FACTS.split("---\n"), watched, *rules, *TELL, timezone="Europe/Berlin")


def _act(rule: str, acts: bool) -> str:
    if acts and rule in ACTS:
        return ACTS[rule]
    return "run: tell-account" if rule.startswith("account") else "run: tell"


QUIET, ACTING = files_of(False), files_of(True)
FEWER = files_of(False, frozenset(("left-cart", "silent", "renewing", "mornings", "poor")))
OTHER = files_of(
    True,
    frozenset(("silent-at-all", "birthday")),
    FACTS.replace("over: 3d", "over: 4d").replace("default: free", "default: team"),
)
LIVES = {
    "as it was": (QUIET,),
    "with fewer rules for a while": (QUIET, FEWER, QUIET),
    "with more that act": (FEWER, ACTING),
    "with other facts": (QUIET, OTHER),
    "acting": (ACTING,),
    "with other facts before": (OTHER, QUIET),
}
"""Files that were released one after the other."""


def figures() -> Figures:
    """Gives the base's figures of each midnight."""
    found = Figures()
    for day in range(DAYS + 5):
        at = START + day * DAY - HOUR
        gaps, cuts = {"person:order": 3 + day % 3}, {"rfm_m": (5, 10, 20, 40)}
        found.add(BaseFigures(as_of=at, day=at // DAY, gaps=gaps, cuts=cuts, hash=f"{day}"))
    return found


FIGURES = figures()

numbers = st.sampled_from([1, 5, 7, 20])
dates = st.sampled_from([f"2026-03-{day:02}" for day in range(1, 29)])
times = st.sampled_from([f"2026-03-{day:02}T{hour}:00:00Z" for day in (4, 9, 15) for hour in ("07", "23")])
traits = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["free", "team", None]),
        "seats": numbers,
        "renewal": dates,
        "born": st.sampled_from(["1990-03-05", "1991-03-20", "2026-03-10"]),
        "timezone": st.sampled_from(["Asia/Kathmandu", "Europe/Berlin"]),
    },
)
sent = st.one_of(
    st.tuples(
        st.just("order"),
        st.fixed_dictionaries(
            {"total": numbers, "sku": st.sampled_from("abc")}, optional={"cart": st.sampled_from("kl")}
        ),
    ),
    st.tuples(st.just("cart"), st.fixed_dictionaries({"cart": st.sampled_from("kl"), "total": numbers})),
    st.tuples(st.just("answer"), st.fixed_dictionaries({"score": st.integers(1, 5), "ticket": st.just("t")})),
    st.tuples(
        st.just("contract"),
        st.fixed_dictionaries(
            {
                "id": st.sampled_from("xy"),
                "mrr": numbers,
                "ends": st.none() | times,
                "reason": st.just("price"),
            }
        ),
    ),
    st.tuples(st.sampled_from(["identify", "group"]), traits),
    st.tuples(st.sampled_from(["page", "cart_emptied", "renewed", "seat_taken", "noted"]), st.just({})),
    st.tuples(st.sampled_from(["message_clicked", "unsubscribed"]), st.just({"channel": "email"})),
    st.tuples(st.just("source_failed"), st.just({"facts": ["rating"]})),
)
ran = st.one_of(
    st.tuples(st.just("identify"), traits),
    st.tuples(st.sampled_from(["survey_sent", "message_sent", "noted", "run_ended"]), st.just({})),
    st.tuples(
        st.sampled_from(["segment_entered", "segment_left"]), st.just({"segment": "watched", "inside": True})
    ),
    st.tuples(
        st.just("points_granted"),
        st.fixed_dictionaries({"program": st.just("club"), "points": numbers, "key": st.just("g")}),
    ),
)
operated = st.one_of(
    st.tuples(
        st.just("segment_assigned"),
        st.fixed_dictionaries({"segment": st.just("watched"), "inside": st.booleans()}),
    ),
    st.tuples(
        st.just("score_overridden"),
        st.fixed_dictionaries(
            {"score": st.sampled_from(["health", "warmth"]), "value": st.sampled_from([10, 90]),
             "by": st.just("olga"), "reason": st.just("because"), "until": times}
        ),
    ),
)  # fmt: skip
arrivals = st.one_of(
    *[st.tuples(st.just("sent"), sent)] * 6,
    st.tuples(st.just("history"), sent),
    st.tuples(st.just("run"), ran),
    st.tuples(st.just("run"), ran),
    st.tuples(st.just("operator"), operated),
    st.tuples(st.just("engine"), st.tuples(st.sampled_from(["churned", "segment_entered"]), st.just({}))),
)
# Whole hours, so that what is due and what comes in fall on one instant often; an odd minute besides.
instants = st.one_of(
    st.integers(0, DAYS * 24).map(lambda hour: START + hour * HOUR),
    st.integers(0, DAYS).map(lambda day: START + day * DAY + 6 * HOUR),
    st.integers(0, DAYS).map(lambda day: START + day * DAY - HOUR),
    st.integers(0, DAYS * 24 * 60).map(lambda minute: START + minute * MINUTE + 1),
)
late = st.sampled_from([0, 0, 0, 0, 0, 0, 5 * MINUTE, 7 * HOUR, 2 * DAY, 9 * DAY])
early = st.sampled_from([0] * 30 + [2 * MINUTE])


@st.composite
def lives(draw: st.DrawFn, least: int = 1) -> list[Event]:
    """Gives the events of a customer (or of an account's members) in the order in which they came."""
    account = draw(st.sampled_from([None, None, "acme"]))
    found: list[tuple[Micros, Any]] = sorted(
        draw(st.lists(st.tuples(instants, arrivals), min_size=least, max_size=40)), key=lambda one: one[0]
    )
    ahead = draw(st.booleans())
    events = []
    for number, (received, (cause, (name, properties))) in enumerate(found):
        occurred = received - (draw(late) if cause in ("sent", "history") else 0)
        if ahead and cause == "sent":
            occurred = max(occurred, received + draw(early))
        events.append(
            Event(
                source="shop" if cause in ("sent", "history") else "holdfast",
                message_id=f"e{number}",
                customer="ana" if account is None else draw(st.sampled_from(["ana", "bob", "acme"])),
                name=name,
                occurred_at=occurred,
                received_at=received,
                seq=number + 1,
                account=account if account is not None and draw(st.booleans()) else None,
                properties=dict(properties),
                cause=_cause(cause),
            )
        )
    return events


def _cause(name: str) -> Cause:
    found: Cause = name  # type: ignore[assignment]
    return found


def record_of(files: str, moved: list[Micros], events: list[Event], outages: Any) -> Record:
    """Gives what is known of a customer whose files were released one after the other."""
    releases = [
        Release(START - DAY if number == 0 else moved[number - 1], ruleset)
        for number, ruleset in enumerate(LIVES[files])
    ]
    return Record(releases, events, FIGURES, outages, imported(events))


def imported(events: list[Event]) -> dict[int, Micros]:
    """Gives when history was accepted, in half of all lives: later than it was received."""
    if sum(event.seq for event in events) % 2:
        return {}
    return {
        event.seq: event.received_at + (0, HOUR, 2 * DAY + 1)[event.seq % 3]
        for event in events
        if event.cause == "history"
    }


def told(rule: str, customer: str, at: Micros, record: Record, **how: Any) -> Any:
    """Gives the explanation of a rule, or the words in which there is none."""
    try:
        return explain(rule, customer, at, record, **how)
    except NotFoundError as error:
        return str(error)
