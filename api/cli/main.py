"""`holdfast`: finds the command, runs it, and turns what goes wrong into one clear line.

Exit codes: 0 done (or clean), 1 an error or a finding, 2 the command line itself is wrong (of plan, apply
and rollback: there are changes), 3 an import waits for a yes, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import NamedTuple

from api.cli.parsing import Parser
from api.cli.terminal import Terminal
from engine.errors import AuthoringError, HoldfastError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


class Command(NamedTuple):
    """Where a command lives, and what it does in a line."""

    module: str
    summary: str


COMMANDS: Mapping[str, Command] = {
    "serve": Command("serve", "run the engine: the API and the worker, in one process"),
    "worker": Command("worker", "work on a database that several processes share"),
    "demo": Command("demo", "play a synthetic customer base through the shipped policy"),
    "plan": Command("plan", "show what the workspace's files would change of what is live"),
    "apply": Command("apply", "propose the workspace's files, for another human to approve"),
    "approve": Command("approve", "approve a proposal, on its very content"),
    "rollback": Command("rollback", "go back to what was live before"),
    "releases": Command("releases", "list what was live, and what is proposed"),
    "init": Command("init", "lay out a starter workspace in a folder"),
    "schema": Command("schema", "write the JSON Schemas of everything that is authored"),
    "check": Command("check", "check a workspace's files"),
    "fmt": Command("fmt", "put a workspace's YAML into one form"),
    "test": Command("test", "run the tests of a workspace on a virtual clock"),
    "import": Command("importing", "import events or customers from files"),
    "backtest": Command("backtest", "show what the rules would have decided on the stored events"),
    "calibrate": Command("calibrate", "hold a score against what became of customers"),
    "risk": Command("risk", "learn from the stored events what goes before an outcome"),
    "why": Command("why", "tell why a rule did or did not fire for a customer"),
    "runs": Command("runs", "list runs of workflows"),
    "run": Command("run", "show one run, step by step"),
    "experiments": Command("experiments", "show what experiments came to, or could find"),
    "metrics": Command("metrics", "measure retention, churn, revenue, surveys and tickets"),
    "goals": Command("goals", "show where the goals stand"),
    "export": Command("export", "write everything that is known of a customer into a file"),
    "erase": Command("erase", "erase a customer for good"),
    "keys": Command("keys", "create, list and revoke API keys"),
    "quarantine": Command("quarantine", "list what could not be accepted, and take it in after all"),
    "audit": Command("audit", "check the audit record, or take it away as a file"),
    "doctor": Command("doctor", "prove that nothing was lost, and list what is overdue"),
}

_EPILOGUE = (
    "Exit codes: 0 done, 1 an error or a finding, 2 a wrong command line (of plan, apply and rollback: there "
    "are changes), 3 an import waits for a yes. "
    "`holdfast COMMAND --help` tells the rest."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line, by default this process's own, and give its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    name = given[0] if given and given[0] in COMMANDS else None
    if name is None:
        _overview().parse_args(given or ["--help"])
        return MISUSED
    command = importlib.import_module(f"api.cli.{COMMANDS[name].module}")
    arguments = _parser(name, command).parse_args(given[1:])
    if argv is None and name not in ("serve", "worker"):
        _spare_the_collector()
    return run(command, arguments, Terminal(json=getattr(arguments, "json", False)))


def run(command: ModuleType, arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run a command with its arguments; errors that are expected become lines on standard error."""
    try:
        code: int = command.run(arguments, terminal)
        return code
    except AuthoringError as error:
        for finding in error.findings:
            terminal.complain(str(finding))
    except HoldfastError as error:
        terminal.complain(f"holdfast: {error}")
    except BrokenPipeError:
        # Whoever read has seen enough; what is left in the buffer must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        terminal.complain(f"holdfast: {_of_the_system(error)}")
    except KeyboardInterrupt:
        terminal.complain("holdfast: interrupted")
        return INTERRUPTED
    return FAILED


_INSTEAD: Mapping[int, str] = {
    errno.EACCES: "give this user the right to it, or name another one",
    errno.EADDRINUSE: "stop what listens there, or name another --port",
    errno.EISDIR: "name a file in it",
    errno.ENOENT: "name one that there is, or make it first",
    errno.ENOSPC: "make room on the disk",
    errno.ENOTDIR: "name a folder",
    errno.EROFS: "name a place that can be written",
}


def _of_the_system(error: OSError) -> str:
    """Say what the system refused, of which file, and what to do about it."""
    where = f"{error.filename}: " if error.filename else ""
    instead = _INSTEAD.get(error.errno or 0)
    return f"{where}{error.strerror or error}{f'; {instead}' if instead else ''}"


def _spare_the_collector() -> None:
    """Look for garbage seldom: what a command loads stays, and looking costs a quarter of an import."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def program_version() -> str:
    """Give the version of this program, 0 where it is not installed."""
    try:
        return version("holdfast")
    except PackageNotFoundError:
        return "0"


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items())
    parser = Parser(
        prog="holdfast",
        usage="holdfast COMMAND [...]",
        description=f"A rule and workflow engine for customer retention.\n\ncommands:\n{listed}",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"holdfast {program_version()}")
    parser.add_argument("command", metavar="COMMAND", choices=tuple(COMMANDS), help=argparse.SUPPRESS)
    return parser


def _parser(name: str, command: ModuleType) -> argparse.ArgumentParser:
    parser = Parser(
        prog=f"holdfast {name}", description=command.__doc__, allow_abbrev=False, epilog=_EPILOGUE
    )
    command.arrange(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
