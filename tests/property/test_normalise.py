"""An event means the same whether it is small, and read by the short way, or large, and walked through."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from engine.customers.catalog import build_catalog
from engine.customers.normalise import normalise
from engine.errors import QuarantineError
from tests.customer_facts import at, workspace_of

NOW = at("2026-03-02T09:00")
CATALOG = build_catalog(workspace_of())
PADDING = "x" * 9_000

texts = st.text(st.characters(codec=None), max_size=8) | st.sampled_from(["\0", "\\u0000", "\ud800", "é"])
numbers = (
    st.integers(-(2**70), 2**70)
    | st.floats()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.sampled_from([Decimal("1E-401"), Decimal("9E+18"), 2**63, -(2**63)])
)
values = st.recursive(
    st.none() | st.booleans() | texts | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | st.integers(), inner, max_size=3),
    max_leaves=8,
)


def read(properties: dict[str, Any], **fields: Any) -> Any:
    """Give the properties that an event comes to have, or the code it is refused with."""
    raw = {"event": "seen", "id": "m1", "customer": "ana", "properties": properties, **fields}
    try:
        event = normalise(raw, received_at=NOW, source="test", declared=CATALOG)
    except QuarantineError as error:
        return error.code, error.detail
    return [(name, type(value), str(value)) for name, value in event.properties.items() if name != "padding"]


@given(properties=st.dictionaries(texts.map(lambda text: f"p{text}"), values, max_size=4))
@example(properties={"p": {"a": {"b": {"c": {"d": {"e": 1.50}}}}}})
@example(properties={"p": float("nan")})
def test_a_small_event_means_what_the_same_event_means_among_much_else(properties: dict[str, Any]) -> None:
    short = read(properties)
    long = read(properties, padding=PADDING)

    assert short == long


def test_objects_in_objects_are_refused_beyond_32_levels_however_small_they_are() -> None:
    nested: Any = 1
    for _ in range(40):
        nested = {"a": nested}

    code, _ = read({"p": nested})

    assert code == "too_deep"
