"""Serve: the engine, its worker and the HTTP doors in one process."""

from __future__ import annotations

import gc
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog
import uvicorn

from api.app import create_app
from engine.errors import HoldfastError
from engine.runtime import tracing
from engine.runtime.clock import Clock
from engine.runtime.engine import Engine
from engine.runtime.logs import speak_for_all
from engine.runtime.rebuild import Progress, silently

GRACE = 10
"""Seconds that what is under way has to end in after a signal to stop: requests first, then all else."""

_log = structlog.get_logger("holdfast.serve")


HEARING = 0.5
"""Seconds after which a worker looks whether it has been told to stop."""


class PortTakenError(HoldfastError):
    """The address cannot be listened on."""


def _print(sentence: str) -> None:
    print(sentence, flush=True)


def serve(
    workspace: Path,
    database: str,
    host: str = "127.0.0.1",
    port: int = 8080,
    worker: bool = True,
    redis: str | None = None,
    *,
    grace: int = GRACE,
    clock: Clock | None = None,
    progress: Progress = silently,
    say: Callable[[str], None] = _print,
) -> None:
    """Serve a workspace until a signal to stop; what is under way is finished first.

    The first start on a database makes an admin key and says it, once. Port 0 takes a free one.
    Raises `PortTakenError`, `TracingError`, and what opening the engine raises.
    """
    listener = _listen(host, port)
    role = "serve" if worker else "api"
    # Uvicorn gives a signal on once it has stopped; the engine has to be closed after that.
    with (
        _until_stopped(grace, say),
        listener,
        tracing.exporting(),
        Engine.open(workspace, database, clock, work=worker, role=role, progress=progress) as engine,
    ):
        if redis is not None:
            engine.connect(redis)
        engine.stay_known()
        _run(engine, listener, host, redis, grace, say)


def _run(
    engine: Engine,
    listener: socket.socket,
    host: str,
    redis: str | None,
    grace: int,
    say: Callable[[str], None],
) -> None:
    speak_for_all()
    port = listener.getsockname()[1]
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    address, token = f"http://{reached}:{port}", secrets.token_urlsafe(32)
    app = create_app(engine, token=token, redis=redis)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        # Whom a proxy speaks for is told by `trusted_proxies`, and by nothing that anybody may send.
        proxy_headers=False,
        timeout_graceful_shutdown=grace,
    )
    made = engine.first_admin_key()
    if made is not None:
        say(f"The first admin key, shown this once: {made.text}")
    engine.announce(address, token)
    if engine.files_wait:
        say("The files in this folder are not live: see holdfast plan, and propose them with holdfast apply")
    say(f"Holdfast serves {engine.workspace.settings.name} on {address}")
    _spare_the_collector()
    _share_the_interpreter()
    _Server(config, app.state.tail.close).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that lets those go who listen to a stream before it waits for what is under way."""

    def __init__(self, config: uvicorn.Config, let_go: Callable[[], None]) -> None:
        super().__init__(config)
        self._let_go = let_go

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in order."""
        self._let_go()
        await super().shutdown(sockets)


def work(
    workspace: Path,
    database: str,
    redis: str | None = None,
    *,
    grace: int = GRACE,
    progress: Progress = silently,
    say: Callable[[str], None] = _print,
) -> None:
    """Work on a shared database until a signal to stop; what is under way is finished first.

    Raises `TracingError`, and what opening the engine raises.
    """
    with (
        _until_stopped(grace, say),
        tracing.exporting(),
        Engine.open(workspace, database, role="worker", progress=progress) as engine,
    ):
        if redis is not None:
            engine.connect(redis)
        speak_for_all()
        say(f"Holdfast works for {engine.workspace.settings.name}")
        _spare_the_collector()
        # A process that was stopped may get its signal in another thread, which wakes this one not.
        while True:
            time.sleep(HEARING)


def _share_the_interpreter() -> None:
    """Let a thread that decides give way after half a millisecond instead of five.

    Whoever answers requests needs the interpreter again after each read and write of a socket, four times a
    request: with the usual interval that was most of the time that a call took.
    """
    sys.setswitchinterval(0.0005)


def _spare_the_collector() -> None:
    """Let what is there now stay, and look for garbage in small steps.

    Nobody is served meanwhile: a look at what 5,000 new objects reach takes a millisecond, one at what stayed
    of 20 such looks ten, and one at all the customers in memory half a second, and so that is made once in a
    million events.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 500)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise PortTakenError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


@contextmanager
def _until_stopped(grace: int, say: Callable[[str], None]) -> Iterator[None]:
    """Let a signal end the block in order, and the process where that takes longer than `grace` seconds."""
    late = threading.Timer(grace, _cut_short)
    late.daemon = True

    def stop(number: int, frame: FrameType | None) -> None:
        if late.ident is None:
            late.start()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped.")
    finally:
        late.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _cut_short() -> None:
    # What is under way is in the same state as after a crash: others take it up, and nothing is lost.
    _log.warning("cut_short")
    os._exit(0)
