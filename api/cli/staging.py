"""Staging: a demo base played into a database by the real engine, on a virtual clock."""

from __future__ import annotations

import logging
from itertools import groupby
from pathlib import Path

from api.cli.terminal import Tell, silently
from engine.authoring.demo import Demo
from engine.model.values import MINUTE, Micros
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.logs import configure

TOGETHER: Micros = 30 * MINUTE
"""Deliveries this close together are received at one instant: each instant is a commit on the disk."""

SOURCE = "demo"


def play_into(folder: Path, url: str, demo: Demo, until: Micros, tell: Tell = silently) -> None:
    """Play a base, and on to an instant after it; what it sends is recorded and goes nowhere."""
    configure(logging.WARNING)
    clock = VirtualClock(demo.start)
    actions, _ = recording()
    done = 0
    with Engine.open(folder, url, clock, actions=actions, work=False) as engine:
        for _, portion in groupby(demo.events, key=lambda delivery: delivery.received_at // TOGETHER):
            deliveries = list(portion)
            engine.run_until(deliveries[-1].received_at - 1)
            clock.move_to(deliveries[-1].received_at)
            engine.ingest([each.body for each in deliveries], source=SOURCE, may_grant=True).result()
            done += len(deliveries)
            tell("playing events", done, len(demo.events))
        engine.run_until(until)
