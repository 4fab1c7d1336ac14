"""Where the time goes: a row measured once more with py-spy looking on, told as text.

py-spy looks two hundred times a second at every thread that is busy. Kept is what belongs to a path: not
what makes the work and checks the answers, nor any peer, nor what only waits.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

RATE = 200
SHOWN = 40
RESULTS = Path(__file__).parent / "results"

_LINE = re.compile(r":\d+\)$")
_LOADING = "<frozen importlib"
# What waits with a time limit, or in a queue of C, looks busy.
_WAITING = re.compile(
    r"(?:\((?:threading|queue|selectors)\.py|;_worker \([^;]+|;Writer\._run \([^;]+):\d+\)$"
)


class HotPath(msgspec.Struct, frozen=True):
    """A path: what takes it, and what a stack must have in it: a function, or a part of a command.

    A row takes it in its quick form; where that is over too soon for a profile, `over` is a point of
    `points.py` that does it again and again.
    """

    row: str
    within: str
    says: str
    over: tuple[str, int] | None = None

    def arguments(self, folder: Path) -> list[str]:
        """Give what is run, as arguments of Python."""
        if self.over is None:
            return ["-m", "benchmarks", "--quick", "--only", self.row, "--folder", str(folder)]
        point, number = self.over
        return ["-m", "benchmarks.points", "--point", point, "--number", str(number), "--folder", str(folder)]


PATHS: Mapping[str, HotPath] = {
    "evaluation": HotPath(
        "rules_1000", "Index.matching (engine/expressions/", "finding a customer's rules", ("matching", 1_000)
    ),
    "intake": HotPath("intake_http", "api.cli.main serve", "the server while events come in"),
    "trigger": HotPath("trigger_p99", "api.cli.main serve", "the server while rules are called"),
    "steps-sqlite": HotPath("steps_sqlite", "Writer._run (engine/runtime/", "the writer of steps"),
    "sweep-disk": HotPath("sweep_disk_1m_100", "_play_some (engine/runtime/", "a sweep from the disk"),
    "import": HotPath("import_1m", "api.cli.main import", "an import of the past"),
    "backtest": HotPath("backtest_year", "api.cli.main backtest", "a backtest"),
}


def profile(names: Sequence[str], folder: Path, machine: str) -> None:
    """Profile these paths, a file each in `results/`."""
    for name in names:
        path = PATHS[name]
        raw = folder / f"{name}.raw"
        subprocess.run(
            [
                str(Path(sys.executable).with_name("py-spy")), "record", "--rate", str(RATE),
                "--format", "raw", "--subprocesses", "--output", str(raw), "--",
                sys.executable, *path.arguments(folder),
            ],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        file = RESULTS / f"profile-{name}.txt"
        file.write_text(told(name, path, list(stacks(raw.read_text(), path.within)), machine))
        print(f"{name}: {file}")


def stacks(raw: str, within: str) -> Iterator[tuple[list[str], int]]:
    """Give the stacks that belong to a path, functions without lines, each with how often it was seen."""
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        if within in stack and _LOADING not in stack and not _WAITING.search(stack):
            frames = [_LINE.sub(")", frame) for frame in stack.split(";") if not frame.startswith("process ")]
            if frames:
                yield frames, int(count)


def told(name: str, path: HotPath, found: Sequence[tuple[list[str], int]], machine: str) -> str:
    """Give the profile as text: what functions take themselves, and with all that they call."""
    own, whole = Counter[str](), Counter[str]()
    for frames, count in found:
        own[frames[-1]] += count
        for frame in set(frames):
            whole[frame] += count
    total = own.total()
    if not total:
        raise RuntimeError(f"{name}: py-spy saw nothing of {path.within}")
    lines = [
        f"Where the time goes in {path.says}: `sh script/bench --profile {name}`,",
        f"{total:,} samples of py-spy, {RATE} a second, of what `{path.row}` measures.",
        machine,
        "",
        "by themselves",
        *(_share(frame, count, total) for frame, count in own.most_common(SHOWN)),
        "",
        "with what they call",
        *(_share(frame, count, total) for frame, count in whole.most_common(2 * SHOWN)),
    ]
    return "\n".join(lines) + "\n"


def _share(frame: str, count: int, total: int) -> str:
    return f"{count / total:6.1%}  {frame}"
