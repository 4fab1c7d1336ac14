"""Bodies into events: what cannot be read is set apart, and costs its neighbours nothing."""

from __future__ import annotations

from decimal import Decimal
from math import isinf, isnan

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.decoding import NDJSON, batch_from, events_from, field_of, typed
from engine.errors import RequestError
from engine.runtime.intake import Unreadable

JSON = "application/json"


def read(body: bytes, content_type: str = JSON, most: int = 1000) -> list[object]:
    return events_from(body, content_type, most)


def code_of(event: object) -> str:
    assert isinstance(event, Unreadable), event
    return event.code


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', [{"a": 1}]),
        (b'[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}]),
        (b"[]", []),
        (b'\xef\xbb\xbf{"a": 1}', [{"a": 1}]),
        (b'[{"a": 1}, 5, null, "x"]', [{"a": 1}, 5, None, "x"]),
    ],
)
def test_json_gives_its_events(body: bytes, expected: list[object]) -> None:
    assert read(body) == expected


def test_numbers_are_exact() -> None:
    [event] = read(b'{"a": 0.1, "b": 1.10, "c": 1180591620717411303424}')
    assert event == {"a": Decimal("0.1"), "b": Decimal("1.10"), "c": 2**70}
    assert isinstance(event, dict) and str(event["b"]) == "1.10"


