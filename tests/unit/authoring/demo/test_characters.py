from engine.authoring.demo.characters import CHARACTERS
from engine.experiments.assignment import bucket

from .conftest import Log


def test_every_character_is_there_and_none_is_scored(log: Log) -> None:
    planted = {case.customer for cases in log.planted.values() for case in cases}
    assert planted.isdisjoint(CHARACTERS)
    for name in CHARACTERS:
        assert log.of("identify", name)


def test_the_lot_is_as_the_stories_say() -> None:
    # one of ten is held out of cart-recovery, those in the lowest buckets
    assert bucket("cart-recovery", "ada") < 1000 <= bucket("cart-recovery", "cleo")
