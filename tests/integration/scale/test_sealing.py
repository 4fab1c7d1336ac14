"""Sealing on a shared database: one process numbers what all record, and nothing twice."""

from __future__ import annotations

import pytest

from engine.audit.tree import root_of
from engine.errors import TransientStoreError
from engine.model.values import SECOND, Micros
from engine.runtime.audit.database import verify_database
from engine.runtime.crashpoint import Crashed
from engine.runtime.engine import Engine
from engine.runtime.leading import Leader
from tests.integration.scale.shops import Shared, raising, together, until

NOW: Micros = 1_767_614_400_000_000


def waiting(engine: Engine) -> int:
    with engine.store.reader() as reader:
        return reader.count_unsealed()


def whole(engine: Engine) -> int:
    """Give how many entries there are, of which none is wrong."""
    with engine.store.reader() as reader:
        found = verify_database(reader, engine.verifier)
    assert found.damages == []
    return found.size


def make_keys(engine: Engine, number: int) -> None:
    for each in range(number):
        engine.create_key("auditor", f"eve{each}")


def test_what_is_recorded_waits_for_whoever_leads(shared: Shared) -> None:
    # given two processes that record
    one, two = shared.open(), shared.open(role="worker")
    make_keys(one, 3)
    make_keys(two, 3)
    before = waiting(one)
    assert before >= 6

    # when the one that does not lead is asked to seal, then nothing is; the leader seals everything
    leader, follower = Leader(one._shell), Leader(two._shell)
    leader.lead(NOW)
    follower.lead(NOW)
    follower.seal(NOW + SECOND)
    assert waiting(one) == before
    leader.seal(NOW + SECOND)
    assert waiting(one) == 0
    assert whole(two) == before


def test_a_sealer_that_was_deposed_seals_nothing(shared: Shared) -> None:
    one, two = shared.open(), shared.open(role="worker")
    old, new = Leader(one._shell), Leader(two._shell)
    old.lead(NOW)
    new.lead(NOW + 60 * SECOND)
    make_keys(one, 2)
    before = waiting(one)

    old.seal(NOW + 61 * SECOND)

    assert (old.leads, waiting(one)) == (False, before)


def test_two_that_seal_at_once_give_each_entry_one_number(shared: Shared) -> None:
    # given much that waits, and two that both think that they lead
    one, two = shared.open(), shared.open(role="worker")
    make_keys(one, 20)
    recorded = waiting(one)

    def seal(engine: Engine) -> None:
        while waiting(engine):
            try:
                with engine.store.begin() as writer:
                    writer.seal(3)
            except TransientStoreError:
                continue

    # when both seal
    raised = together([lambda: seal(one), lambda: seal(two)])

    # then the record is whole
    assert raised == []
    assert whole(one) == recorded


@pytest.mark.parametrize("point", ["sealed", "signed"])
def test_a_sealer_that_dies_leaves_everything_to_the_next(shared: Shared, point: str) -> None:
    one = shared.open()
    make_keys(one, 3)
    recorded = waiting(one)

    with raising(point), pytest.raises(Crashed):  # type: ignore[arg-type]
        one.checkpoint().result()

    two = shared.open(role="worker")
    row = two.checkpoint().result()
    assert row is not None
    assert whole(two) >= recorded
    with two.store.reader() as reader:
        assert root_of(reader.edge()) == row.root


def test_a_worker_seals_within_a_moment(shared: Shared) -> None:
    engine = shared.open(work=True)
    make_keys(engine, 3)

    assert until(lambda: waiting(engine) == 0, seconds=15)
