"""Cases on both databases: timers that fall into a standstill, restarts between, and acts that come again."""

from collections import Counter
from pathlib import Path

import pytest

from engine.errors import ConflictError
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.runtime.conftest import START

LADDER = """
ladder: care
owner: shop
levels:
  - {tell: care@example.com, within: 4h}
  - {tell: head@example.com, within: 4h}
resolve_within: {normal: 1d}
warn_before: 1h
"""
RULE = """
rule: trouble
owner: shop
when: {event: trouble}
then:
  - do: case.open
    with: {ladder: care, title: In trouble}
"""
TROUBLE = {"customer": "ann", "event": "trouble", "id": "t1"}


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "rules/care.yaml").write_text(LADDER.lstrip())
    (folder / "rules/trouble.yaml").write_text(RULE.lstrip())
    return folder


def recorded(engine: Engine) -> Counter[str]:
    """How often each event of the case was recorded."""
    with engine.store.reader() as reader:
        return Counter(event.name for event in reader.events_of(["ann"]) if event.name.startswith("case_"))


def test_every_timer_comes_once_over_restarts(open_engine, clock: VirtualClock, recorders) -> None:
    # given a case, and an engine that is closed after each hour
    actions, deliveries = recorders
    engine = open_engine(actions)
    engine.ingest([TROUBLE], source="shop").result()
    for hour in range(1, 27):
        engine.close()
        engine = open_engine(actions)
        engine.run_until(START + hour * HOUR)

    # then each level was told once, and each event recorded once
    assert [sent.recipient for sent in deliveries["case.tell"].deliveries] == [
        "care@example.com", "head@example.com",
    ]  # fmt: skip
    assert recorded(engine) == {
        "case_opened": 1, "case_exhausted": 1, "case_breach_near": 1, "case_breached": 1,
    }  # fmt: skip
    # and each at its own hour
    with engine.store.reader() as reader:
        (case,) = reader.cases()
    assert [(each.what, (each.at - START) // HOUR) for each in case.history] == [
        ("opened", 0), ("told", 0), ("told", 4), ("exhausted", 8), ("breach_near", 23), ("breached", 24),
    ]  # fmt: skip
    assert engine.doctor()["exhausted_cases"] == engine.doctor()["breached_cases"] == 1
    engine.close()


def test_what_fell_due_while_nothing_ran_is_made_up_for(open_engine, clock: VirtualClock, recorders) -> None:
    actions, _ = recorders
    engine = open_engine(actions)
    engine.ingest([TROUBLE], source="shop").result()
    engine.close()
    clock.move_to(START + 2 * DAY)
    engine = open_engine(actions)
    engine.run_until(START + 2 * DAY)
    assert recorded(engine)["case_breached"] == recorded(engine)["case_exhausted"] == 1
    with engine.store.reader() as reader:
        (case,) = reader.cases()
    assert [(each.at - START) // HOUR for each in case.history if each.what == "breached"] == [24]
    engine.close()


def test_a_closed_case_is_opened_again_after_a_restart(open_engine, clock: VirtualClock, recorders) -> None:
    # given a case that was resolved before the engine was closed
    actions, deliveries = recorders
    engine = open_engine(actions)
    engine.ingest([TROUBLE], source="shop").result()
    with engine.store.reader() as reader:
        (case,) = reader.cases()
    engine.resolve_case(case.id, "sam@example.com").result()
    engine.close()

    # when it is opened again
    engine = open_engine(actions)
    clock.move_to(START + 3 * DAY)
    again = engine.act_on_case(case.id, "reopened", "sam@example.com", reason="it came back").result()

    # then its ladder and its clock begin anew, and the first level is told once more
    assert (again.status, again.resolve_due) == ("open", START + 4 * DAY)
    with pytest.raises(ConflictError):
        engine.act_on_case(case.id, "reopened", "sam@example.com").result()
    engine.run_until(START + 3 * DAY)
    assert [sent.recipient for sent in deliveries["case.tell"].deliveries] == ["care@example.com"] * 2
    assert engine.case(case.id).case.history[-1].what == "told"
    assert engine.doctor()["balanced"]
    engine.close()


def test_a_case_goes_with_its_customer_into_another(open_engine, clock: VirtualClock, recorders) -> None:
    # given a closed and an open case of a customer who turns out to be somebody else
    engine = open_engine(recorders[0])
    engine.ingest([TROUBLE, {"customer": "bob", "event": "seen", "id": "s"}], source="shop").result()
    with engine.store.reader() as reader:
        (first,) = reader.cases()
    engine.resolve_case(first.id, "sam@example.com").result()
    engine.merge_customers("bob", "ann", "sam@example.com").result()

    # then it can still be opened again, and is the other's
    again = engine.act_on_case(first.id, "reopened", "sam@example.com").result()
    assert (again.customer, again.status) == ("bob", "open")
    assert set(engine.case(first.id).now) == {"owns", "value", "more", "segments", "health"}
