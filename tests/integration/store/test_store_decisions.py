"""Decisions: once per trigger key, found by rule, customer, outcome and time; the others counted."""

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest

from engine.decisions.decision import Decision, encode
from engine.errors import StoreError
from engine.model.reasons import DecisionOutcome
from engine.model.values import DAY, HOUR
from engine.runs.changes import Changes
from engine.store.activity import SpanCount
from engine.store.interface import Reader, Store
from engine.store.records import DecisionCount, DecisionTally
from tests.integration.store import rows


def test_a_decision_comes_back_with_the_same_bytes(store: Store) -> None:
    decision = rows.decision("d-1")
    with store.begin() as writer:
        writer.write(Changes(decisions=[decision]))

    with store.reader() as reader:
        read = reader.decision("d-1")
    assert read == decision
    assert read is not None and encode(read) == encode(decision)


def test_a_second_decision_of_the_same_id_is_refused(store: Store) -> None:
    # Its id is made of what the decision is unique by.
    with store.begin() as writer:
        writer.write(Changes(decisions=[rows.decision("d-1", rule="first")]))

    with pytest.raises(StoreError, match="'d-1'"), store.begin() as writer:
        writer.write(Changes(decisions=[rows.decision("d-1", rule="second")]))
    with store.reader() as reader:
        kept = reader.decision("d-1")
        assert kept is not None and kept.rule == "first"


@pytest.fixture
def reader_of_five(store: Store) -> Iterator[Reader]:
    with store.begin() as writer:
        writer.write(
            Changes(
                decisions=[
                    rows.decision("b", at=20),
                    rows.decision("a", at=20, customer="bob"),
                    rows.decision("c", at=10, rule="other"),
                    rows.decision("d", at=30, outcome=DecisionOutcome.AT_MOST),
                    rows.decision("e", at=40, customer="bob"),
                ]
            )
        )
    with store.reader() as reader:
        yield reader


def test_decisions_come_in_the_order_of_time_and_id(reader_of_five: Reader) -> None:
    assert [each.id for each in reader_of_five.decisions()] == ["c", "a", "b", "d", "e"]
    assert [each.id for each in reader_of_five.decisions(newest=True)] == ["e", "d", "b", "a", "c"]


def test_decisions_are_paged_both_ways(reader_of_five: Reader) -> None:
    assert [each.id for each in reader_of_five.decisions(after=(20, "a"), limit=2)] == ["b", "d"]
    assert [each.id for each in reader_of_five.decisions(after=(20, "b"), newest=True)] == ["a", "c"]


def test_decisions_are_filtered(reader_of_five: Reader) -> None:
    def ids(**filters: object) -> list[str]:
        return [each.id for each in reader_of_five.decisions(**filters)]  # type: ignore[arg-type]

    assert ids(rule="other") == ["c"]
    assert ids(customers=["bob", "nobody"]) == ["a", "e"]
    assert ids(customers=[]) == []
    assert ids(outcome="at_most") == ["d"]
    assert ids(start=20, end=40) == ["a", "b", "d"]
    assert ids(rule="usage-drop", customers=["ann"], start=25) == ["d"]


def test_decisions_of_an_outcome_are_found_and_counted_over_many_days(store: Store) -> None:
    # given decisions on some of twelve days, at their ends and in them, written in two transactions
    at_most, fired = DecisionOutcome.AT_MOST, DecisionOutcome.FIRED
    places = [0, DAY - 1, DAY, 3 * DAY, 3 * DAY + 5, 4 * DAY, 9 * DAY + 7, 9 * DAY + 7, 10 * DAY, 11 * DAY]
    written = [
        rows.decision(
            f"{number:02}",
            rule="other" if number % 3 == 0 else "usage-drop",
            at=at,
            outcome=at_most if number % 2 else fired,
        )
        for number, at in enumerate(places)
    ]
    for some in (written[::2], written[1::2]):
        with store.begin() as writer:
            writer.write(Changes(decisions=some))

    # when they are paged two at a time, or counted, within any bounds
    bounds = [None, 5, DAY, 9 * DAY + 7, 12 * DAY]
    with store.reader() as reader:
        for rule, outcome, start, end, newest in product(
            (None, "other"), (None, "at_most", "error"), bounds, bounds, (False, True)
        ):
            found: list[Decision] = []
            while page := reader.decisions(
                rule=rule,
                outcome=outcome,
                start=start,
                end=end,
                newest=newest,
                after=(found[-1].at, found[-1].id) if found else None,
                limit=2,
            ):
                found += page
            # then they are those that a look at each of them finds
            wanted = [
                each
                for each in written
                if rule in (None, each.rule)
                and outcome in (None, each.outcome.value)
                and (start is None or start <= each.at)
                and (end is None or each.at < end)
            ]
            wanted.sort(key=lambda each: (each.at, each.id), reverse=newest)
            assert found == wanted, (rule, outcome, start, end, newest)
            counted = reader.count_decisions(rule=rule, outcome=outcome, start=start, end=end)
            assert counted == len(wanted), (rule, outcome, start, end)


