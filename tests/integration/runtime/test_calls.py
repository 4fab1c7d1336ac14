"""Calls that come together are decided together: in their order, and none at another's cost."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConflictError, NotFoundError
from engine.runtime.engine import Engine
from tests.integration.runtime.conftest import Opener

ONCE = """
rule: once
owner: desk
status: live
when: {call: yes}
if: event.value >= 10
at_most: 1 per 30d
then:
  - do: customer.set
    with: {plan: called}
"""


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "rules" / "once.yaml").write_text(ONCE.lstrip())
    return folder


def together(engine: Engine, *calls: tuple[str, str, dict[str, Any], str]) -> list[Future[Any]]:
    """Make calls while the writer has much else to do, so that they wait and are gathered."""
    much = [{"customer": f"c{number}", "event": "visited", "id": f"v{number}"} for number in range(500)]
    engine.ingest(much, source="shop")
    return [engine.trigger(rule, customer, event, key=key) for rule, customer, event, key in calls]


def test_the_first_of_two_calls_for_a_customer_fires_and_the_second_may_not(open_engine: Opener) -> None:
    engine = open_engine()

    futures = together(
        engine, *[("once", "ann", {"value": 12}, f"k{number}") for number in range(6)],
        ("once", "bob", {"value": 12}, "k"), ("once", "cy", {"value": 1}, "k"),
    )  # fmt: skip

    outcomes = [future.result().outcome.value for future in futures]
    assert outcomes == ["fired", *["at_most"] * 5, "fired", "not_met"]


def test_they_come_out_again_in_the_order_in_which_they_were_made(open_engine: Opener) -> None:
    # given calls whose order decides which of them fires
    engine = open_engine()
    for future in together(engine, *[("once", "ann", {"value": 12}, f"k{number}") for number in range(6)]):
        future.result()

    # when an auditor decides them again
    found = engine.replay_audit()

    # then each is what it was
    assert found.differences == []
    assert found.equal >= 6


def test_a_call_that_is_refused_costs_its_neighbours_nothing(open_engine: Opener) -> None:
    engine = open_engine()

    first, unknown, again, last = together(
        engine,
        ("once", "ann", {"value": 12}, "k1"),
        ("nothing", "ann", {"value": 12}, "k2"),
        ("once", "ann", {"value": 12}, "k1"),
        ("once", "bob", {"value": 12}, "k3"),
    )

    assert first.result().outcome.value == last.result().outcome.value == "fired"
    with pytest.raises(NotFoundError):
        unknown.result()
    with pytest.raises(ConflictError):
        again.result()
    assert engine.doctor()["balanced"]
