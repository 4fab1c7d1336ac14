"""The starter policy's order: who sells speaks last, whatever else is to be said to a customer."""

from pathlib import Path
from typing import Any

import pytest

from engine.authoring.loader import load_folder, require
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.timeline.ruleset import Ruleset, compile_ruleset
from tests.customer_facts import at

TRAITS = {"email": "ana@example.com", "marketing_email": True, "plan": "team", "owner": "sam@example.com",
          "timezone": "UTC", "seats": 20, "seats_used": 17}  # fmt: skip
FULL: tuple[str, dict[str, Any]] = ("identify", {"seats_used": 18})


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return compile_ruleset(require(load_folder(Path(__file__).resolve().parents[2])))


def played(ruleset: Ruleset, *happened: tuple[str, str, dict[str, Any]]) -> Simulation:
    """Play what happened to a customer until the evening of the 12th of January."""
    simulation = Simulation(ruleset)
    came = ("2026-01-05T08:00:00", "identify", TRAITS)
    for number, (when, name, properties) in enumerate((came, *happened)):
        now = at(when)
        simulation.feed(
            Event(source="test", message_id=f"e{number}", customer="ana", name=name, occurred_at=now,
                  received_at=now, properties=properties)
        )  # fmt: skip
    simulation.advance(at("2026-01-12T20:00:00"))
    return simulation


def fates(simulation: Simulation) -> list[tuple[str, str | None, object]]:
    """Give how the first message about more seats ended, and because of whom."""
    runs = {run.id for run in simulation.changes.runs.values() if run.workflow == "offer-more-seats"}
    return [
        (one.outcome.value, one.reason, (one.detail or {}).get("because"))
        for one in simulation.changes.attempts
        if one.run in runs and one.verb == "do"
    ]


def test_more_seats_are_offered_where_nothing_else_is_to_be_said(ruleset: Ruleset) -> None:
    simulation = played(ruleset, ("2026-01-06T10:00:00", *FULL))
    assert fates(simulation) == [("executed", None, None)]


@pytest.mark.parametrize(
    ("winner", "before"),
    [
        # an apology that left at 9:30
        ("service-recovery", ("2026-01-06T08:30:00", "survey_answered", {"ticket_id": "t1", "score": 1})),
        # a notice of the renewal in 60 days that left at 9:00
        ("renewal", ("2026-01-05T09:00:00", "identify", {"renewal_date": "2026-03-07"})),
        # a reminder of a cart that is due at 10:30
        ("cart-recovery", ("2026-01-06T06:30:00", "cart_updated", {"cart_id": "c1", "total": 60})),
    ],
)
def test_whoever_has_more_to_say_comes_before_an_offer_of_seats(
    ruleset: Ruleset, winner: str, before: tuple[str, str, dict[str, Any]]
) -> None:
    # given another message of the same hour, when the seats run short
    simulation = played(ruleset, before, ("2026-01-06T10:00:00", *FULL))

    # then the offer is left out, and tells to whom it lost
    assert fates(simulation) == [("skipped", "outranked", winner)]
