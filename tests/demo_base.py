"""The demo base as `holdfast demo --serve` plays it, opened on a clock that stands where it ends."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from api.cli.staging import lay_out, stage
from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.model.values import Micros
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder, recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.logs import own_logging
from tests.virtual_engine import instant

NOW: Micros = instant("2026-05-21 14:20")
"""A Thursday afternoon."""


@contextmanager
def staged(folder: Path, customers: int, days: int) -> Generator[Engine]:
    """Plays a base that ends `NOW`, and gives an engine on it until the block ends.

    The first message that is sent from then on is refused for good.
    """
    url = f"sqlite:///{folder / 'holdfast.db'}"
    with own_logging():
        stage(lay_out(folder), url, NOW, seed=1, customers=customers, days=days)
    refused = DeliveryError("there is no such mailbox", retryable=False)
    mail = Recorder(SHIPPED["email.send"], refusals=[refused])
    actions = Actions({**recording()[1], "email.send": mail})
    with Engine.open(folder, url, VirtualClock(NOW), actions=actions, work=False) as engine:
        yield engine