@pytest.mark.parametrize("bad", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_not_finite_costs_no_neighbour(bad: bytes) -> None:
    # given two events, the first with a number that is none
    events = read(b'[{"a": ' + bad + b'}, {"b": 0.1}]')
    # then it comes as it was meant, for normalising to refuse, and the other one whole
    assert isinstance(events[0], dict)
    assert isnan(events[0]["a"]) or isinf(events[0]["a"])
    assert events[1] == {"b": Decimal("0.1")}


def test_half_a_surrogate_costs_no_neighbour() -> None:
    events = read(rb'[{"a": "\ud800"}, {"b": "\ud83d\ude00"}]')
    assert events == [{"a": "\ud800"}, {"b": "😀"}]


def test_a_number_of_5000_digits_costs_no_neighbour() -> None:
    events = read(b'[{"a": ' + b"9" * 5000 + b'}, {"b": 1}]')
    assert isinstance(events[0], dict) and events[0]["a"] > 10**4000
    assert events[1] == {"b": 1}


def test_text_that_is_not_utf8_costs_no_neighbour() -> None:
    events = read(b'[{"a": "\xff"}, {"b": 1}]')
    assert code_of(events[0]) == "bad_value"
    assert events[1] == {"b": 1}


@pytest.mark.parametrize("depth", [200, 100_000])
def test_deep_nesting_costs_no_neighbour(depth: int) -> None:
    # given an event so deep that a decoder's stack would not hold it
    events = read(b'[{"a": ' + b"[" * depth + b"]" * depth + b'}, {"b": NaN}]')
    assert code_of(events[0]) == "too_deep"
    assert isinstance(events[1], dict)


def test_one_deep_event_alone_is_an_event() -> None:
    [event] = read(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert code_of(event) == "too_deep"


def test_a_broken_member_costs_no_neighbour() -> None:
    events = read(b'[{"a": 1}, {"b" 2}, {"c": "],["}]')
    assert events[0] == {"a": 1}
    assert code_of(events[1]) == "invalid_json"
    assert events[2] == {"c": "],["}


@pytest.mark.parametrize("tail", [b', {"b": "x', b', {"b": [1', b'] {"b": 1}', b", ", b"]]", b', {"b": 1}}'])
def test_what_comes_before_a_broken_end_is_kept(tail: bytes) -> None:
    events = read(b'[{"a": 1}' + tail)
    assert events[0] == {"a": 1}
    assert code_of(events[-1]) == "invalid_json"


@pytest.mark.parametrize("body", [b"", b"  ", b"{", b'{"a" 1}', b"hello", b'{"a": 1} x', b"null", b"1"])
def test_a_body_with_no_event_in_it_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        read(body)
    assert caught.value.code in ("invalid_json", "invalid_body")


def test_lines_are_events_of_their_own() -> None:
    body = b'{"a": 1}\r\n\r\n{"b": NaN\n[2]\n{"c": 3}'
    events = read(body, f"{NDJSON}; charset=utf-8")
    assert events[0] == {"a": 1}
    assert code_of(events[1]) == "invalid_json"
    assert events[2:] == [[2], {"c": 3}]


@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_a_request_takes_so_many_events(content_type: str) -> None:
    events = [b'{"a": 1}'] * 4
    body = b"\n".join(events) if content_type == NDJSON else b"[" + b",".join(events) + b"]"
    assert len(read(body, content_type, 4)) == 4
    with pytest.raises(RequestError) as caught:
        read(body, content_type, 3)
    assert caught.value.code == "too_many_events"


POISON = {
    "nan": (b'{"a": NaN}', None),
    "infinity": (b'{"a": -Infinity}', None),
    "half a surrogate": (rb'{"a": "\ud800"}', None),
    "a nul": (b'{"a": "\0"}', None),
    "5,000 digits": (b'{"a": ' + b"9" * 5000 + b"}", None),
    "2^70": (b'{"a": 1180591620717411303424}', None),
    "very deep": (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
    "not UTF-8": (b'{"a": "\xff"}', "bad_value"),
    "no JSON": (b'{"a" 1}', "invalid_json"),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_in_a_batch_costs_no_neighbour(name: str) -> None:
    # given a batch with a bad event between two good ones, and fields on both sides of it
    bad, code = POISON[name]
    body = b'{"sentAt": "now", "batch": [{"b": 1.10}, ' + bad + b', {"c": "]}"}], "writeKey": "k"}'
    # when it is read
    others, events = batch_from(body, "batch", 10)
    # then the good ones are whole, the bad one is known for what it is, and so are the fields
    assert others == {"sentAt": "now", "writeKey": "k"}
    assert (events[0], events[2]) == ({"b": Decimal("1.10")}, {"c": "]}"})
    assert isinstance(events[1], dict) if code is None else code_of(events[1]) == code


def test_a_batch_that_is_cut_short_gives_what_came() -> None:
    _, events = batch_from(b'{"batch": [{"a": 1}, {"b": "x', "batch", 10)
    assert (events[0], code_of(events[1])) == ({"a": 1}, "invalid_json")


@pytest.mark.parametrize("tail", [b"]}", b', NaN], "x": 1}'])
def test_a_batch_takes_so_many_events(tail: bytes) -> None:
    body = b'{"batch": [' + b", ".join([b"{}"] * 4) + tail
    assert len(batch_from(body, "batch", 5)[1]) in (4, 5)
    with pytest.raises(RequestError) as caught:
        batch_from(body, "batch", 3)
    assert caught.value.code == "too_many_events"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": {"api_key": "x"}, "api_key": "hf_1", "b": NaN}', "hf_1"),
        (b'{"api_key": "hf_1", "api_key" : "hf_2"}', "hf_2"),
        (b'{"api_key": 5}', 5),
        (b'["api_key", "hf_1"]', None),
        (b"{", None),
        (b"", None),
    ],
)
def test_one_field_is_found_in_a_body_of_any_kind(body: bytes, expected: object) -> None:
    assert field_of(body, "api_key") == expected


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_set_apart_is_the_same_as_together(values: list[object]) -> None:
    # given events that decode as a whole, and a neighbour that makes that impossible
    whole = msgspec.json.encode(values)
    assert read(whole) == values
    assert read(whole[:-1] + b",nonsense]")[:-1] == values


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(noise: bytes) -> None:
    for body in (noise, b"[" + noise, b'{"a": ' + noise + b"}"):
        for content_type in (JSON, NDJSON):
            try:
                read(body, content_type)
            except RequestError:
                pass
        try:
            batch_from(body, "a", 10)
        except RequestError:
            pass


@pytest.mark.parametrize("pattern", [rb"\\", b'"', b"[", b'"\\', b'{"'])
def test_a_hostile_body_is_read_in_one_pass(pattern: bytes) -> None:
    # given half a megabyte of escapes, quotes or brackets that never close; a walk that went back,
    # or down, would not come to an end
    events = read(b'[{"a": 1},' + pattern * (500_000 // len(pattern)))
    assert events[0] == {"a": 1}


class Body(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    count: int = 0


def test_a_typed_body_says_which_place_is_wrong() -> None:
    assert typed(b'{"name": "a"}', Body) == Body("a")
    with pytest.raises(RequestError) as caught:
        typed(b'{"name": "a", "count": "5"}', Body)
    assert caught.value.errors[0][0] == "/count"
    with pytest.raises(RequestError, match="unknown field"):
        typed(b'{"name": "a", "nmae": "b"}', Body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\\ud800"}', b"\xff\xfe"])
def test_a_typed_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        typed(body, Body)
    assert caught.value.code == "invalid_json"


def test_a_typed_body_that_is_too_deep_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        typed(b'{"x":' * 100_000 + b"1" + b"}" * 100_000, dict)
    assert caught.value.code == "invalid_json"


def test_a_whole_number_may_be_written_with_a_point() -> None:
    class Count(msgspec.Struct):
        number: int

    assert typed(b'{"number": 3.0}', Count).number == 3
    assert typed(b'{"number": 3e2}', Count).number == 300
    for text in (b'{"number": 3.5}', b'{"number": 1e300}', b'{"number": "3"}'):
        with pytest.raises(RequestError):
            typed(text, Count)


@pytest.mark.parametrize("body", [b"[\xef\xbf\xbd$\xef\x1c", b"[x", b"[1.", b"  [ ?]"])
def test_an_array_of_nothing_that_begins_like_an_event_is_no_body(body: bytes) -> None:
    with pytest.raises(RequestError) as refused:
        events_from(body, "application/json", 100)
    assert refused.value.code == "invalid_json"


def test_an_event_that_was_torn_alone_in_its_array_is_kept() -> None:
    (event,) = events_from(b'[{"customer": "ann", "event": ', "application/json", 100)
    assert isinstance(event, Unreadable)
