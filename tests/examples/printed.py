"""What the documents print, and a server and a shell to run it as it stands there."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from typing import IO, Self

REPOSITORY = Path(__file__).resolve().parents[2]
TRIES = 100
"""What a run does next happens beside the answers: so often those that only read are asked again."""

_FENCE = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "== end of block =="
_SECONDS = re.compile(r"\b\d+(\.\d+)? s\b")
_ACTS = re.compile(r" (-d|--data-binary|-X) ")


class Block:
    """A fenced block: its language, the words after it, its text, and the line on which it stands."""

    def __init__(self, language: str, marker: str, text: str, line: int) -> None:
        self.language = language
        self.marker = marker
        self.text = text
        self.line = line


def blocks(markdown: str) -> list[Block]:
    """Give the fenced blocks of a document, in order."""
    return [
        Block(found[1], found[2] or "", found[3], markdown[: found.start()].count("\n") + 1)
        for found in _FENCE.finditer(markdown)
    ]


def session(markdown: str) -> list[tuple[str, str]]:
    """Give the shell blocks that are followed by what they print, each with it."""
    return [
        (first.text, second.text)
        for first, second in pairwise(blocks(markdown))
        if first.language == "sh" and second.language == "text"
    ]


def alike(answered: str, printed: str) -> bool:
    """Tell whether each line is as printed, where `...` stands for anything in its line."""
    lines, wanted = answered.splitlines(), printed.splitlines()
    return len(lines) == len(wanted) and all(
        _fits(line, want.split("...")) for line, want in zip(lines, wanted, strict=True)
    )


def missing(said: str, printed: str) -> str | None:
    """Give the first stretch of what is printed that does not stand where it should in what was said, if any.

    What is printed is all that was said, but where a line `...` stands for lines left out. Blanks at the end
    of a line do not count, and neither does how many seconds something took.
    """
    lines = _lasting(said)
    stretches: list[list[str]] = [[]]
    for want in _lasting(printed):
        if want == "...":
            stretches.append([])
        else:
            stretches[-1].append(want)
    at, last = 0, len(stretches) - 1
    for number, stretch in enumerate(stretches):
        end = len(lines) - len(stretch)
        places = range(at if number < last else max(at, end), min(end, at if number == 0 else end) + 1)
        found = [place for place in places if _stands(stretch, lines[place:])]
        if not found:
            return "\n".join(stretch) or "nothing more"
        at = found[0] + len(stretch)
    return None


def _lasting(text: str) -> list[str]:
    return [_SECONDS.sub("so many s", line.rstrip()) for line in text.splitlines()]


def _stands(stretch: list[str], lines: list[str]) -> bool:
    return all(_fits(line, want.split("...")) for line, want in zip(lines, stretch, strict=False))


def _fits(line: str, parts: list[str]) -> bool:
    first, *middle, last = parts if len(parts) > 1 else [*parts, ""]
    if len(parts) == 1 or not line.startswith(first) or not line.endswith(last):
        return line == first and len(parts) == 1
    at, end = len(first), len(line) - len(last)
    for part in middle:
        found = line.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end


class Server:
    """`holdfast serve` on a copy of the policy, a fresh database and a free port."""

    def __init__(self, folder: Path) -> None:
        for name in ("rules", "workflows"):
            copytree(REPOSITORY / name, folder / name)
        (folder / "holdfast.yaml").write_bytes((REPOSITORY / "holdfast.yaml").read_bytes())
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")
        }
        command = [sys.executable, "-m", "api.cli.main", "serve", "--workspace", str(folder), "--port", "0"]
        self._process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        said = ""
        while " on http://" not in said:
            line = _of(self._process.stdout).readline()
            assert line, f"the server ended and said: {said}"
            said += line
        self.address = _in(r"http://\S+", said)
        self.admin = _in(r"hf_admin_\w+", said)

    def shell(self) -> "Shell":
        """Open a shell that knows where the server is and the key that it printed."""
        told = {"HOLDFAST": self.address, "ADMIN": self.admin, "no_proxy": "127.0.0.1"}
        return Shell({**self._environment, **told})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)


class Shell:
    """One `sh -eu`, to which block after block is given as to a terminal."""

    def __init__(self, environment: dict[str, str], folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            ["sh", "-eu"],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, commands: str) -> str:
        """Run a block and give what it prints; a command that fails ends the shell."""
        _of(self._process.stdin).write(f"{commands}\necho '{_END}'\n")
        _of(self._process.stdin).flush()
        printed = ""
        while not printed.endswith(f"{_END}\n"):
            line = _of(self._process.stdout).readline()
            assert line, f"the shell ended at\n{commands}\nand said\n{printed}"
            printed += line
        return printed.removesuffix(f"{_END}\n")

    def check(self, commands: str, printed: str) -> None:
        """Run a block, and hold what it prints against what the document prints.

        Blocks that only read are run again until a run has gone as far as it can by itself.
        """
        answered = ""
        for _ in range(1 if _ACTS.search(commands) else TRIES):
            answered = self.run(commands)
            if alike(answered, printed):
                return
        raise AssertionError(f"of\n{commands}\nis printed\n{printed}\nand answered\n{answered}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _in(pattern: str, said: str) -> str:
    found = re.search(pattern, said)
    assert found is not None, said
    return found[0]
