"""Figures of closed periods in versions, what was frozen of goals, and the reads that metrics need."""

import msgspec
import pytest

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.records import FigureRow, GoalRow
from tests.integration.store import rows


def figure(metric: str, version: int = 1, grouping: str = "", start: int = 0) -> FigureRow:
    return FigureRow(
        metric=metric,
        start=start,
        end=100,
        grouping=grouping,
        version=version,
        computed_at=200 + version,
        why="closed",
        seq=7,
        figure=f"{metric}{version}".encode(),
    )


def test_versions_of_a_figure_stand_beside_one_another(store: Store) -> None:
    with store.begin() as writer:
        for one in (figure("crr", 2), figure("crr"), figure("nps"), figure("crr", 1, "loyal")):
            writer.add_figure(one)
        writer.add_figure(figure("crr", start=50))

    with store.reader() as reader:
        assert reader.figures(0, 100) == [
            figure("crr"), figure("crr", 2), figure("crr", 1, "loyal"), figure("nps"),
        ]  # fmt: skip
        assert reader.figures(0, 100, "nps") == [figure("nps")]
        assert reader.figures(0, 99) == []
    with pytest.raises(StoreError, match="figure"), store.begin() as writer:
        writer.add_figure(figure("crr", 2))


def test_a_goals_baseline_is_kept_and_its_end_is_added(store: Store) -> None:
    created = GoalRow(goal="faster", terms="abc", created_at=10, baseline=b"24h")
    with store.begin() as writer:
        writer.save_goal(created)
    with store.begin() as writer:
        writer.save_goal(GoalRow(goal="faster", terms="abc", created_at=99, baseline=b"no", settled=b"2h"))

    with store.reader() as reader:
        assert reader.goal("faster", "abc") == msgspec.structs.replace(created, settled=b"2h")
        assert reader.goal("faster", "other") is None


def test_events_are_found_by_their_names(store: Store) -> None:
    events = [
        msgspec.structs.replace(rows.event(id), name=name, occurred_at=at)
        for id, name, at in (("1", "order", 30), ("2", "visit", 20), ("3", "order", 10))
    ]
    with store.begin() as writer:
        writer.add_events(events, ["1", "2", "3"])

    with store.reader() as reader:
        assert [event.message_id for event in reader.events_of(["ann"], named={"order"})] == ["1", "3"]
        assert reader.events_of(["ann"], named=[]) == []


def test_what_was_accepted_after_an_event_is_known_by_its_earliest_time(store: Store) -> None:
    with store.reader() as reader:
        assert (reader.last_seq(), reader.earliest_occurred(0)) == (0, None)
    with store.begin() as writer:
        writer.add_events([msgspec.structs.replace(rows.event("1"), occurred_at=10)], ["1"])
    with store.reader() as reader:
        last = reader.last_seq()
    with store.begin() as writer:
        for id, at in (("2", 30), ("3", 20)):
            writer.add_events([msgspec.structs.replace(rows.event(id), occurred_at=at)], [id])

    with store.reader() as reader:
        assert reader.earliest_occurred(last) == 20
        assert reader.earliest_occurred(reader.last_seq()) is None
