"""The command line of script/torture."""

from __future__ import annotations

import argparse
import random
import sys

import msgspec

from tests.crash.faults import redis_faults
from tests.crash.torture import torture


def main(arguments: list[str] | None = None) -> int:
    """Torture as told; 0 where nothing was lost, and nothing done twice but what was on its way."""
    parser = argparse.ArgumentParser(
        prog="script/torture",
        description="Kill processes under load, at random, and count what they have come to.",
    )
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--kills", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, help="draw the same orders and victims again")
    parser.add_argument(
        "--redis-faults", type=float, metavar="SECONDS",
        help="instead of kills: flush Redis every 2 s, kill it every 5 s, and measure what that costs",
    )  # fmt: skip
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="rounds that go on side by side")
    parser.add_argument("--json", action="store_true", help="print nothing but the last line")
    asked = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed

    def tell(line: str) -> None:
        if not asked.json:
            print(line, flush=True)

    tell(f"seed {seed}")
    report = (
        torture(asked.store, asked.kills, seed, tell, asked.at_once)
        if asked.redis_faults is None
        else redis_faults(asked.redis_faults, seed, tell)
    )
    for problem in report.problems:
        print(problem, file=sys.stderr)
    report.problems.clear()
    print(msgspec.json.encode(report).decode())
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
