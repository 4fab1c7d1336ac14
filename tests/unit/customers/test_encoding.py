"""A customer's bytes: small where they are hot, one chunk a month, only touched ones written again."""

from decimal import Decimal
from typing import Any

import pytest

from engine.customers import encoding
from engine.customers.buckets import Bucket, Entry
from engine.customers.encoding import _Hot, decode, encode_chunks, encode_hot
from engine.customers.packing import decode as unpacked
from engine.customers.packing import encode, pack, pack_bucket, pack_entry
from engine.customers.table import FactTable
from engine.model.facts import FactType, Trait
from engine.model.values import DAY, HOUR, SECOND
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

YEAR = at("2026-01-01")


def twenty_facts() -> FactTable:
    facts = {
        f"sum_{n}": computed(f"{30 + n}d", sum="total", of=f"event_{n % 5}", where=f"event.total > {n}")
        for n in range(18)
    }
    traits = {"plan": Trait(type=FactType.TEXT), "renewal": Trait(type=FactType.DATE)}
    return table_of(workspace_of("Europe/Berlin", **facts, **traits))


def test_the_hot_part_of_twenty_facts_and_a_year_is_small() -> None:
    # Given four events a day for a year
    customer = Customer(twenty_facts())
    customer.take(happened("identify", YEAR, plan="team", renewal="2026-12-31"))
    for hour in range(0, 365 * 24, 6):
        customer.take(happened(f"event_{hour % 5}", YEAR + hour * HOUR, total=Decimal("19.99")))
    # Then what every event writes is under 4 KB
    assert len(encode_hot(customer.state)) < 4096


def test_only_touched_months_are_written() -> None:
    # Given a customer of a year, stored
    customer = Customer(table_of(workspace_of(n=computed("400d", count="visit"))))
    customer.take(*(happened("visit", YEAR + day * DAY) for day in range(300)))
    chunks = {month: data for month, data in encode_chunks(customer.state).items() if data is not None}
    assert len(chunks) == 10
    again = Customer(customer.table)
    again.state = decode(encode_hot(customer.state), chunks)
    # When another day comes, and a late event of March
    again.take(happened("visit", YEAR + 300 * DAY), happened("visit", YEAR + 70 * DAY, YEAR + 300 * DAY))
    # Then yesterday's month and March are written, and no other
    assert set(encode_chunks(again.state)) == {2026 * 12 + 2, 2026 * 12 + 9}
    assert again.facts(YEAR + 301 * DAY)["n"] == 302


def test_a_month_that_is_out_of_reach_is_deleted() -> None:
    customer = Customer(table_of(workspace_of(n=computed("20d", count="visit"))))
    customer.take(happened("visit", YEAR), happened("visit", YEAR + 2 * DAY))
    customer.state.touched.clear()
    customer.take(happened("visit", YEAR + 100 * DAY))
    assert encode_chunks(customer.state)[2026 * 12] is None


def test_the_same_events_give_the_same_bytes() -> None:
    def built() -> bytes:
        customer = Customer(twenty_facts())
        customer.take(*(happened(f"event_{n % 5}", YEAR + n * HOUR, total=n) for n in range(100)))
        return encode_hot(customer.state)

    assert built() == built()


@pytest.mark.parametrize(
    "value", [7, Decimal("7.00"), Decimal("-1E-300"), "7", True, None, [1, Decimal("0.1")], {"a": Decimal(2)}]
)
def test_values_keep_their_kind_and_digits(value: object) -> None:
    again = unpacked(encode(pack(value)))
    assert repr(again) == repr(value)


@pytest.mark.parametrize("built", ["00ff" * 16, "stale", "", "x" * 63])
def test_what_a_state_was_built_by_comes_back_as_it_was(built: str) -> None:
    state = Customer(twenty_facts()).state
    state.built = built

    assert decode(encode_hot(state), {}).built == built


def test_bytes_of_another_form_are_not_guessed_at() -> None:
    hot = unpacked(encode_hot(Customer(table_of(workspace_of())).state))
    with pytest.raises(ValueError, match="form 99"):
        decode(encode([99, *hot[1:]]), {})


