"""The table of bad inputs: `python -m tests.hostile.table` prints what each got, and what it cost.

Ends with 1 where an answer is not the one that is wanted, or costs too much.
"""

from __future__ import annotations

import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from tests.hostile import doors, events, files, outbound, requests
from tests.hostile.case import Case, Ground, ground

CASES: list[Case] = [
    *requests.CASES,
    *events.CASES,
    *doors.CASES,
    *files.CASES,
    *outbound.CASES,
]

LONGEST = 0.2
"""Seconds of this process's time that one may take."""

MOST = 100 * 1024 * 1024
"""Bytes of memory that one may take."""


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
    for number, case in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as folder, ground(Path(folder)) as shop:
            most = held(case, shop)
        with tempfile.TemporaryDirectory() as folder, ground(Path(folder)) as shop:
            got, seconds = cost(case, shop)
        bad = got != case.wanted or seconds > LONGEST or most > MOST
        wrong += bad
        print(
            f"{'!' if bad else ' '} {number:3} {case.area:12} {case.what:48} {got:36}"
            f" {case.wanted if got != case.wanted else '':30} {seconds * 1000:6.1f} ms {most / 1e6:6.1f} MB"
        )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
