"""`python -m tests.contract.rule_engine_suite FOLDER` compares, prints, and tells by its exit code.

FOLDER is a checkout of rule-engine, or what holds its `tests`. The suite is not in any package that a
registry has, and nothing of it is kept here.
"""

import argparse
import sys
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
        f"  outside of Holdfast's language: {tally.left_out.total():,}",
        *(f"    {count:>5,}  {reason}" for reason, count in tally.left_out.most_common()),
        f"texts that both refuse: {tally.refused:,}",
        f"differences: {len(tally.differences)}",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
