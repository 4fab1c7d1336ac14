"""The other side of a backtest: a workspace as it is in another folder, in git, or live in the database."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from api.cli.places import authored
from engine.errors import RequestError
from engine.model.workspace import Workspace
from engine.runtime.actions import known_actions
from engine.runtime.definitions import compile_release
from engine.store.interface import Reader
from engine.timeline.ruleset import Ruleset, compile_ruleset

LIVE, GIT = "live", "git:"


def other_side(written: str, folder: Path, reader: Reader) -> Ruleset:
    """Compile what `--against` names; raises RequestError where there is no such thing."""
    if written == LIVE:
        return _live(reader)
    if written.startswith(GIT):
        return _compiled(_from_git(written.removeprefix(GIT), folder))
    other = Path(written)
    if not other.is_dir():
        raise RequestError(
            f"there is no folder {written}; name a workspace, a revision as {GIT}HEAD, or {LIVE}"
        )
    return _compiled(authored(other))


def _compiled(workspace: Workspace) -> Ruleset:
    return compile_ruleset(workspace, known_actions())


def _live(reader: Reader) -> Ruleset:
    rows = reader.releases()
    found = compile_release(reader, rows[-1], known_actions()) if rows else None
    if found is None:
        raise RequestError("nothing is live in this database; start the server once, or name a folder")
    return found


def _from_git(revision: str, folder: Path) -> Workspace:
    """Load the workspace as it stands in a commit of the repository that it lies in."""
    below = _git(folder, "rev-parse", "--show-prefix").decode().strip()
    _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    data = _git(folder, "archive", "--format=tar", f"{revision}:{below}")
    with tempfile.TemporaryDirectory(prefix="holdfast-against-") as temporary:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(temporary, filter="data")
        return authored(Path(temporary))


def _git(folder: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise RequestError("git is not installed; name a folder instead") from error
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise RequestError(
            f"{arguments[-1]} cannot be read from git: {said or 'there is no such revision'};"
            " name another revision"
        )
    return found.stdout
