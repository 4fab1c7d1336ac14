"""Comparing: the reports of experiments, counted while one waits where that is quick, and beside it else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Lock

from engine.model.values import MINUTE, Micros
from engine.runtime.reports.experiments import Report, report, workflow_of
from engine.runtime.reports.recounting import Recounts
from engine.runtime.shell import Shell

FRESH: Micros = MINUTE
"""No longer than this a report is good, however long it took to count."""


class Reports:
    """The last report of each experiment. Those that take long are counted one after another."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turn = Lock()
        self._closing = Event()
        self._of: dict[str, Recounts[Report]] = {}

    def ask(self, shell: Shell, workflow: str, now: Micros) -> Future[Report]:
        """Give the report of a workflow, as of now or of lately; raises `NotFoundError`."""
        workflow_of(shell.ruleset.workspace, workflow)
        with self._lock:
            if workflow not in self._of:
                self._of[workflow] = Recounts(_counting(workflow), FRESH, self._turn, self._closing)
            found = self._of[workflow]
        return found.ask(shell, now)

    def close(self) -> None:
        """Count nothing more."""
        self._closing.set()
        for each in list(self._of.values()):
            each.close()


def _counting(workflow: str) -> Callable[[Shell, Micros, Callable[[], bool]], Report]:
    def count(shell: Shell, now: Micros, going_on: Callable[[], bool]) -> Report:
        ruleset = shell.ruleset
        with shell.store.reader() as reader:
            return report(ruleset.workspace, reader, ruleset.zone, workflow, now)

    return count
