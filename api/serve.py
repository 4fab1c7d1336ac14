"""Serve: the engine, its worker and the HTTP doors in one process."""

from __future__ import annotations

import gc
import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import uvicorn

from api.app import create_app
from engine.errors import HoldfastError
from engine.runtime.clock import Clock
from engine.runtime.engine import Engine
from engine.runtime.rebuild import Progress, silently

GRACE = 10
"""Seconds that requests under way have to end in, after a signal to stop."""


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
    *,
    clock: Clock | None = None,
    progress: Progress = silently,
    say: Callable[[str], None] = _print,
) -> None:
    """Serve a workspace until a signal to stop; what is under way is finished first.

    The first start on a database makes an admin key and says it, once. Port 0 takes a free one.
    Raises `PortTakenError`, and what opening the engine raises.
    """
    listener = _listen(host, port)
    # Uvicorn gives a signal on once it has stopped; the engine has to be closed after that.
    signal.signal(signal.SIGTERM, _stop)
    try:
        with (
            listener,
            Engine.open(workspace, database, clock, work=worker, progress=progress) as engine,
        ):
            _run(engine, listener, host, say)
    except KeyboardInterrupt:
        say("Stopped.")


def _run(engine: Engine, listener: socket.socket, host: str, say: Callable[[str], None]) -> None:
    port = listener.getsockname()[1]
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    address, token = f"http://{reached}:{port}", secrets.token_urlsafe(32)
    config = uvicorn.Config(
        create_app(engine, token=token),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
    )
    made = engine.first_admin_key()
    if made is not None:
        say(f"The first admin key, shown this once: {made.text}")
    engine.announce(address, token)
    say(f"Holdfast serves {engine.workspace.settings.name} on {address}")
    # What is there now stays: the collector need not walk over it at every pass.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise PortTakenError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
