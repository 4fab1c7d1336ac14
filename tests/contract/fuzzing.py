"""Schemathesis, with all its checks, against the API on a port, over the policy that ships.

`python -m tests.contract.fuzzing --cases 20000 --seed 1` prints what it found; it exits 1 for anything.
"""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import uvicorn

from api.app import create_app
from api.routes import HANDLERS
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

REPOSITORY = Path(__file__).resolve().parents[2]
NOW = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC, a Monday


class Found(msgspec.Struct, frozen=True):
    """How many requests were made, what was wrong with answers, by check, and the words of it all."""

    cases: int
    failures: dict[str, list[str]]
    told: str


@contextmanager
def served(folder: Path) -> Generator[tuple[str, str]]:
    """Serve a copy of the policy that ships, with a few customers; give its address and a token."""
    folder.mkdir()
    for name in ("rules", "workflows"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy(REPOSITORY / "holdfast.yaml", folder)
    actions, _ = recording()
    url = f"sqlite:///{folder}/holdfast.db"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        Engine.open(folder, url, VirtualClock(NOW), actions=actions, work=False) as engine,
    ):
        # The clock stands still, so that a limit would never be lifted; nothing limits this machine's token.
        token = secrets.token_urlsafe(32)
        app = create_app(engine, token=token)
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            _fill(address, token)
            yield address, token
        finally:
            server.should_exit = True
            thread.join()


def _fill(address: str, key: str) -> None:
    events = [
        {"customer": f"c{number}", "event": name, "id": f"{name}-{number}", "properties": properties}
        for number in range(3)
        for name, properties in (
            ("identify", {"email": f"c{number}@example.com", "marketing_email": True}),
            ("subscription_updated", {"subscription_id": f"s{number}", "mrr": 50, "ends_at": "2026-12-31"}),
            ("order_completed", {"order_id": f"o{number}", "total": 120}),
        )
    ]
    answer = httpx.post(f"{address}/v1/events", json=events, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text


def fuzz(folder: Path, examples: int, seed: int) -> Found:
    """Ask each operation so many times, besides what schemathesis tries of its own accord."""
    report = folder / "report.json"
    with served(folder / "workspace") as (address, key):
        words = [
            "--config-file", str(Path(__file__).with_name("schemathesis.toml")),
            "run", f"{address}/openapi.json", "--header", f"Authorization: Bearer {key}", "--checks", "all",
            "--max-examples", str(examples), "--seed", str(seed), "--no-shrink", "--continue-on-failure",
            "--warnings", "off", "--no-color", "--report", "json", "--report-json-path", str(report),
        ]  # fmt: skip
        program = Path(sys.executable).with_name("schemathesis")
        done = subprocess.run([str(program), *words], capture_output=True, text=True, cwd=folder)
    assert report.is_file(), done.stdout + done.stderr
    told = json.loads(report.read_bytes())
    failures = {f"{each['code']} {each['title']}": each["operations"] for each in told["failures"]}
    failures |= {"error": [str(each) for each in told["errors"]]} if told["errors"] else {}
    return Found(told["test_cases"]["generated"], failures, done.stdout)


def main() -> int:
    """Ask so many times as the command line says, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=20_000, help="about how many requests to make")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same requests")
    arguments = parser.parse_args()
    operations = len(HANDLERS)
    with tempfile.TemporaryDirectory(prefix="holdfast-fuzz-") as folder:
        found = fuzz(Path(folder), max(1, arguments.cases // operations), arguments.seed)
    print(found.told if found.failures else "")
    print(json.dumps({"cases": found.cases, "seed": arguments.seed, "failures": found.failures}))
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
