"""The table of bad inputs: `python -m tests.hostile.table` prints what each got, and what it cost.

Ends with 1 where an answer is not the one that is wanted, or costs too much.
"""

from __future__ import annotations

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hostile import doors, events, exports, files, links, outbound, requests, webhooks
from tests.hostile.case import Case, Ground, ground

CASES: list[Case] = [
    *requests.CASES,
    *events.CASES,
    *doors.CASES,
    *files.CASES,
    *outbound.CASES,
    *webhooks.CASES,
    *links.CASES,
    *exports.CASES,
]

LONGEST = 0.2
"""Seconds of this process's time that one may take."""

MOST = 100 * 1024 * 1024
"""Bytes of memory that one may take."""


INSIDE = frozenset(("files", "expressions", "templates", "outbound", "exports", "checkpoints"))
"""Areas whose cases need no shop that is open."""


@contextmanager
def shop_of(case: Case, shared: Ground) -> Iterator[Ground]:
    """Give the shop that a case is put to: one of its own where it is alone in it, open already."""
    if not case.alone:
        yield shared
        return
    with tempfile.TemporaryDirectory() as folder, ground(Path(folder)) as shop:
        if case.area not in INSIDE:
            shop.http  # noqa: B018
        yield shop


def cost(case: Case, shop: Ground) -> tuple[str, float]:
    """Give what a case got, and its seconds of this process's time."""
    began = time.process_time()
    got = case.got(shop)
    return got, time.process_time() - began


def held(case: Case, shop: Ground) -> int:
    """Give the most bytes that a case holds at once."""
    tracemalloc.start()
    try:
        case.got(shop)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> int:
    """Print the table."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, ground(Path(folder), webhooks.files()) as shared:
        shared.http  # noqa: B018
        for number, case in enumerate(CASES, 1):
            with shop_of(case, shared) as shop:
                most = held(case, shop)
            with shop_of(case, shared) as shop:
                got, seconds = cost(case, shop)
            bad = got != case.wanted or seconds > LONGEST or most > MOST
            wrong += bad
            wanted = "" if got == case.wanted else case.wanted
            print(
                f"{'!' if bad else ' '} {number:3} {case.area:12} {case.what:52} {got:30}"
                f" {wanted:30} {seconds * 1000:6.1f} ms {most / 1e6:6.1f} MB",
                flush=True,
            )
    print(f"{len(CASES)} bad inputs, {wrong} of which got another answer than wanted, or cost too much")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
