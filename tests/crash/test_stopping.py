"""A server with several clients at once: what it has answered holds, killed or asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.model.values import MINUTE
from tests.crash.deaths import Death, Place
from tests.crash.server import Server
from tests.crash.shop import START, lay_out, requests
from tests.crash.story import Outcome, doctor_of, outcome_of

CLIENTS = 4
AT = START + 20 * MINUTE
"""When everything is posted: all of it has occurred by then, and none of it is late."""
EVENTS = [each for request in requests(7)[:16] for each in request.events]


def shares() -> list[list[list[dict[str, Any]]]]:
    """Give each client its own customers' events, in requests of ten."""
    found = []
    for client in range(CLIENTS):
        own = [each for each in EVENTS if int(each["customer"][1:]) % CLIENTS == client]
        found.append([own[start : start + 10] for start in range(0, len(own), 10)])
    return found


def post_all(server: Server, heard: Callable[[int], object] = int) -> set[str]:
    """Post all events from all clients at once; give the ids of those that were answered.

    `heard` is told after each answer how many there have been.
    """
    answered: list[str] = []
    lock = threading.Lock()
    numbers = iter(range(1, len(EVENTS)))

    def post(share: list[list[dict[str, Any]]]) -> None:
        with server.client() as client:
            for events in share:
                try:
                    answer = client.post("/v1/events", json=events)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                with lock:
                    answered.extend(each["id"] for each in events)
                    heard(next(numbers))

    threads = [threading.Thread(target=post, args=(share,)) for share in shares()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(answered)


def finish(folder: Path) -> Outcome:
    """Post everything (again), let time go by, and give what came of it."""
    with Server(folder, AT) as server:
        assert len(post_all(server)) == len(EVENTS)
        for minute in range(60):
            server.move(AT + minute * MINUTE)
        assert server.stop() == 0
    return outcome_of(folder)


def fates(outcome: Outcome) -> dict[str, tuple[Any, ...]]:
    """Give how each run ended; which of its events came while it waited is a matter of milliseconds."""
    return {id: run[:5] for id, run in outcome.runs.items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return finish(lay_out(tmp_path_factory.mktemp("undisturbed")))


@pytest.mark.parametrize(("place", "number"), [("commit", 16), ("committed", 16), ("statement", 600)])
def test_killed_under_several_clients_it_keeps_what_it_has_answered(
    tmp_path: Path, undisturbed: Outcome, place: Place, number: int
) -> None:
    # given a server that dies while several clients wait for their answers
    folder = lay_out(tmp_path)
    with Server(folder, AT, Death(place, number)) as server:
        answered = post_all(server)
        assert server.ended() == -9
    assert len(answered) < len(EVENTS)
    assert answered <= {message for _, message in outcome_of(folder).events}

    # when everything is posted again, then it has come to the same
    found = finish(folder)
    assert found.events == undisturbed.events
    assert found.decisions == undisturbed.decisions
    assert found.counts == undisturbed.counts
    assert fates(found) == fates(undisturbed)
    assert found.letters == undisturbed.letters
    assert found.postings == undisturbed.postings
    assert found.doctor["balanced"]


def test_asked_to_stop_it_answers_what_it_has_taken_in(tmp_path: Path) -> None:
    # given a server that is asked to stop while several clients post
    folder = lay_out(tmp_path)
    with Server(folder, AT) as server:

        def heard(number: int) -> None:
            if number == 6:
                server.process.terminate()

        answered = post_all(server, heard)
        assert server.ended() == 0

    # then what was answered is there, and nothing that was not
    assert 0 < len(answered) < len(EVENTS)
    assert {message for _, message in outcome_of(folder).events} == answered
    assert doctor_of(folder)["balanced"]
