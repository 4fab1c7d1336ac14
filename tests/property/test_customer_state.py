"""A customer's state: the same after bytes, a merge, a rebuild, and whatever the order of arrival."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.customers.encoding import decode, encode_chunks, encode_hot
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.customers.merging import merge, rebuild
from engine.customers.state import FactState
from engine.customers.table import FactTable
from engine.model.facts import EventType, FactType, PropertyType, Rfm, Subscriptions, Trait
from engine.model.values import DAY, HOUR, Duration, Micros
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

START = at("2026-03-20")


def made(**more: Any) -> FactTable:
    """Every kind of fact, and of `more` what not every workspace has."""
    return table_of(
        workspace_of(
            "Europe/Berlin",
            events={
                "answer": EventType(
                    properties={
                        "score": PropertyType(type=FactType.NUMBER),
                        "ticket": PropertyType(type=FactType.TEXT),
                    },
                    revises="ticket",
                )
            },
            **more,
            rfm=Rfm(of="order", value="total", over=Duration.parse("30d")),
            plan=Trait(type=FactType.TEXT, default="free"),
            renewal=Trait(type=FactType.DATE),
            orders=computed(count="order"),
            spend=computed("9d", sum="total", of="order"),
            hours=computed("30h", count="order"),
            kinds=computed(distinct="sku", of="order"),
            last_sku=computed(last="sku", of="order"),
            each=computed("9d", sum="total", of="order", per="sku"),
            happy=computed("9d", share_lower="event.score >= 4", of="answer"),
            quiet=computed(since="any"),
            churns=computed(count="churned"),
            drop=computed(drop="total", of="order", recent="1w", baseline="2w"),
        )
    )


TABLE = made(subscriptions=Subscriptions(of="contract", id="id", mrr="mrr", ends="ends"))
PLAIN = made()
"""Without contracts, whose ends depend on what was known by then."""

orders = st.fixed_dictionaries(
    {"total": st.sampled_from([1, Decimal("10.10"), Decimal("9.9"), None]), "sku": st.sampled_from("ab")}
)
answers = st.fixed_dictionaries({"score": st.integers(1, 5), "ticket": st.sampled_from(["t1", "t2", None])})
traits = st.fixed_dictionaries(
    {"plan": st.sampled_from(["free", "team", None])},
    optional={"renewal": st.sampled_from(["2026-05-31", "2027-05-31"])},
)
contracts = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["s1", "s2"]),
        "mrr": st.sampled_from([0, 30, 50]),
        "ends": st.sampled_from([None, "2026-03-25T10:00:00Z", "2026-04-09"]),
    }
)
bodies = st.one_of(
    st.tuples(st.just("order"), orders),
    st.tuples(st.just("answer"), answers),
    st.tuples(st.just("identify"), traits),
    st.tuples(st.just("contract"), contracts),
)
LATE = st.sampled_from([0, 0, 1, 5, 30, 24 * 9])
happenings = st.lists(st.tuples(st.integers(0, 24 * 40), LATE, bodies), max_size=16)


def events_of(drawn: list[Any]) -> list[Event]:
    return [
        happened(name, START + (hour - late) * HOUR, START + hour * HOUR, seq=seq, **properties)
        for seq, (hour, late, (name, properties)) in enumerate(sorted(drawn, key=lambda one: one[0]))
    ]


def taken(events: list[Event], table: FactTable = TABLE) -> Customer:
    """A customer whose events came live, with contract ends at their instants."""
    customer = Customer(table)
    for event in events:
        while (due := customer.state.next_due(table)) is not None and due < event.received_at:
            customer.due(due)
        customer.take(event)
    return customer


def facts_of(state: FactState, now: Micros, table: FactTable = TABLE) -> dict[str, Any]:
    facts, names = Facts(table, state, now), [*table.names("person"), "first_seen"]
    return {name: facts[name] for name in names} | {f"age of {name}": facts.age(name) for name in names}


def stored(state: FactState, chunks: dict[int, bytes]) -> FactState:
    for month, data in encode_chunks(state).items():
        if data is None:
            chunks.pop(month, None)
        else:
            chunks[month] = data
    state.touched.clear()
    return decode(encode_hot(state), chunks)


def stored_form(state: FactState) -> tuple[bytes, dict[int, bytes]]:
    chunks = {month: body for month, body in encode_chunks(state).items() if body is not None}
    return encode_hot(state), chunks


@settings(max_examples=80)
@given(drawn=happenings, others=happenings, every=st.integers(1, 4))
def test_bytes_that_are_kept_are_those_made_anew(drawn: list[Any], others: list[Any], every: int) -> None:
    # Given customers whose bytes are made, or were read, now and then, and who become one at the end
    state, other = stored(Customer(TABLE).state, {}), taken(events_of(others)).state
    for number, event in enumerate(events_of(drawn)):
        while (due := state.next_due(TABLE)) is not None and due < event.received_at:
            state.due_contracts(TABLE, due)
            assert encode_hot(state) == made_anew(state)
        state.apply(TABLE, event)
        if number % every == 0:
            assert encode_hot(state) == made_anew(state)
    encode_hot(state)
    merge(TABLE, state, other)
    # Then they are at any time what would be made of the customer
    assert encode_hot(state) == made_anew(state)


def made_anew(state: FactState) -> bytes:
    """The bytes of a state that has kept none, nor parts of them."""
    kept = state.stored, state.packed_totals, state.packed_running, state.packed_today
    state.stored, state.packed_totals, state.packed_running, state.packed_today = None, {}, {}, {}
    made = encode_hot(state)
    state.stored, state.packed_totals, state.packed_running, state.packed_today = kept
    return made


@settings(max_examples=80)
@given(drawn=happenings, every=st.integers(1, 4))
def test_bytes_keep_everything(drawn: list[Any], every: int) -> None:
    # Given one customer who stays in memory, and is encoded after each event, of which only what has changed
    # is encoded anew; and one who is stored and loaded again between events
    events, chunks = events_of(drawn), dict[int, bytes]()
    stays, travels = Customer(TABLE), Customer(TABLE)
    for number, event in enumerate(events):
        stays.take(event)
        travels.take(event)
        encode_hot(stays.state)
        if number % every == 0:
            travels.state = stored(travels.state, chunks)
    # Then they are the same to the last byte
    assert encode_hot(travels.state) == encode_hot(stays.state)
    assert travels.state.chunks.months() == stays.state.chunks.months()
    for month in stays.state.chunks.months():
        assert travels.state.chunks.encode(month) == stays.state.chunks.encode(month)


@settings(max_examples=80)
@given(
    drawn=happenings, split=st.lists(st.booleans(), min_size=16, max_size=16), later=st.integers(1, 24 * 20)
)
def test_a_merge_is_as_if_all_events_had_come_under_one_id(
    drawn: list[Any], split: list[bool], later: int
) -> None:
    # Given the events of a guest, who has no contract, and of a customer
    events = events_of(drawn)
    guest = [
        event for event, theirs in zip(events, split, strict=False) if theirs and event.name != "contract"
    ]
    known = [event for event in events if event not in guest]
    customer, other = taken(known), taken(guest).state
    into = customer.state
    # When they become one, and what is due by then is told
    merge(TABLE, into, other)
    customer.due(into.clock)
    # Then every fact is that of a customer to whom all of it happened
    now = START + 24 * 40 * HOUR + later * HOUR
    whole = rebuild(TABLE, "c1", "person", events)
    assert facts_of(into, now) == facts_of(whole, now)


@settings(max_examples=80)
@given(drawn=happenings, order=st.randoms(use_true_random=False))
def test_facts_do_not_depend_on_the_order_of_arrival(drawn: list[Any], order: Any) -> None:
    # Given events without contracts (what follows from those is decided as they come)
    events = [event for event in events_of(drawn) if event.name != "contract"]
    end = START + 24 * 41 * HOUR
    shuffled = list(events)
    order.shuffle(shuffled)
    late = [happened(one.name, one.occurred_at, end, seq=one.seq, **one.properties) for one in shuffled]
    # When they all arrive at the end, in any order
    now = end + DAY
    in_order, any_order = taken(events).state, taken(late).state
    assert facts_of(any_order, now) == facts_of(in_order, now)


@settings(max_examples=80)
@given(drawn=happenings, later=st.integers(1, 24 * 20))
def test_a_rebuild_gives_what_came_live(drawn: list[Any], later: int) -> None:
    # Given a customer as the events came, and the log with what the engine itself recorded
    customer, log = Customer(TABLE), []
    for event in events_of(drawn):
        while (due := customer.state.next_due(TABLE)) is not None and due < event.received_at:
            log += customer.due(due)
        log += [event, *customer.take(event)[0].derived]
    # When it is built anew
    now = START + 24 * 40 * HOUR + later * HOUR
    again = rebuild(TABLE, "c1", "person", log)
    # Then nothing differs
    assert facts_of(again, now) == facts_of(customer.state, now)


@settings(max_examples=200)
@given(drawn=happenings, later=st.integers(0, 24 * 60))
def test_a_rebuild_without_contracts_gives_the_very_bytes_that_came_live(
    drawn: list[Any], later: int
) -> None:
    # Given a customer of a workspace without contracts, as the events came
    events = events_of(drawn)
    live = taken(events, PLAIN).state
    # When it is built anew
    again = rebuild(PLAIN, "c1", "person", events)
    # Then it is stored as the same, and so are its facts whenever they are asked for
    assert stored_form(again) == stored_form(live)
    now = live.clock + later * HOUR
    assert facts_of(again, now, PLAIN) == facts_of(live, now, PLAIN)
