"""How many statements the engine's own work takes: as many for many customers as for few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine as Database
from sqlalchemy import event

from engine.model.values import DAY
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.runtime.conftest import START


@contextmanager
def statements() -> Iterator[list[str]]:
    """Give the statements that are run meanwhile; what is run of many rows at once is one."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(Database, "before_cursor_execute", note)
    try:
        yield seen
    finally:
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
