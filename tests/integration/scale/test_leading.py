"""The leader: one process at a time has the duties, and who was deposed commits nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from engine.model.values import HOUR, MINUTE, SECOND, Micros
from engine.runtime.leading import LEAD, LEASE, Duty, Leader
from engine.runtime.operating import doctor
from engine.runtime.shell import Shell
from engine.store.interface import Writer
from tests.integration.scale.shops import Shared

NOW: Micros = 1_767_614_400_000_000


@pytest.fixture
def shells(shared: Shared) -> Generator[tuple[Shell, Shell]]:
    yield shared.open()._shell, shared.open(role="worker")._shell


def noting(name: str) -> Callable[[Shell, Writer, Micros], object]:
    """Give a duty that leaves a mark."""
    return lambda shell, writer, now: writer.own_mark(name, shell.process)


def mark(shell: Shell, name: str) -> str:
    with shell.store.begin() as writer:
        return writer.own_mark(name, "nobody")


def leaders(shells: tuple[Shell, Shell], *duties: Duty) -> list[Leader]:
    return [Leader(shell, duties) for shell in shells]


def test_one_of_two_leads_and_does_the_duties(shells: tuple[Shell, Shell]) -> None:
    one, two = leaders(shells, Duty("note", HOUR, noting("note")))
    one.lead(NOW)
    two.lead(NOW)
    assert (one.leads, two.leads) == (True, False)
    assert mark(shells[0], "note") == shells[0].process


def test_a_duty_is_done_once_in_its_time(shells: tuple[Shell, Shell]) -> None:
    done: list[Micros] = []
    one, _ = leaders(shells, Duty("count", HOUR, lambda shell, writer, now: done.append(now)))
    for at in (NOW, NOW + MINUTE, NOW + HOUR, NOW + HOUR + SECOND):
        one.lead(at)
    assert done == [NOW, NOW + HOUR]


def test_who_is_not_heard_of_is_followed_by_another(shells: tuple[Shell, Shell]) -> None:
    # given a leader that falls silent
    one, two = leaders(shells)
    one.lead(NOW)

    # when its time is not up, then nobody follows
    two.lead(NOW + LEASE - SECOND)
    assert not two.leads

    # when it is up, then the other leads, under another fence
    two.lead(NOW + LEASE + LEASE)
    assert two.leads
    with shells[1].store.reader() as reader:
        assert reader.holder_of(LEAD, NOW + LEASE + LEASE) == shells[1].process


def test_a_leader_that_is_heard_of_keeps_the_lease(shells: tuple[Shell, Shell]) -> None:
    one, two = leaders(shells)
    for seconds in range(0, 120, 5):
        one.lead(NOW + seconds * SECOND)
        two.lead(NOW + seconds * SECOND)
    assert (one.leads, two.leads) == (True, False)


def test_the_duty_of_who_was_deposed_commits_nothing(shells: tuple[Shell, Shell]) -> None:
    # given a leader that was stopped while another one took over, and does not know
    first, second = (Duty("note", SECOND, noting(name)) for name in ("first", "second"))
    one, two = Leader(shells[0], ()), Leader(shells[1], ())
    one.lead(NOW)
    two.lead(NOW + LEASE + SECOND)
    assert one.leads and two.leads

    # when it goes on with its duties, as if no time had gone by
    one._duties = (first, second)
    one.lead(NOW + SECOND)

    # then nothing is committed, and it knows
    assert not one.leads
    assert mark(shells[0], "first") == "nobody"
    assert mark(shells[0], "second") == "nobody"


def test_a_leader_that_ends_in_order_is_followed_at_once(shared: Shared) -> None:
    going, staying = shared.open(), shared.open(role="worker")
    going._drive.beat()
    assert not staying._drive._leader.leads
    going.close()
    staying._drive.beat()
    assert staying._drive._leader.leads


def test_doctor_tells_who_leads_and_who_is_gone(shared: Shared) -> None:
    # given one that leads, one that follows, and one that has ended in order
    one, two, three = shared.open(), shared.open(role="worker"), shared.open(role="worker")
    for engine in (one, two):
        engine._drive.beat()
    three.close()
    found = {each["role"]: each for each in one.doctor()["processes"]}
    assert set(found) == {"serve", "worker"}
    assert (found["serve"]["leader"], found["worker"]["leader"]) == (True, False)
    assert all(each["alive"] and each["release"] == 1 for each in found.values())

    # when nothing is heard of them for a while, then they are taken for gone
    now = one.store.now()
    assert now is not None
    assert not any(each["alive"] for each in doctor(one.store, now + MINUTE)["processes"])
