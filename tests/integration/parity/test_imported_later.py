"""History that is imported while the engine runs: what was decided before it is told, and decided again, as
it was."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from engine.model.values import DAY, HOUR, SECOND
from engine.runtime.actions.recorder import recording
from engine.runtime.audit.replaying import replay
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.reports.explaining import Explainer

START = 1_772_409_600_000_000  # 2026-03-02, a Monday
IMPORTED, RELEASED, END = START + 10 * DAY + 9 * HOUR, START + 14 * DAY, START + 18 * DAY

FILES = {
    "holdfast.yaml": "name: Shop\ntimezone: Europe/Berlin\n",
    "rules/facts.yaml": """
facts:
  plan: {type: text, default: free}
  orders: {count: order}
  orders_60d: {count: order, over: 60d}
  team_orders: {on: account, count: order}
subscriptions: {of: contract, id: id, mrr: mrr, ends: ends}
events:
  order: {total: {type: number}}
  contract: {id: text, mrr: number, ends: time}
""",
    "rules/keen.yaml": """
segment: keen
enter_if: customer.orders_60d >= 2
leave_if: customer.orders_60d == 0
""",
    "rules/daily.yaml": """
rule: daily
when: {schedule: daily at 07:00}
if: customer.orders >= 1
then: [{run: noting}]
""",
    "rules/many.yaml": """
rule: many
when: {schedule: daily at 07:00}
if: customer.orders >= 100
then: [{run: noting}]
""",
    "rules/bought.yaml": """
rule: bought
when: {event: order}
if: "'keen' in customer.segments or customer.orders < 3"
then: [{run: noting}]
""",
    "rules/team-daily.yaml": """
rule: team-daily
on: account
when: {schedule: daily at 08:00}
if: customer.team_orders >= 1
then: [{run: team-noting}]
""",
    "workflows/noting.yaml": """
workflow: noting
class: service
reentry: always
steps: [{do: event.emit, with: {event: told}}]
""",
    "workflows/team-noting.yaml": """
workflow: team-noting
on: account
class: service
reentry: always
steps: [{do: event.emit, with: {event: told}}]
""",
}


def order(customer: str, number: int, **more: Any) -> dict[str, Any]:
    return {"customer": customer, "event": "order", "id": f"{customer}-{number}", "total": 5, **more}


def past(customer: str, number: int, days: int, **more: Any) -> dict[str, Any]:
    return order(customer, number, at=(START - days * DAY) / SECOND, **more)


@pytest.fixture
def explainer(tmp_path: Path) -> Generator[Explainer]:
    """A shop that ran for ten days, learnt what had been before it, and was released once more."""
    clock = VirtualClock(START)
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    with open_engine(tmp_path, clock) as engine:
        engine.ingest([order("ana", 1), order("bob", 1, account="acme")], source="shop").result()
        engine.run_until(IMPORTED)
        history = [
            *(past("ana", 10 + days, days) for days in (3, 20, 40)),
            past("cem", 1, 2),
            past("bob", 2, 9, account="acme"),
            {"customer": "ana", "event": "contract", "id": "c", "mrr": 7, "at": (START - 30 * DAY) / SECOND,
             "ends": (START - 8 * DAY) / SECOND},
        ]  # fmt: skip
        engine.import_events(history, source="past", history=True)
        engine.run_until(START + 12 * DAY)
        engine.ingest([order("ana", 2), order("cem", 2), order("bob", 3)], source="shop").result()
        engine.run_until(RELEASED)
    (tmp_path / "rules/daily.yaml").write_text(FILES["rules/daily.yaml"].replace(">= 1", ">= 2"))
    with open_engine(tmp_path, clock) as engine:
        engine.run_until(END)
        yield Explainer(engine.store, lambda: engine.ruleset)


def open_engine(folder: Path, clock: VirtualClock) -> Engine:
    return Engine.open(folder, f"sqlite:///{folder}/past.db", clock, actions=recording()[0], work=False)


def orders_seen(explainer: Explainer, customer: str, at: int) -> Any:
    (line,) = explainer.rule("many", customer, at).lines
    return line.values["customer.orders"]


def test_what_was_decided_before_and_after_is_decided_again_byte_for_byte(explainer: Explainer) -> None:
    found = replay(explainer.store, explainer)
    assert (found.different, found.differences) == (0, [])
    assert found.equal > 50


def test_a_rule_is_told_by_what_was_known_then(explainer: Explainer) -> None:
    # given a customer of whom three orders were imported on the tenth day
    # when it is asked why before the import and after it
    seen = [orders_seen(explainer, "ana", at) for at in (IMPORTED - 1, IMPORTED + DAY, END)]
    # then what was imported is seen only after it
    assert seen == [1, 4, 5]


def test_before_anything_ran_history_is_told_as_if_it_had_been_known(explainer: Explainer) -> None:
    assert orders_seen(explainer, "ana", START - 10 * DAY) == 2
