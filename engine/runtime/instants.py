"""The instants that the engine gives: from the clock, and never going back."""

from __future__ import annotations

from engine.model.values import Micros
from engine.runtime.clock import Clock


class Instants:
    """Gives each batch of work its `now`. Only the writer thread asks.

    What is received later has an instant at least as late, for every customer at once, also when
    the machine's clock is set back. `reached` is remembered with each commit and read at start-up.
    """

    def __init__(self, clock: Clock, reached: Micros) -> None:
        self._clock = clock
        self.reached = reached

    def take(self, wanted: Micros | None = None) -> Micros:
        """Give the instant of what is done now; `wanted` stands in for the clock."""
        self.reached = max(self.reached, self._clock.now() if wanted is None else wanted)
        return self.reached

    def close(self, instant: Micros) -> None:
        """Let nothing more be received at `instant`: what was due at it has been decided."""
        self.reached = max(self.reached, instant + 1)
