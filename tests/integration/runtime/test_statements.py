"""How many statements the engine's own work takes: as many for many customers as for few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine as Database
from sqlalchemy import event

from engine.model.values import DAY
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.store.sqlite import Straight
from tests.integration.runtime.conftest import START


@contextmanager
def statements() -> Iterator[list[str]]:
    """Give the statements that are run meanwhile; what is run of many rows at once is one."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    usual = Straight.run, Straight.run_many

    def run(driver: Straight, connection: Any, text: str, values: Any) -> Any:
        seen.append(text)
        return usual[0](driver, connection, text, values)

    def run_many(driver: Straight, connection: Any, text: str, rows: Any) -> int:
        seen.append(text)
        return usual[1](driver, connection, text, rows)

    event.listen(Database, "before_cursor_execute", note)
    # SQLite's driver is given most of them straight.
    Straight.run, Straight.run_many = run, run_many  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Straight.run, Straight.run_many = usual  # type: ignore[method-assign]
        event.remove(Database, "before_cursor_execute", note)


def leave_carts(engine: Engine, kind: str, number: int) -> None:
    """Let so many customers leave a cart behind, as one batch."""
    carts = [
        {
            "customer": f"{kind}-{each}",
            "event": "cart_updated",
            "id": f"{kind}-{each}",
            "cart_id": "c",
            "total": 1,
        }
        for each in range(number)
    ]
    engine.ingest(carts, source="shop").result()


def test_runs_begin_and_end_in_as_many_statements_for_many_customers_as_for_few(
    open_engine, clock: VirtualClock
) -> None:
    engine = open_engine()
    taken = {}
    for day, (kind, number) in enumerate((("few", 3), ("many", 40))):
        clock.move_to(START + 10 * day * DAY)
        leave_carts(engine, kind, number)
        clock.move_to(clock.now() + DAY + 1)
        with statements() as begun:
            engine.tick()
        for _ in range(3):
            engine.tick()
        orders = [
            {"customer": f"{kind}-{each}", "event": "order_completed", "id": f"{kind}-o-{each}", "total": 1}
            for each in range(number)
        ]
        with statements() as ended:
            engine.ingest(orders, source="shop").result()
        taken[kind] = sorted(begun), sorted(ended)

    assert [*map(len, taken["few"])] == [*map(len, taken["many"])]


def test_a_run_that_goes_on_and_its_customer_write_no_index_that_stays_as_it_is(
    open_engine, clock: VirtualClock, recorders: tuple[Actions, dict[str, Recorder]]
) -> None:
    # An index is written anew for each of its columns that is set, even to the same.
    # given a customer who gets a message about a cart
    actions, _ = recorders
    engine = open_engine(actions)
    traits = {"email": "ann@example.com", "marketing_email": True}
    known = {"customer": "ann-0", "event": "identify", "id": "i", "traits": traits}
    engine.ingest([known], source="shop", may_grant=True).result()
    leave_carts(engine, "ann", 1)
    clock.move_to(clock.now() + DAY + 1)

    with statements() as seen:
        while engine.tick():
            pass

    columns = {
        table: {
            name.partition("=")[0].strip()
            for statement in seen
            if statement.startswith(f"UPDATE {table} SET ")
            for name in statement.removeprefix(f"UPDATE {table} SET ").partition(" WHERE ")[0].split(",")
            if "=" in name
        }
        for table in ("run", "customer")
    }
    assert columns["run"] == {"status", "due", "goal_at", "seq", "document"}
    assert "id" not in columns["customer"] and "next_due" in columns["customer"]
