"""A round of many customers on a real SQLite file: few commits, and nothing depends on how they are cut."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as Database
from sqlalchemy import event

from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.tick import BATCH, tick
from tests.integration.runtime.conftest import START

CUSTOMERS = 2 * BATCH + 100
WORKSPACE = {
    "holdfast.yaml": "name: Test shop\ntimezone: UTC\n",
    "rules/facts.yaml": "facts:\n  seats: {type: number}\n  plan: {type: text}\n  stage: {type: text}\n",
    **{
        f"rules/r{number}.yaml": (
            f"rule: r{number}\nowner: shop\ndescription: One of ten.\nwhen: {{schedule: daily at 06:00}}\n"
            f"if: customer.seats % 20 == {number}\nthen:\n  - do: customer.set\n    with: {{stage: found}}\n"
        )
        for number in range(10)
    },
}


def swept(folder: Path, sweep: Callable[[Engine], Any]) -> Path:
    """A database in which half of the customers were found by a rule of one morning."""
    for path, text in WORKSPACE.items():
        (folder / "workspace" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "workspace" / path).write_text(text)
    clock = VirtualClock(START)
    url = f"sqlite:///{folder / 'holdfast.db'}"
    with Engine.open(folder / "workspace", url, clock, work=False) as engine:
        at = datetime.fromtimestamp(START / 1_000_000, UTC).isoformat()
        told = [
            {
                "event": "identify", "id": f"i{number}", "customer": f"c{number}", "at": at,
                "traits": {"seats": number, "plan": "team"},
            }
            for number in range(CUSTOMERS)
        ]  # fmt: skip
        engine.ingest(told, source="shop").result()
        clock.move_to(START - START % DAY + DAY + 7 * HOUR)
        sweep(engine)
    return folder / "holdfast.db"


def whole(engine: Engine) -> None:
    while engine.tick():
        pass


def by_sevens(engine: Engine) -> None:
    now = engine._shell.instants.take()
    engine._writer.call(lambda: list(iter(lambda: tick(engine._shell, now, 97), 0))).result()


def rows(path: Path, *queries: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return [row for query in queries for row in connection.execute(query).fetchall()]


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count what SQLite runs, by its first word, and by the table where it writes one."""
    found: Counter[str] = Counter()

    def ran(statement: str) -> None:
        words = statement.split(maxsplit=3)
        place = {"INSERT": 2, "UPDATE": 1, "BEGIN": 1}.get(words[0])
        found[" ".join([words[0], *words[place : place + 1]]) if place else words[0]] += 1

    def watch(connection: Any, record: Any) -> None:
        connection.set_trace_callback(ran)

    event.listen(Database, "connect", watch)
    try:
        yield found
    finally:
        event.remove(Database, "connect", watch)


def test_a_sweep_leaves_in_memory_those_who_were_there(tmp_path: Path) -> None:
    # given an engine that was opened anew, to which one customer has come
    path = swept(tmp_path, lambda engine: None)
    clock = VirtualClock(START - START % DAY + DAY + 5 * HOUR)
    with Engine.open(tmp_path / "workspace", f"sqlite:///{path}", clock, work=False) as engine:
        event = {"event": "identify", "id": "now", "customer": "c7", "traits": {"plan": "pro"}}
        engine.ingest([event], source="shop").result()
        # when a round of everybody has come
        clock.move_to(START - START % DAY + DAY + 7 * HOUR)
        whole(engine)
        # then that customer is still there, and beside them at most those of the last commit
        kept = engine._shell.members._kept
        assert "c7" in kept
        assert len(kept) <= 1 + CUSTOMERS % BATCH


EVERYTHING = (
    "SELECT id, trigger_key, at, outcome, document FROM decision ORDER BY id",
    "SELECT seq, customer, name, message_id, properties FROM event ORDER BY seq",
    "SELECT rule, hour, outcome, number FROM decision_count ORDER BY rule, hour, outcome",
    "SELECT id, version, next_due, hot, standing FROM customer ORDER BY id",
    "SELECT number, kind, ref, at FROM leaf ORDER BY number",
)


def test_how_a_sweep_is_cut_into_commits_changes_nothing(tmp_path: Path) -> None:
    # given the same morning, swept whole and in small steps
    one, many = swept(tmp_path / "one", whole), swept(tmp_path / "many", by_sevens)
    # then decisions, events, counts, customers and the order of the record are the same
    assert len(rows(one, EVERYTHING[0])) == CUSTOMERS // 2
    assert rows(one, *EVERYTHING) == rows(many, *EVERYTHING)


def test_a_sweep_takes_few_statements_for_many_customers(tmp_path: Path) -> None:
    # given a morning of as many customers as three commits take
    swept_by: Counter[str] = Counter()
    with counting() as found:

        def sweep(engine: Engine) -> None:
            found.clear()
            whole(engine)
            swept_by.update(found)

        swept(tmp_path / "one", sweep)
    # then each of them is written once, what is counted of a rule once a commit, and few questions are asked
    assert (swept_by["UPDATE customer"], swept_by["INSERT decision"]) == (CUSTOMERS, CUSTOMERS // 2)
    assert swept_by["INSERT decision_count"] == 3 * 10
    assert swept_by["BEGIN IMMEDIATE"] == 3
    assert swept_by["SELECT"] < 3 * 30
