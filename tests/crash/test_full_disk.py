"""A disk with no room left: it is our fault and said so, and all is as it was once there is room again."""

from __future__ import annotations

import resource
from pathlib import Path

from engine.model.values import MINUTE
from tests.crash.server import Server
from tests.crash.shop import lay_out, requests
from tests.crash.story import doctor_of, integrity, outcome_of

NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_a_full_disk_costs_no_event_that_was_answered(tmp_path: Path) -> None:
    # given a server that can make no file longer than its log of changes now is
    folder, told = lay_out(tmp_path), requests(3)[:10]
    at = told[-1].at
    with Server(folder, at) as server:
        assert server.process.pid is not None
        server.post(told[0].events)
        longest = max(path.stat().st_size for path in folder.glob("holdfast.db*"))
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (longest + 200_000, NO_LIMIT[1]))

        # when events come until nothing more can be written
        with server.client() as client:
            answers = [client.post("/v1/events", json=request.events) for request in told]

        # then those that could not be are to be sent again
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {200, 503}
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert int(refused.headers["Retry-After"]) > 0
        # and once there is room they are taken, and the others are known
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, NO_LIMIT)
        again = [server.post(request.events) for request in told]
        assert [answer["duplicates"] > 0 for answer in again] == [code == 200 for code in codes]
        server.move(at + MINUTE)
        assert server.stop() == 0
    found = outcome_of(folder)
    assert found.events.total() == len(found.events) == sum(len(request.events) for request in told)
    assert doctor_of(folder)["balanced"]
    assert integrity(folder) == "ok"