def test_bytes_are_made_anew_only_after_a_change() -> None:
    # Given a stored customer whom an event has not touched
    customer = Customer(twenty_facts())
    customer.take(happened("identify", YEAR, plan="team", renewal="2026-12-31"))
    hot = encode_hot(customer.state)
    again = decode(hot, {})
    # Then their bytes are the very ones that were read, until one does
    customer.state = again
    customer.facts(YEAR + DAY)
    assert encode_hot(again) is hot
    customer.take(happened("event_1", YEAR + DAY, total=1))
    assert encode_hot(again) is not hot


def test_what_has_not_changed_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a customer with sums of all time and a day's entries, who has been encoded
    facts = {"orders": computed(count="order"), "spend": computed(sum="total", of="order")}
    customer = Customer(table_of(workspace_of(**facts)))
    for seq in range(20):
        customer.take(happened("order", at("2026-03-01") + seq * HOUR * 2, seq=seq, total=seq))
    before = encode_hot(customer.state)
    packed: list[object] = []

    def noted(*given: Any) -> Any:
        packed.append(given)
        return pack_entry(*given) if len(given) == 1 else pack_bucket(*given)

    monkeypatch.setattr(encoding, "pack_entry", noted)
    monkeypatch.setattr(encoding, "pack_bucket", noted)

    # when it is encoded again, then nothing is packed for it
    assert encode_hot(customer.state) == before
    assert packed == []

    # and with one event more, that event for each series that it counts in, and what it was the last of there
    customer.take(happened("order", at("2026-03-02") + 20 * HOUR, seq=20, total=1))
    encode_hot(customer.state)
    assert len(customer.state.today) == len(customer.state.running) == 2
    assert len(packed) == 2 + 2


def test_a_day_of_many_events_costs_no_more_than_one_of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a customer with thousands of events in one day
    facts = {"visits": computed("7d", count="visit"), "spent": computed("7d", sum="total", of="visit")}
    customer, calls = Customer(table_of(workspace_of(**facts))), list[Entry]()
    visits = (happened("visit", YEAR + n * SECOND, seq=n, total=Decimal("0.01")) for n in range(3000))
    customer.take(*(next(visits) for _ in range(10)))
    few = len(encode_hot(customer.state))
    customer.take(*visits)
    add = Bucket.add
    monkeypatch.setattr(Bucket, "add", lambda self, *given: (calls.append(given[1]), add(self, *given)))
    # When the facts are read at another event, and stored
    customer.take(happened("visit", YEAR + HOUR, seq=3000, total=1))
    facts_now = customer.facts(YEAR + HOUR, at_event=True)
    # Then they are all there, added up were two events of two series, and the bytes are those of sums
    assert (facts_now["visits"], facts_now["spent"]) == (3001, Decimal("31.00"))
    assert len(calls) <= 2 * 2
    assert len(encode_hot(customer.state)) <= few + 20


def test_bytes_in_which_a_day_was_kept_singly_are_read() -> None:
    # Given what an earlier version stored: every event of the day by itself, and no sums of it
    customer = Customer(table_of(workspace_of(n=computed("7d", count="visit"))))
    customer.take(*(happened("visit", YEAR + n * HOUR, seq=n) for n in range(5)))
    hot = unpacked(encode_hot(customer.state))
    today = [[0, *([YEAR + n * HOUR, n] for n in range(5))]]
    places = {field: place for place, field in enumerate(_Hot.__struct_fields__)}
    assert [row[0] for row in hot[places["today"]]] == [row[0] for row in today]
    hot[places["today"]] = today
    earlier = encode([1, *hot[1 : places["running"]]])
    # When it is read and goes on
    again = Customer(customer.table)
    again.state = decode(earlier, {})
    for one in (customer, again):
        one.take(
            happened("visit", YEAR + 6 * HOUR, seq=6), happened("visit", YEAR + 3 * HOUR, YEAR + 7 * HOUR)
        )
    # Then nothing tells them apart
    assert again.facts(YEAR + 8 * HOUR)["n"] == customer.facts(YEAR + 8 * HOUR)["n"] == 7
    assert encode_hot(again.state) == encode_hot(customer.state)
