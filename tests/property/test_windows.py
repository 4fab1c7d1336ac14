"""Facts against a second implementation that keeps every event and looks at all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.event import Event
from engine.customers.zones import moment_of, zone
from engine.model.facts import Computed, EventType, FactType, PropertyType
from engine.model.values import DAY, HOUR, MINUTE, Micros
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

# A change of the clocks lies in the middle of the days below, in each of these zones but the first.
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago")
START = {
    "UTC": at("2026-03-20"),
    "Europe/Berlin": at("2026-03-20"),
    "America/New_York": at("2026-10-25"),
    "Australia/Lord_Howe": at("2026-09-28"),
    "America/Santiago": at("2026-08-30"),
}

FACTS: dict[str, Computed] = {
    "all_time": computed(count="order"),
    "days": computed("5d", count="order"),
    "before": computed("3d", "2d ago", sum="total", of="order"),
    "up_to": computed(None, "3d ago", count="order"),
    "hours": computed("7h", count="order"),
    "earlier_hours": computed("5h", "3h ago", sum="total", of="order"),
    "minutes": computed("90m", count="order"),
    "mixed": computed("30h", "2d ago", count="order"),
    "big": computed("1w", mean="total", of="order", where="event.total > 10"),
    "low": computed("4d", min="total", of="order"),
    "high": computed(max="total", of="order"),
    "first_sku": computed("4d", first="sku", of="order"),
    "last_sku": computed(last="sku", of="order"),
    "kinds": computed("4d", distinct="sku", of="order"),
    "all_kinds": computed(distinct="sku", of="order"),
    "quiet": computed("4d", since="any"),
    "each": computed("6d", sum="total", of="order", per="sku", where="event.total > 10"),
    "each_ever": computed(sum="total", of="order", per="sku"),
    "happy": computed("6d", share="event.score >= 4", of="answer"),
    "answers": computed("3d", "1d ago", count="answer"),
    "scores": computed(sum="score", of="answer", where="event.score > 2"),
}
EVENTS = {
    "answer": EventType(
        properties={
            "score": PropertyType(type=FactType.NUMBER),
            "ticket": PropertyType(type=FactType.TEXT),
        },
        revises="ticket",
    )
}
STEP = 5 * MINUTE

orders = st.fixed_dictionaries(
    {
        "total": st.sampled_from([1, 5, 11, Decimal("10.10"), Decimal("99.99"), None, "free"]),
        "sku": st.sampled_from(["a", "b", 7, None]),
    }
)
answers = st.fixed_dictionaries({"score": st.integers(1, 5), "ticket": st.sampled_from(["t1", "t2", None])})
bodies = st.one_of(st.tuples(st.just("order"), orders), st.tuples(st.just("answer"), answers))
happenings = st.lists(
    st.tuples(
        st.integers(0, 14 * DAY // STEP),  # received, in steps after the start
        st.sampled_from(
            [0, 0, 0, 1, 3 * HOUR // STEP, DAY // STEP, 5 * DAY // STEP, -1]
        ),  # late by, in steps
        bodies,
    ),
    max_size=14,
)


def events_of(start: Micros, drawn: list[Any]) -> list[Event]:
    return [
        happened(name, start + (received - late) * STEP, start + received * STEP, seq=seq, **properties)
        for seq, (received, late, (name, properties)) in enumerate(sorted(drawn, key=lambda one: one[0]))
    ]


class Oracle:
    """Says what facts are by looking at every event, in terms of local dates."""

    def __init__(self, name: str, events: list[Event], now: Micros, very: Event | None) -> None:
        self.tz = zone(name).tz
        self.events = [
            event
            for event in events
            if (event.occurred_at < now if very is None else event.occurred_at <= now or event is very)
        ]
        self.now = now

    def day(self, instant: Micros) -> int:
        return moment_of(instant).astimezone(self.tz).toordinal()

    def inside(self, fact: Computed, instant: Micros) -> bool:
        over, ending = fact.over, fact.ending and fact.ending.length
        end_day = self.day(self.now)
        if ending is not None and ending.days is not None:
            end_day -= ending.days
            if self.day(instant) >= end_day:
                return False
        elif ending is not None and instant >= self.floor(self.now, ending.unit) - ending.micros:
            return False
        if over is None:
            return True
        if over.days is not None:
            return self.day(instant) >= end_day - over.days
        if ending is not None and ending.days is not None:
            # The first instant of a day is the first of its microseconds: found by halving.
            low, high = self.now - (ending.days + 3) * DAY, self.now
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if self.day(middle) >= end_day else (middle + 1, high)
            anchor = low
        else:
            anchor = self.now if ending is None else self.floor(self.now, ending.unit) - ending.micros
        return instant >= self.floor(anchor, over.unit) - over.micros

    @staticmethod
    def floor(instant: Micros, unit: str) -> Micros:
        length = {"h": HOUR, "m": MINUTE}[unit]
        return instant - instant % length

    def standing(self, fact: Computed) -> list[Event]:
        named = [event for event in self.events if fact.event in ("any", event.name)]
        if fact.event == "answer":
            later = {event.properties["ticket"]: event for event in sorted(named, key=order)}
            named = [
                event
                for event in named
                if event.properties["ticket"] is None or later[event.properties["ticket"]] is event
            ]
        named = [event for event in named if self.inside(fact, event.occurred_at)]
        if fact.per:
            latest = {event.properties[fact.per]: event for event in sorted(named, key=order)}
            latest.pop(None, None)
            named = list(latest.values())
        return [event for event in sorted(named, key=order) if passes(fact, event)]

    def value(self, fact: Computed) -> Any:
        events = self.standing(fact)
        values = [event.properties.get(fact.measure or "") for event in events]
        known = [value for value in values if value is not None]
        numbers = [Decimal(value) for value in known if not isinstance(value, str)]
        functions: dict[str, Callable[[], Any]] = {
            "count": lambda: len(events),
            "sum": lambda: sum(numbers),
            "mean": lambda: sum(numbers) / len(numbers) if numbers else None,
            "min": lambda: min(numbers, default=None),
            "max": lambda: max(numbers, default=None),
            "first": lambda: known[0] if known else None,
            "last": lambda: known[-1] if known else None,
            "distinct": lambda: len(set(known)),
            "since": lambda: (
                timedelta(microseconds=max(0, self.now - events[-1].occurred_at)) if events else None
            ),
            "share": lambda: (
                Decimal(sum(event.properties["score"] >= 4 for event in events)) / len(events)
                if events
                else None
            ),
        }
        return functions[fact.function]()


def order(event: Event) -> tuple[Micros, int]:
    return event.occurred_at, event.seq


def passes(fact: Computed, event: Event) -> bool:
    if fact.where is None:
        return True
    name, _, least = fact.where.text.removeprefix("event.").partition(" > ")
    value = event.properties[name]
    return value is not None and not isinstance(value, str) and value > int(least)


@settings(max_examples=120)
@given(name=st.sampled_from(ZONES), drawn=happenings, later=st.integers(0, 9 * DAY // STEP))
def test_every_fact_is_what_all_events_say(name: str, drawn: list[Any], later: int) -> None:
    # Given events in any order, late ones and ones whose clock runs ahead among them
    table = table_of(workspace_of(name, events=EVENTS, **FACTS))
    customer = Customer(table)
    events = events_of(START[name], drawn)
    for number, event in enumerate(events):
        # When each is taken in
        customer.take(event)
        # Then every fact is right at it
        seen = customer.facts(event.received_at, at_event=True)
        oracle = Oracle(name, events[: number + 1], event.received_at, event)
        assert {fact: seen[fact] for fact in FACTS} == {fact: oracle.value(FACTS[fact]) for fact in FACTS}
    # And at a timer after them
    now = (events[-1].received_at if events else START[name]) + later * STEP
    seen, oracle = customer.facts(now), Oracle(name, events, now, None)
    assert {fact: seen[fact] for fact in FACTS} == {fact: oracle.value(FACTS[fact]) for fact in FACTS}
