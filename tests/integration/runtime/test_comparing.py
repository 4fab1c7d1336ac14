"""Reports of experiments: exact where that takes no time, kept for a while where it does."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from engine.errors import NotFoundError, StoreError
from engine.model.values import MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports import comparing, recounting
from engine.runtime.reports.experiments import Report
from engine.runtime.reports.experiments import report as counted
from tests.integration.runtime.conftest import Opener

SOON = 60.0
"""Seconds in which anything is counted."""

THANKS = {
    "rules/ordered.yaml": """
rule: ordered
owner: shop
description: Somebody ordered.
status: live
when: {event: order_completed}
if: event.total > 0
then:
  - run: thanks
""",
    "workflows/thanks.yaml": """
workflow: thanks
owner: shop
class: marketing
description: Thank for an order, and see whether there is another.
reentry: never
holdout: 10%
goal: {event: order_completed, within: 30d}
steps:
  - wait: 1h
""",
}


@pytest.fixture
def engine(open_engine: Opener, folder: Path) -> Engine:
    for name, text in THANKS.items():
        (folder / name).write_text(text.lstrip())
    return open_engine()


def order(engine: Engine, customer: str) -> None:
    event = {"customer": customer, "event": "order_completed", "properties": {"total": 20}}
    engine.ingest([event], source="shop").result()


def came(report: Report) -> int:
    return sum(one.treated.customers + one.control.customers for one in report.comparisons)


def asked(engine: Engine) -> Report:
    return engine.experiment("thanks").result(SOON)


def test_what_is_quick_to_count_is_as_of_now(engine: Engine, clock: VirtualClock) -> None:
    for number, customer in enumerate(("ann", "bob", "cid"), 1):
        order(engine, customer)
        found = asked(engine)
        assert (came(found), found.as_of) == (number, clock.now())


def test_what_takes_long_is_kept_for_a_minute_and_never_older_than_a_quarter_of_an_hour(
    engine: Engine, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a base so large that counting takes long, and a report of it
    monkeypatch.setattr(recounting, "QUICK", 0.0)
    monkeypatch.setattr(recounting, "TIMES", 10**9)
    order(engine, "ann")
    first = asked(engine)
    assert came(first) == 1
    order(engine, "bob")

    # then it is given for a minute
    clock.move_to(clock.now() + MINUTE - 1)
    assert asked(engine) == first

    # and once more after it, while it is counted anew
    clock.move_to(clock.now() + 1)
    assert asked(engine) == first
    engine._reports._of["thanks"].settle()
    second = asked(engine)
    assert (came(second), second.as_of) == (2, clock.now())

    # and when it is older than a quarter of an hour the new one is waited for
    order(engine, "cid")
    clock.move_to(clock.now() + recounting.OLDEST)
    third = asked(engine)
    assert (came(third), third.as_of) == (3, clock.now())


def test_who_asks_while_it_is_counted_gets_that_count(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a count that goes on
    go, begun = Event(), list[str]()

    def slow(*given: object) -> Report:
        begun.append("counted")
        go.wait(SOON)
        return counted(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "report", slow)
    first, second = engine.experiment("thanks"), engine.experiment("thanks")
    assert not first.done()

    # when it is done, then it was counted once
    go.set()
    assert first.result(SOON) == second.result(SOON)
    assert begun == ["counted"]


def test_who_goes_away_takes_the_count_from_nobody(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a count that goes on, for two
    go = Event()

    def slow(*given: object) -> Report:
        go.wait(SOON)
        return counted(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "report", slow)
    first, second = engine.experiment("thanks"), engine.experiment("thanks")

    # when one of them is cut off, then the other still has it
    first.cancel()
    go.set()
    assert came(second.result(SOON)) == 0


def test_what_cannot_be_counted_is_told_and_counted_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*given: object) -> Report:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(comparing, "report", wrong)
        with pytest.raises(StoreError, match="the disk is gone"):
            asked(engine)
    assert came(asked(engine)) == 0


def test_a_workflow_that_is_not_there_is_told_at_once(engine: Engine) -> None:
    with pytest.raises(NotFoundError):
        engine.experiment("nothing")


def test_an_engine_that_is_closed_leaves_nobody_waiting(engine: Engine) -> None:
    engine.close()
    with pytest.raises(StoreError):
        asked(engine)
