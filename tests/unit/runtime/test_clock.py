"""Clocks: the virtual one stands still until it is moved."""

import threading

from engine.runtime.clock import SystemClock, VirtualClock
from engine.runtime.instants import Instants


def test_a_virtual_clock_never_goes_back() -> None:
    # given a clock that was moved forward
    clock = VirtualClock(100)
    clock.move_to(200)

    # when it is moved to an instant before
    clock.move_to(150)

    # then it stays where it is
    assert clock.now() == 200


def test_moving_a_virtual_clock_wakes_who_waits_for_it() -> None:
    # given somebody who waits for an instant
    clock, woken = VirtualClock(0), threading.Event()
    waiting = threading.Thread(target=clock.wait, args=(500, woken))
    waiting.start()

    # when the clock is moved to it
    clock.move_to(500)

    # then the wait ends
    waiting.join(timeout=10)
    assert not waiting.is_alive()


def test_waiting_for_an_instant_that_has_come_returns_at_once() -> None:
    VirtualClock(10).wait(10, threading.Event())


def test_a_system_clock_returns_when_woken() -> None:
    woken = threading.Event()
    woken.set()
    SystemClock().wait(None, woken)


def test_instants_never_go_back_when_the_clock_does() -> None:
    # given an engine that reached an instant which the clock is now before
    clock = VirtualClock(1_000)
    instants = Instants(clock, reached=5_000)

    # then what is received now is not earlier
    assert instants.take() == 5_000


def test_an_instant_is_closed_once_its_due_work_was_decided() -> None:
    # given that everything due at an instant has been decided
    instants = Instants(VirtualClock(1_000), reached=0)
    instants.close(1_000)

    # then nothing is received at it any more
    assert instants.take() == 1_001
