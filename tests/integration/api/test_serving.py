"""The server as a process of its own: what it says, that it answers, and how it stops."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import msgspec

from api.serve import GRACE
from engine.store.lock import read_lock_info

PROGRAM = """
import sys
from pathlib import Path
from api.serve import serve
serve(Path(sys.argv[1]), sys.argv[2], port=0)
"""


class Server:
    """A server on a free port, and what it said until it served."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'holdfast.db'}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), url],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.said: list[str] = []
        for line in self.process.stdout:
            self.said.append(line.strip())
            if " on http://" in line:
                break
        self.address = re.search(r"http://\S+", self.said[-1])[0]  # type: ignore[index]

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()


def key_in(said: list[str]) -> str | None:
    found = re.search(r"hf_admin_\w+", "\n".join(said))
    return found[0] if found else None


def test_the_first_start_tells_an_admin_key_and_the_second_does_not(folder: Path) -> None:
    # given a server's first start
    with Server(folder) as server:
        key = key_in(server.said)
        assert key is not None
        head = {"Authorization": f"Bearer {key}"}
        event = {"customer": "ann", "event": "order_completed", "id": "o1", "total": 120}
        told = httpx.post(f"{server.address}/v1/events", json=event, headers=head).json()
        assert told["accepted"] == 1
        # when it is asked to stop, then it ends in order and gives the database back
        assert server.stop(signal.SIGTERM) == 0
    assert read_lock_info(folder / "holdfast.db") is None
    # when it starts again, then it says no key, and knows the event and the key
    with Server(folder) as server:
        assert key_in(server.said) is None
        again = httpx.post(f"{server.address}/v1/events", json=event, headers=head).json()
        assert again["duplicates"] == 1
        decisions = httpx.get(f"{server.address}/v1/audit/decisions", headers=head).json()["items"]
        assert [decision["outcome"] for decision in decisions] == ["fired"]
        assert server.stop(signal.SIGINT) == 0


def test_commands_of_this_machine_find_the_server(folder: Path) -> None:
    with Server(folder) as server:
        info = read_lock_info(folder / "holdfast.db")
        assert info is not None and info.token is not None
        assert info.address == server.address
        head = {"Authorization": f"Bearer {info.token}"}
        assert httpx.get(f"{server.address}/v1/keys", headers=head).status_code == 200
        assert (folder / "holdfast.db.lock").stat().st_mode & 0o077 == 0


def test_a_killed_server_loses_nothing_that_it_answered(folder: Path) -> None:
    # given a server that is killed after its answer
    with Server(folder) as server:
        head = {"Authorization": f"Bearer {key_in(server.said)}"}
        events = [
            {"customer": f"c{n}", "event": "order_completed", "id": f"o{n}", "total": 200} for n in range(50)
        ]
        answers = [httpx.post(f"{server.address}/v1/events", json=[event], headers=head) for event in events]
        assert {answer.json()["accepted"] for answer in answers} == {1}
        server.stop(signal.SIGKILL)
    # when it starts again and everything is sent once more
    with Server(folder) as server:
        told = httpx.post(f"{server.address}/v1/events", json=events, headers=head).json()
        decisions = httpx.get(f"{server.address}/v1/audit/decisions?limit=1000", headers=head).json()["items"]
        runs = httpx.get(f"{server.address}/v1/runs?limit=1000", headers=head).json()["items"]
    # then each is there once, decided once
    assert (told["accepted"], told["duplicates"]) == (0, 50)
    assert sorted(decision["customer"] for decision in decisions) == sorted(f"c{n}" for n in range(50))
    assert len({run["id"] for run in runs}) == 50


def test_a_body_is_bounded_on_the_wire(folder: Path) -> None:
    # given bodies that are too large, one told so beforehand and one in chunks
    with Server(folder) as server:
        head = {"Authorization": f"Bearer {key_in(server.said)}"}
        for body in (b" " * 5_300_000, (b" " * 100_000 for _ in range(60))):
            with httpx.Client(headers=head) as client:
                answer = client.post(f"{server.address}/v1/events", content=body)
            assert answer.status_code == 413
            assert msgspec.json.decode(answer.content)["code"] == "too_large"


def test_who_listens_to_a_stream_does_not_keep_the_server_from_stopping(folder: Path) -> None:
    # given a server, and somebody who heard of an order
    with Server(folder) as server:
        head = {"Authorization": f"Bearer {key_in(server.said)}"}
        event = {"customer": "ann", "event": "order_completed", "id": "o1", "total": 120}
        with httpx.stream("GET", f"{server.address}/v1/stream", headers=head, timeout=30) as heard:
            lines = heard.iter_lines()
            assert next(lines) == "retry: 2000"
            httpx.post(f"{server.address}/v1/events", json=event, headers=head)
            assert next(line for line in lines if line.startswith("event:")) == "event: decision"
            # when it is asked to stop, then the stream ends in order, long before the server would cut it
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert list(lines)[-1:] == [""]
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < GRACE / 2
