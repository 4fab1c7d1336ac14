"""A rule is explained from where another replay stood, and told as playing everything would tell it."""

from __future__ import annotations

from typing import Any

from hypothesis import event as note
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.authoring.explaining.keeping import Snapshots
from engine.authoring.explaining.record import Record
from engine.customers.event import Event
from engine.model.values import DAY, HOUR, Micros
from engine.timeline.world import Outage
from tests.property.lives import LIVES, RULES, START, instants, lives, record_of, told

OUTAGES: list[list[Outage]] = [[], [(START + 3 * DAY + HOUR, START + 8 * DAY)]]
asked = st.lists(st.tuples(instants, st.sampled_from(sorted(RULES))), min_size=2, max_size=6)


@settings(max_examples=80)
@given(
    events=lives(least=8),
    questions=asked,
    files=st.sampled_from(sorted(LIVES)),
    moved=st.lists(instants, min_size=2, max_size=2, unique=True).map(sorted),
    outages=st.sampled_from(OUTAGES),
    spacing=st.integers(1, 4),
)
def test_going_on_from_a_snapshot_changes_nothing(
    events: list[Event],
    questions: list[tuple[Micros, str]],
    files: str,
    moved: list[Micros],
    outages: list[Outage],
    spacing: int,
) -> None:
    # given snapshots that are made and gone on from as questions come, of any moment in any order
    snapshots = Snapshots(spacing)
    for customer in sorted({event.customer for event in events}):
        record = record_of(files, moved, [e for e in events if customer in (e.customer, e.account)], outages)
        for at, rule in questions:
            # when it is asked why
            found = told(rule, customer, at, record, snapshots=snapshots)
            # then it is told as if everything had been played from the beginning
            assert found == told(rule, customer, at, record, sparing=False), (rule, at)
    note("some were gone on from" if snapshots.gone_on_from else "none was gone on from")


@settings(max_examples=40)
@given(
    events=lives(least=8),
    files=st.sampled_from(sorted(LIVES)),
    moved=st.lists(instants, min_size=2, max_size=2, unique=True).map(sorted),
    at=instants,
    rule=st.sampled_from(sorted(RULES)),
    other=st.integers(0, 3),
    data=st.data(),
)
def test_a_snapshot_of_another_past_is_not_gone_on_from(
    events: list[Event],
    files: str,
    moved: list[Micros],
    at: Micros,
    rule: str,
    other: int,
    data: Any,
) -> None:
    # given snapshots of a customer
    customer = events[0].customer
    own = [event for event in events if customer in (event.customer, event.account)]
    snapshots = Snapshots(1)
    told(rule, customer, at, record_of(files, moved, own, []), snapshots=snapshots)
    # when the past is another one: less had happened, other files were live, or nothing ran for a while
    record = _otherwise(other, data, files, moved, own)
    # then it is told of that one
    found = told(rule, customer, at, record, snapshots=snapshots)
    assert found == told(rule, customer, at, record, sparing=False)


def _otherwise(other: int, data: Any, files: str, moved: list[Micros], own: list[Event]) -> Record:
    if other == 0:
        left_out = data.draw(st.integers(0, len(own) - 1))
        return record_of(files, moved, [*own[:left_out], *own[left_out + 1 :]], [])
    if other == 1:
        return record_of(data.draw(st.sampled_from(sorted(LIVES))), moved, own, [])
    if other == 2:
        return record_of(files, [each + HOUR for each in moved], own, [])
    return record_of(files, moved, own, OUTAGES[1])
