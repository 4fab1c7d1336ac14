"""Readings are kept in small pieces, and a look has an end."""

from collections.abc import Callable
from typing import Any

from engine.runtime.accesses import AT_ONCE, Access, Accesses
from engine.store.memory.store import MemoryStore

READING = Access(at=1, owner="ann", key_id="k1", role="viewer", route="GET /v1/customers/{id}")


def test_what_is_read_while_readings_are_kept_waits_for_the_next_look() -> None:
    # given a process in which something is read whenever readings are being kept
    kept: list[int] = []

    def keep(work: Callable[[], Any]) -> None:
        kept.append(1)
        accesses.note(READING)

    accesses = Accesses(MemoryStore(), keep)
    for _ in range(AT_ONCE + 1):
        accesses.note(READING)

    # when what waits is kept, then that is two pieces, and what came meanwhile waits
    assert accesses.flush() == AT_ONCE + 1
    assert len(kept) == 2
    assert accesses.flush() == 2
