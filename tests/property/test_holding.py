"""A simulation that holds what it knows decides as one that reads every fact anew at every look."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.authoring.demo import RawDelivery, generate
from engine.authoring.loader import load_folder, require
from engine.authoring.receiving import Reception
from engine.authoring.simulate import Simulation
from engine.decisions.decision import encode
from engine.decisions.standing import encode as encode_standing
from engine.timeline.ruleset import Ruleset, compile_ruleset

STARTER = Path(__file__).resolve().parents[2]


@cache
def starter() -> Ruleset:
    return compile_ruleset(require(load_folder(STARTER)))


def told(simulation: Simulation) -> Iterator[object]:
    yield from (encode(decision) for decision in simulation.changes.decisions)
    yield simulation.changes.memberships
    yield simulation.changes.counts
    yield simulation.changes.runs
    yield [event for event in simulation.changes.events if event.name == "band_changed"]
    for name, member in sorted(simulation.cast.members.items()):
        yield name, encode_standing(member.standing)


def about(delivery: RawDelivery) -> list[str]:
    return [delivery.body[key] for key in ("customer", "anonymous_id") if key in delivery.body]


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000), every=st.integers(24, 30), first=st.integers(0, 8))
def test_what_is_held_changes_no_decision(seed: int, every: int, first: int) -> None:
    # Given a base's history, played once as it is, and once so that no fact is held: some are put in by hand
    demo = generate(seed, 260, 120)
    names = sorted({name for delivery in demo.events for name in about(delivery)})
    some = frozenset(names[first::every])
    holding, anew = Simulation(starter()), Simulation(starter(), given=lambda customer: {})
    for simulation in (holding, anew):
        reception = Reception(simulation, keep=False)
        for delivery in demo.events:
            if some.isdisjoint(about(delivery)):
                continue
            reception.receive(delivery.body, delivery.received_at)
        simulation.advance(demo.end)
    # Then decisions, memberships, bands, runs and standings are the same to the last byte
    assert list(told(holding)) == list(told(anew))
