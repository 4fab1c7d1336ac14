"""A score that a person sets, on both databases: one transaction, over a restart and a change of files."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConflictError, NotFoundError, RequestError
from engine.model.values import DAY
from engine.runtime.clock import VirtualClock

MORE = {
    "rules/mood-facts.yaml": "facts:\n  mood: {type: number}\n",
    "rules/wellness.yaml": (
        "score: wellness\nparts:\n  mood: {weight: 1, is: customer.mood / 100}\n"
        "bands: {good: {from: 60}, bad: {from: 0}}\n"
    ),
}


@pytest.fixture
def folder(folder: Path) -> Path:
    for name, text in MORE.items():
        (folder / name).write_text(text)
    return folder


def set_to(engine: Any, value: int, until: int) -> Any:
    return engine.override_score("wellness", "ann", Decimal(value), "Talked", until, "sam@example.com")


def test_what_a_person_sets_is_kept_and_ends_by_itself(
    open_engine: Any, folder: Path, clock: VirtualClock
) -> None:
    # given a customer whose score a person sets for ten days
    start = clock.now()
    engine = open_engine()
    raw = {"customer": "ann", "event": "identify", "id": "i1", "traits": {"mood": 20}}
    engine.ingest([raw], source="test").result()
    told = set_to(engine, 90, start + 10 * DAY).result()
    assert (told.value, told.reading.value, told.band) == (90, 20, "good")
    engine.close()
    # when the engine starts again, with another part in the score
    wellness = folder / "rules" / "wellness.yaml"
    wellness.write_text(wellness.read_text().replace("mood / 100", "mood / 200"))
    clock.move_to(start + 2 * DAY)
    engine = open_engine()
    engine.run_until(start + 2 * DAY)
    # then it still counts, and what is computed is of the new part
    told = engine.score("wellness", "ann")
    assert (told.value, told.reading.value, told.band) == (90, 10, "good")
    assert told.override is not None and told.override.author == "sam@example.com"
    # and ends by itself
    clock.move_to(start + 10 * DAY)
    engine.run_until(start + 10 * DAY)
    told = engine.score("wellness", "ann")
    assert (told.value, told.band, told.override) == (10, "bad", None)
    assert engine.doctor()["balanced"]


def test_what_cannot_be_set_changes_nothing(open_engine: Any, clock: VirtualClock) -> None:
    engine, start = open_engine(), clock.now()
    raw = {"customer": "ann", "event": "identify", "id": "i1", "traits": {"mood": 20}}
    engine.ingest([raw], source="test").result()
    with pytest.raises(RequestError):
        set_to(engine, 90, start).result()
    with pytest.raises(RequestError):
        set_to(engine, 90, start + 400 * DAY).result()
    with pytest.raises(ConflictError):
        engine.end_score_override("wellness", "ann", "sam@example.com").result()
    with pytest.raises(NotFoundError):
        engine.override_score("wellness", "eve", Decimal(9), "x", start + DAY, "sam@example.com").result()
    with engine.store.reader() as reader:
        assert reader.customer("eve") is None
    assert engine.score("wellness", "ann").value == 20
