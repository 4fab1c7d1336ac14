"""Standings: at which step of each workflow the open runs stand, counted now and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec

from engine.model.values import MINUTE, Micros
from engine.runtime.shell import Shell

FRESH: Micros = MINUTE
"""So long a count is good."""

PAGE = 1000


class Standings(msgspec.Struct, frozen=True):
    """Open runs by (workflow, definition, path) as of an instant."""

    as_of: Micros
    runs: dict[tuple[str, str, str], int]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the open runs of a workflow stand: of its live definition by path, and how many of older ones."""

    workflow: str
    as_of: Micros
    open: int
    steps: dict[str, int]
    older: int


def standings(shell: Shell, now: Micros, going_on: Callable[[], bool] = lambda: True) -> Standings:
    """Count the open runs of every workflow, in one pass; what is broken off is not all of them."""
    runs: Counter[tuple[str, str, str]] = Counter()
    after: tuple[str, str] | None = None
    while going_on():
        # A page a transaction: what is counted for seconds must not hold up what is written.
        with shell.store.reader() as reader:
            page = reader.open_run_page(after, PAGE)
        runs.update((run.workflow, run.definition, run.path) for run in page)
        if len(page) < PAGE:
            break
        after = page[-1].customer, page[-1].id
    return Standings(now, dict(runs))


def standing(found: Standings, workflow: str, definition: str | None) -> Standing:
    """Give what of a count is of one workflow; `definition` is the live one, None where it has none."""
    own = {key: number for key, number in found.runs.items() if key[0] == workflow}
    steps = {path: number for (_, held, path), number in own.items() if held == definition}
    total = sum(own.values())
    return Standing(
        workflow=workflow,
        as_of=found.as_of,
        open=total,
        steps=dict(sorted(steps.items())),
        older=total - sum(steps.values()),
    )
