"""What is held of facts, and of the base's figures, is what reading everything anew would give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.census import Census
from engine.customers.encoding import decode, encode_chunks, encode_hot
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.customers.figures import NO_FIGURES, BaseFigures, BaseTally, encode_figures
from engine.customers.state import FactState
from engine.model.facts import EventType, FactType, PropertyType, Rfm, Subscriptions, Trait
from engine.model.rule import OnQuiet, Rule
from engine.model.values import DAY, HOUR, MINUTE, Duration, Micros
from tests.customer_facts import at, computed, happened, table_of, workspace_of

START = at("2026-03-15")
WORKSPACE = workspace_of(
    "Europe/Berlin",
    events={"answer": EventType(properties={"score": PropertyType(type=FactType.NUMBER)}, revises="ticket")},
    subscriptions=Subscriptions(of="contract", id="id", mrr="mrr", ends="ends"),
    rfm=Rfm(of="order", value="total", over=Duration.parse("20d")),
    rules=[Rule(id="gone", when=OnQuiet(quiet="p90", of="order"), then=())],
    plan=Trait(type=FactType.TEXT, default="free"),
    renewal=Trait(type=FactType.DATE),
    orders=computed(count="order"),
    spend=computed("9d", sum="total", of="order"),
    spend_before=computed("9d", ending="9d ago", sum="total", of="order"),
    hours=computed("30h", count="order"),
    mixed=computed("2d", ending="5h ago", count="order"),
    large=computed("9d", count="order", where="event.total > 5"),
    kinds=computed(distinct="sku", of="order"),
    last_sku=computed("9d", last="sku", of="order"),
    each=computed("9d", sum="total", of="order", per="sku"),
    happy=computed("9d", share_lower="event.score >= 4", of="answer"),
    rating=computed("9d", mean="score", of="answer"),
    quiet=computed(since="any"),
    lately=computed("9d", since="order"),
    drop=computed(drop="total", of="order", recent="1w", baseline="2w"),
    moved=computed(drop="total", of="order", recent="1w", baseline="2w", against_fleet=True),
)
TABLE = table_of(WORKSPACE)
NAMES = [*TABLE.names("person"), "first_seen"]
TOTALS = st.sampled_from([1, 7, Decimal("10.10"), Decimal("7.0"), None])

bodies = st.one_of(
    st.tuples(st.just("order"), st.fixed_dictionaries({"total": TOTALS, "sku": st.sampled_from("ab")})),
    st.tuples(
        st.just("answer"),
        st.fixed_dictionaries({"score": st.integers(1, 5), "ticket": st.sampled_from(["t1", "t2", None])}),
    ),
    st.tuples(st.just("identify"), st.fixed_dictionaries({"plan": st.sampled_from(["free", "team", None])})),
    st.tuples(
        st.just("contract"),
        st.fixed_dictionaries(
            {
                "id": st.sampled_from(["s1", "s2"]),
                "mrr": st.sampled_from([0, 30]),
                "ends": st.sampled_from([None, "2026-03-25T10:00:00Z"]),
            }
        ),
    ),
)
LATE = st.sampled_from([-3 * MINUTE, 0, 0, 0, HOUR, 30 * HOUR, 9 * DAY])
WHEN = st.integers(0, 45 * 24 * 4).map(lambda quarter: START + quarter * 15 * MINUTE)
happenings = st.lists(st.tuples(WHEN, LATE, bodies, st.sampled_from(["c1", "c2", "c3"])), max_size=30)
looks = st.lists(WHEN, max_size=12)


def event_of(seq: int, received: Micros, late: Micros, body: Any, customer: str) -> Event:
    name, properties = body
    return happened(name, received - late, received, customer, seq, **properties)


def anew(state: FactState) -> FactState:
    """The same customer with nothing in memory but what is stored."""
    chunks = {month: data for month, data in encode_chunks(state).items() if data is not None}
    return decode(encode_hot(state), chunks)


def read(state: FactState, now: Micros, at_event: bool, base: BaseFigures) -> dict[str, Any]:
    facts = Facts(TABLE, state, now, at_event, base)
    return {name: (repr(facts[name]), facts.reason(name), facts.age(name)) for name in NAMES}


def step(states: dict[str, FactState], event: Event) -> None:
    state = states.setdefault(event.customer, FactState(event.customer, "person", TABLE.hash))
    for due in state.due_contracts(TABLE, event.received_at):
        state.apply(TABLE, due)
    for derived in state.apply(TABLE, event).derived:
        state.apply(TABLE, derived)


@settings(max_examples=150)
@given(drawn=happenings, looks=looks)
def test_facts_that_are_held_are_those_read_anew(drawn: list[Any], looks: list[Micros]) -> None:
    # Given customers whose facts are looked at now and then, at events, at other instants and at midnights
    states: dict[str, FactState] = {}
    steps: list[tuple[Micros, int, Any]] = [(at_, 1, (seq, *rest)) for seq, (at_, *rest) in enumerate(drawn)]
    steps += [(now, 2, None) for now in looks]
    steps += [(TABLE.zone.start_of_day(TABLE.zone.day_of(START) + day), 0, None) for day in range(1, 60)]
    base = NO_FIGURES
    for now, kind, drawn_event in sorted(steps, key=lambda one: one[:2]):
        if drawn_event is not None:
            seq, late, body, customer = drawn_event
            step(states, event_of(seq, now, late, body, customer))
        elif kind == 0:
            tally = BaseTally(TABLE, now)
            for state in states.values():
                tally.add(anew(state))
            base = tally.figures()
        # Then what is read is what a customer with nothing in memory gives
        for state in states.values():
            assert read(state, now, kind == 1, base) == read(anew(state), now, kind == 1, base)


@settings(max_examples=80)
@given(drawn=happenings, leaves=st.integers(1, 50))
def test_a_census_gives_the_figures_of_a_tally(drawn: list[Any], leaves: int) -> None:
    # Given a base in which events come on time and late, and one customer goes
    states: dict[str, FactState] = {}
    census = Census(TABLE)
    events = sorted(enumerate(drawn), key=lambda one: one[1][0])
    for day in range(1, 52):
        midnight = TABLE.zone.start_of_day(TABLE.zone.day_of(START) + day)
        while events and events[0][1][0] < midnight:
            seq, (received, late, body, customer) = events.pop(0)
            step(states, event_of(seq, received, late, body, customer))
        if day == leaves:
            states.pop("c2", None)
        # When each midnight's figures are kept up, and tallied over everybody anew
        tally = BaseTally(TABLE, midnight)
        for state in states.values():
            tally.add(anew(state))
        # Then they are the same to the last byte
        assert encode_figures(census.figures(states.values(), midnight)) == encode_figures(tally.figures())
