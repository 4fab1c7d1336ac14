"""`python -m tests.contract.rule_engine_suite FOLDER` compares, prints, and tells by its exit code.

FOLDER is a checkout of rule-engine, or what holds its `tests`. The suite is not in any package that a
registry has, and nothing of it is kept here.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.contract.rule_engine_suite.running import Tally, run


def main(arguments: Sequence[str]) -> int:
    """Run the suite and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.rule_engine_suite")
    parser.add_argument("folder", type=Path)
    tally = run(parser.parse_args(arguments).folder)
    print(*told(tally), sep="\n")
    for each in tally.differences[:50]:
        print(" ", each)
    for each in tally.failed:
        print("  failed:", each)
    return 1 if tally.differences or not tally.compared else 0


def told(tally: Tally) -> list[str]:
    """Give what came of it as lines."""
    return [
        f"tests of the suite: {tally.tests}, of which {len(tally.failed)} failed, {tally.skipped} skipped",
        f"evaluations in them: {tally.evaluations:,}",
        f"  made by Holdfast too: {tally.compared:,}, of {len(tally.texts):,} texts",
        *_reasons(tally.left_out),
        f"texts that are no constants: {tally.others:,}",
        f"  that Holdfast takes too: {tally.taken:,}",
        *_reasons(tally.not_taken),
        f"texts that both refuse: {tally.refused:,}",
        f"differences: {len(tally.differences)}",
    ]


def _reasons(left_out: Counter[str]) -> list[str]:
    return [
        f"  outside of Holdfast's language: {left_out.total():,}",
        *(f"    {count:>5,}  {reason}" for reason, count in left_out.most_common()),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
