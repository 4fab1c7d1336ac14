"""Keeping figures: a thread of the process that leads, which reads beside the writer and keeps changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog

from engine.errors import HoldfastError
from engine.model.values import HOUR, MINUTE, Micros
from engine.runtime.reports.goals import look
from engine.runtime.reports.restating import computed, keep, stale, wants_keeping
from engine.runtime.shell import Shell

EVERY: Micros = HOUR
_SOON: Micros = MINUTE
_log = structlog.get_logger("holdfast.keeping")


class Closing(HoldfastError):
    """The engine closes: what was being read is left."""


class Keeper:
    """Keeps the figures of closed months and freezes what is to be frozen of goals, hourly.

    Reading goes on beside everything else; only what changed is written, in the writer's turn.
    """

    def __init__(
        self,
        shell: Shell,
        now: Callable[[], Micros],
        leads: Callable[[], bool],
        call: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._shell = shell
        self._now = now
        self._leads = leads
        self._call = call
        self._checked: dict[Micros, int] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="holdfast-figures", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Look after nothing more; what is being read is left at the next page."""
        self._closing.set()
        self._thread.join()

    def look_once(self) -> int:
        """Keep what is to be kept now; give how many figures that were."""
        shell, now = self._shell, self._now()
        workspace = shell.ruleset.workspace
        with shell.store.reader() as reader:
            goals = look(reader, workspace, now, each_page=self._breathe) if workspace.goals else None
            seq, wanted = reader.last_seq(), stale(reader, workspace, now, self._checked)
            figures = computed(reader, workspace, wanted, self._breathe)

        def write() -> int:
            with shell.store.begin() as writer:
                for row in goals.freeze if goals is not None else ():
                    writer.save_goal(row)
                return sum(keep(writer, name, [figure], None, seq, now) for name, figure in figures)

        changed: int = self._call(write) if figures or (goals is not None and goals.freeze) else 0
        self._checked.update({one.window.start: seq for one in wanted})
        return changed

    def _breathe(self) -> None:
        """Leave the base between two pages of customers when the engine closes."""
        if self._closing.is_set():
            raise Closing("the engine closes")

    def _run(self) -> None:
        wait = _SOON
        while not self._closing.wait(wait / 1_000_000):
            wait = _SOON
            if not self._leads() or not wants_keeping(self._shell.ruleset.workspace):
                continue
            try:
                self.look_once()
                wait = EVERY
            except Closing:
                return
            except HoldfastError as error:
                _log.error("figures_not_kept", error=type(error).__name__)
            except Exception as error:
                _log.error("figures_not_kept", error=type(error).__name__, exc_info=error)
