"""The worst input that each limit lets in, and what it costs: `python -m tests.hostile.largest` prints it.

Ends with 1 where one is refused, or costs more than a request may and than is told of it in docs/security.md.
Time is that of this process, so that a busy machine changes little; memory is what Python holds at most.
"""

from __future__ import annotations

import gc
import gzip
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from engine.authoring.importing.records import csv_records
from engine.authoring.loader import load
from engine.authoring.reading import LARGEST_FILE, MOST_NODES
from engine.customers.normalise import DEEPEST, LARGEST
from engine.expressions.regex import compiled
from engine.model.message import Message
from engine.runtime.actions.rendering import LONGEST, render
from engine.runtime.people.reaching import MOST_LINES
from tests.examples.broken_files import workspace
from tests.hostile.case import Ground, ground
from tests.hostile.table import LONGEST as QUICK
from tests.hostile.table import MOST


class Largest(NamedTuple):
    """What is let in, how it is `done` once `made`, and what it may cost: seconds and bytes."""

    what: str
    made: Callable[[Ground], Callable[[], Any]]
    seconds: float = QUICK
    most: int = MOST


def _file(place: str, text: str) -> Callable[[Ground], Callable[[], Any]]:
    def made(shop: Ground) -> Callable[[], Any]:
        files = {**workspace(), place: text.encode()}

        def done() -> None:
            found = load(files).errors
            assert not found, found[:3]

        return done

    return made


def _condition(text: str) -> Callable[[Ground], Callable[[], Any]]:
    head = "rule: lapsed\nwhen: {call: yes}\nthen: [{run: rescue, with: {reason: x}}]\n"
    return _file("rules/lapsed.yaml", f"{head}if: {json.dumps(text)}\n")


def _sent(
    body: bytes, path: str = "/v1/events", role: str = "ingest", **head: str
) -> Callable[[Ground], Any]:
    def made(shop: Ground) -> Callable[[], Any]:
        shop.key(role)
        shop.send("", "GET", "/health/live")

        def done() -> None:
            answer = shop.send(role, "POST", path, content=body, headers=head)
            assert answer.status_code == 200, answer.text

        return done

    return made


def _rendered(body: str, **names: object) -> Callable[[Ground], Callable[[], Any]]:
    def made(shop: Ground) -> Callable[[], Any]:
        message = Message(id="hello", subject="Hi", channel="email", body=body)
        return lambda: render(message, names, unsubscribe_url=None)

    return made


def _nested(levels: int, size: int) -> dict[str, Any]:
    found: dict[str, Any] = {"x": "x" * size}
    for _ in range(levels):
        found = {"y": found}
    return found


def _event(number: int, properties: dict[str, Any]) -> dict[str, Any]:
    told = {"customer": f"c{number}", "event": "order_completed", "id": f"e{number}"}
    return {**told, "properties": properties}


def _line(shop: Ground) -> Callable[[], Any]:
    folder = Path(tempfile.mkdtemp(prefix="holdfast-largest-"))
    path = folder / "wide.csv"
    cell, columns = "x" * 131_000, 50
    names = ",".join(f"c{number}" for number in range(columns))
    path.write_text(f"{names}\n{','.join([cell] * columns)}\n")

    def done() -> None:
        ((_, cells),) = csv_records(path, columns)
        assert isinstance(cells, list) and len(cells) == columns

    return done


def _pattern(shop: Ground) -> Callable[[], Any]:
    pattern = "(é?){250}z"

    def done() -> None:
        assert compiled(pattern).search("é" * (LARGEST // 2)) is None

    return done


BATCH = json.dumps([_event(number, _nested(3, 5_000)) for number in range(1000)]).encode()
DEEP = json.dumps([_event(0, _nested(DEEPEST - 3, LARGEST - 700))]).encode()
MANY = json.dumps([_event(number, {"total": 500}) for number in range(1000)]).encode()
LIST = ("address\n" + "".join(f"a{number}@example.com\n" for number in range(MOST_LINES))).encode()
FACTS = "facts:\n" + "".join(f"  f{number}: {{type: number}}\n" for number in range(MOST_NODES // 5))
REMARKS = "facts: {more: {type: text}}\n" + "# x\n" * (LARGEST_FILE // 4 - 100)

CASES = [
    Largest("a file of 1 MiB, nearly all comment", _file("rules/more.yaml", REMARKS)),
    Largest("a file of nearly 50,000 nodes", _file("rules/more.yaml", FACTS), seconds=1.0),
    Largest("an expression 49 levels deep", _condition("(" * 49 + "customer.orders > 1" + ")" * 49)),
    Largest("an expression of 500 tokens", _condition(" or ".join(["customer.orders > 1"] * 80))),
    Largest("a pattern of many ways on a text of 64 KB", _pattern),
    Largest(
        "a template that takes all of its fuel", _rendered("{% for a in range(9000) %}{{ a }}{% endfor %}")
    ),
    Largest("a message of nearly 256 KB", _rendered("x " * (LONGEST // 2 - 4000))),
    Largest("a body of 5 MB, 1,000 events", _sent(BATCH)),
    Largest("the same as gzip", _sent(gzip.compress(BATCH))),
    Largest("1,000 events that each set a rule off", _sent(MANY), seconds=1.0),
    Largest("an event of 64 KB, 29 levels deep", _sent(DEEP)),
    Largest("a line of 6.5 MB of a CSV file", _line),
    Largest(
        "a list of 5,000 suppressions",
        _sent(LIST, "/v1/suppressions/import", "operator", **{"Content-Type": "text/csv"}),
        seconds=5.0,
    ),
]


def cost(case: Largest, folder: Path) -> tuple[float, int]:
    """Give the seconds of this process's time, and the bytes that it holds at most, each of a fresh shop."""
    with ground(folder / "timed") as shop:
        done = case.made(shop)
        gc.collect()
        began = time.process_time()
        done()
        seconds = time.process_time() - began
    with ground(folder / "held") as shop:
        done = case.made(shop)
        tracemalloc.start()
        try:
            done()
            return seconds, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def main() -> int:
    """Print the table."""
    wrong = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            seconds, most = cost(case, Path(folder))
        bad = seconds > case.seconds or most > case.most
        wrong += bad
        print(
            f"{'!' if bad else ' '} {case.what:44} {seconds * 1000:8.1f} ms {most / 1e6:8.1f} MB", flush=True
        )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
