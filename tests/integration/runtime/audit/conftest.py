"""A small shop with an audit record of a few entries, as a database and as an export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.served import Served

RULE = """
rule: big-order
owner: shop
description: Say hello to who orders much.
status: live
when: {event: order_completed}
if: event.total >= 10
then:
  - run: hello
"""
WORKFLOW = """
workflow: hello
owner: shop
class: service
reentry: always
description: Wait a day.
steps:
  - wait: 1d
"""


@contextmanager
def lived(folder: Path) -> Iterator[Served]:
    """A shop in which ana and ben have ordered much, each on a morning of their own."""
    folder.mkdir()
    with Served(folder, "2026-01-05 08:00", RULE, WORKFLOW) as served:
        served.receive("2026-01-05 09:00", "order_completed", "ana", total=50)
        served.engine.checkpoint().result()
        served.receive("2026-01-06 09:00", "order_completed", "ben", total=60)
        served.until("2026-01-08 12:00")
        yield served


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Served]:
    """That shop, served."""
    with lived(tmp_path / "shop") as served:
        yield served
