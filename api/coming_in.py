"""What every route that takes events does with them first: count them, and say where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from api.doors import Call
from engine.store.records import KeyRow


def source_of(key: KeyRow) -> str:
    """Give the source of events that name none themselves."""
    return key.source or key.label or key.id


async def count_in(request: Call, raws: Sequence[object]) -> None:
    """Hold events to what the key may send; with a key that is bound to a source they are of that one.

    Raises `TooManyError`.
    """
    key = request.user
    await request.app.state.rates.events(request.scope, key, len(raws))
    if key.source is not None:
        for raw in raws:
            if isinstance(raw, dict):
                raw["source"] = key.source
