"""A server under test as its clients see it: posted to, steered, killed and started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from api.cli.main import main
from engine.model.values import Micros
from engine.store.lock import read_lock_info
from tests.crash.deaths import Death
from tests.crash.steered import run

PATIENCE = 60
"""Seconds until a server that neither answers nor dies is given up."""

# Forked from a process that has only imported things: as new as one that was just started, but at once.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.crash.steered", "api.cli.main"])


class Dead(Exception):
    """The server ended, with this exit code, before it answered."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class Server:
    """A server on a free port, its clock standing at an instant until it is moved."""

    def __init__(self, folder: Path, at: Micros, death: Death | None = None) -> None:
        self.folder = folder
        self._control, theirs = _processes.Pipe()
        self.process = _processes.Process(target=run, args=(folder, at, death, theirs), daemon=True)
        self.process.start()
        theirs.close()
        address = str(self._told())
        info = read_lock_info(folder / "holdfast.db")
        assert info is not None and info.pid == self.process.pid and info.address == address
        self.address, self.token = address, info.token
        self._http = self.client()

    def client(self) -> httpx.Client:
        """Give a client of its own for one more thread."""
        head = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.address, headers=head, timeout=PATIENCE, trust_env=False)

    def post(self, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Post events, and give the answer; raises `Dead`."""
        try:
            answer = self._http.post("/v1/events", json=list(events))
        except httpx.TransportError as error:
            raise self._died() from error
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def post_and_kill(self, events: Sequence[dict[str, Any]]) -> None:
        """Send a whole request, and kill the server without waiting for an answer."""
        body = msgspec.json.encode(list(events))
        place = urlsplit(self.address)
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((str(place.hostname), place.port or 80), PATIENCE) as connection:
            connection.sendall(head.encode() + body)
            self.kill()

    def move(self, to: Micros) -> None:
        """Move the clock, and wait until everything due before that instant is done; raises `Dead`."""
        try:
            self._control.send(to)
        except OSError as error:
            raise self._died() from error
        self._told()

    def _told(self) -> Any:
        try:
            assert self._control.poll(PATIENCE), "the server neither answers nor dies"
            return self._control.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error

    def _died(self) -> Dead:
        return Dead(self.ended())

    def kill(self) -> None:
        """Kill it as kill -9 does, and see it gone."""
        self.process.kill()
        self.ended()

    def stop(self, number: int = signal.SIGTERM) -> int | None:
        """Ask it to stop, and give its exit code."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)
        return self.ended()

    def ended(self) -> int | None:
        """Wait for its end, and give its exit code."""
        self.process.join(PATIENCE)
        code = self.process.exitcode
        assert code is not None, "the server does not end"
        self._control.close()
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        self.kill()


def holdfast(folder: Path, *words: str) -> tuple[int | None, str, str]:
    """Run a command of `holdfast` on a workspace; give its exit code, and what it said and complained."""
    said, complained = folder / "said.txt", folder / "complained.txt"
    line = [*words, "--workspace", str(folder)]
    process = _processes.Process(target=_command, args=(line, said, complained), daemon=True)
    process.start()
    process.join(PATIENCE)
    assert process.exitcode is not None, "the command does not end"
    return process.exitcode, said.read_text(), complained.read_text()


def _command(line: list[str], said: Path, complained: Path) -> None:
    for number, path in ((1, said), (2, complained)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.exit(main(line))
