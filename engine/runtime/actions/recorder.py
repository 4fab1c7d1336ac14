"""An action that only remembers what it was asked to send: for tests, demonstrations and dry runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED, ActionSpec
from engine.runs.cases import TELL
from engine.runtime.actions import Actions, Delivery


class Recorder:
    """Stands in for an external action.

    `deliveries` holds what was taken, in order; with `path` each is also a line of JSON in that
    file. `refusals` are raised one after the other before anything is taken.
    """

    def __init__(
        self,
        spec: ActionSpec,
        *,
        path: Path | None = None,
        refusals: Sequence[DeliveryError] = (),
        answers: dict[str, Any] | None = None,
    ) -> None:
        self.spec = spec
        self.deliveries: list[Delivery] = []
        self._path = path
        self._refusals = list(refusals)
        self._answers = answers or {}
        self._lock = threading.Lock()

    def send(self, delivery: Delivery) -> dict[str, Any]:
        """Remember the delivery, or raise the next refusal."""
        with self._lock:
            if self._refusals:
                raise self._refusals.pop(0)
            self.deliveries.append(delivery)
            if self._path is not None:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(delivery) + b"\n")
        return dict(self._answers)


def recording(*specs: ActionSpec, path: Path | None = None) -> tuple[Actions, dict[str, Recorder]]:
    """Give actions that only record: for what ships, telling people of cases too, and for `specs`."""
    external = [spec for spec in SHIPPED.values() if spec.kind == "external"]
    answers = {"webhook.call": {"status": 200}}
    recorders = {
        spec.name: Recorder(spec, path=path, answers=answers.get(spec.name)) for spec in (*external, *specs)
    }
    recorders[TELL] = Recorder(SHIPPED["email.send"], path=path)
    return Actions(recorders), recorders
