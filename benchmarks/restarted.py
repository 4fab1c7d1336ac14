"""An engine opened on a database that is there: how long that takes, what it holds, how late it is.

`python -m benchmarks.restarted WORKSPACE URL PROBES` watches until so many runs have gone on.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from engine.model.values import SECOND
from engine.runtime.engine import Engine

LOOK = 0.005
"""Seconds between two looks at what has happened: a timer may look so much later than it was."""
PATIENCE = 120


def main() -> None:
    """Open, watch, and print the figures."""
    workspace, url, probes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    began = time.perf_counter()
    with Engine.open(workspace, url) as engine:
        engine.next_due()
        restart = time.perf_counter() - began
        late = sorted(watch(engine, probes))
        time.sleep(1)
        figures = {"restart": restart, "resident": resident()}
    if late:
        figures |= {"late_p99": late[len(late) * 99 // 100] / SECOND, "late_max": late[-1] / SECOND}
    print(json.dumps(figures))


def watch(engine: Engine, probes: int) -> list[int]:
    """Give how late each probe's step was seen after it was due, in microseconds.

    Only the last of what happened is read: whoever reads all of it again and again takes from the
    engine beside it the very time that is measured.
    """
    since = engine.clock.now()
    seen, late, until = set[str](), list[int](), time.monotonic() + PATIENCE
    while len(late) < probes:
        if time.monotonic() > until:
            raise TimeoutError(f"only {len(late)} of {probes} timers came")
        time.sleep(LOOK)
        with engine.store.reader() as reader:
            events = reader.events(start=since, limit=10 * probes)
        now = engine.clock.now()
        ended = [event for event in events if event.name == "trial_ended"]
        late += [now - event.occurred_at for event in ended if event.message_id not in seen]
        seen.update(event.message_id for event in ended)
        # What was due meanwhile is seen again: late timers are received when they were due.
        since = max([since, *(event.occurred_at - SECOND for event in ended)])
    return late


def resident() -> int:
    """Give the bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


if __name__ == "__main__":
    main()