def test_decisions_that_are_not_rows_are_added_up(store: Store) -> None:
    first, second = Changes(), Changes()
    for rule, at, outcome, number in (
        ("r", 0, "not_met", 3),
        ("r", HOUR, "unknown", 1),
        ("s", 0, "not_met", 2),
    ):
        first.count(rule, at, outcome, number)
    second.count("r", 0, "not_met", 4)
    with store.begin() as writer:
        writer.write(first)
        writer.write(second)

    with store.reader() as reader:
        assert reader.decision_counts(rule="r") == [
            DecisionCount("r", 0, "not_met", 7),
            DecisionCount("r", HOUR, "unknown", 1),
        ]
        assert reader.decision_counts(start=HOUR) == [DecisionCount("r", HOUR, "unknown", 1)]
        assert reader.decision_counts(end=HOUR, rule="s") == [DecisionCount("s", 0, "not_met", 2)]


def test_decisions_are_counted_by_span_and_outcome(store: Store) -> None:
    at_most = DecisionOutcome.AT_MOST
    with store.begin() as writer:
        writer.write(
            Changes(
                decisions=[
                    rows.decision("a", at=0),
                    rows.decision("b", at=9),
                    rows.decision("c", at=10),
                    rows.decision("d", at=10, outcome=at_most),
                    rows.decision("e", at=10, rule="other"),
                    rows.decision("f", at=40),
                ]
            )
        )

    with store.reader() as reader:
        assert reader.decision_spans("usage-drop", [0, 10, 30, 40]) == [
            SpanCount(0, "fired", 2),
            SpanCount(10, "at_most", 1),
            SpanCount(10, "fired", 1),
        ]
        assert reader.decision_spans("nothing", [0, HOUR]) == []
        assert reader.decision_spans("usage-drop", [0]) == []


def test_decisions_of_a_span_are_tallied_by_rule_and_outcome(reader_of_five: Reader) -> None:
    assert reader_of_five.tally_decisions(10, 40) == [
        DecisionTally("other", "fired", 1),
        DecisionTally("usage-drop", "at_most", 1),
        DecisionTally("usage-drop", "fired", 2),
    ]
    assert reader_of_five.tally_decisions(41, 50) == []


def test_decisions_of_a_span_of_days_are_tallied_as_they_are_counted(store: Store) -> None:
    # given decisions on the edges of hours over four days
    outcomes = (DecisionOutcome.FIRED, DecisionOutcome.AT_MOST)
    made = [
        rows.decision(
            f"d{number:03}", at=number * 3 * HOUR, outcome=outcomes[number % 2], rule=f"r{number % 3}"
        )
        for number in range(32)
    ]
    with store.begin() as writer:
        writer.write(Changes(decisions=made))

    # when spans are tallied that begin and end anywhere in these days
    with store.reader() as reader:
        for start, end in product(range(0, 4 * DAY, 5 * HOUR), range(0, 5 * DAY, 7 * HOUR)):
            found = {(each.rule, each.outcome): each.number for each in reader.tally_decisions(start, end)}

            # then each of them is there once
            within = Counter((one.rule, one.outcome.value) for one in made if start <= one.at < end)
            assert found == dict(within)

        # and so are those of a rule by span, wherever the days of a zone begin
        for offset in (0, 1 * HOUR, 11 * HOUR, 13 * HOUR):
            bounds = [offset + day * DAY for day in range(5)]
            kinds = {(each.at, each.kind): each.number for each in reader.decision_spans("r1", bounds)}
            assert kinds == dict(
                Counter(
                    (offset + (one.at - offset) // DAY * DAY, one.outcome.value)
                    for one in made
                    if one.rule == "r1" and one.at >= offset
                )
            )
