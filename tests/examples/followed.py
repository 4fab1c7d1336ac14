"""A page followed from its top as by a reader: its files written, its edits made, its lines typed."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.examples.printed import Block, Shell, blocks, missing

_FILE = re.compile(r"`([\w./-]+\.yaml)`")
_TELLS_A_FAILURE = re.compile(r"\b[1-9]\d* (failed|survive)\b")


class Typing(NamedTuple):
    """Lines for a shell, and what the page shows of what they say: None where it shows nothing."""

    lines: list[str]
    shown: str | None


class Writing(NamedTuple):
    """A whole file."""

    path: str
    text: str


class Editing(NamedTuple):
    """Some lines of a file, and what stands in their place afterwards."""

    path: str
    before: str
    after: str


Step = Typing | Writing | Editing


def steps(markdown: str) -> Iterator[Step]:
    """Give what a reader of a page is to do, in order. A block's file is the one named last before it."""
    found = blocks(markdown)
    lines = markdown.splitlines()
    above = 0
    for number, block in enumerate(found):
        prose = "\n".join(lines[above : block.line - 1])
        above = block.line + block.text.count("\n") + 1
        match block.language:
            case "sh":
                follower = found[number + 1] if number + 1 < len(found) else None
                shown = follower.text if follower and follower.language == "text" else None
                yield Typing(block.text.splitlines(), shown)
            case "yaml":
                yield Writing(_named(prose, block), block.text)
            case "diff":
                yield Editing(_named(prose, block), _side(block, "-"), _side(block, "+"))
            case language:
                assert language == "text", (
                    f"line {block.line}: who reads {language} has nothing to do with it"
                )


def _named(prose: str, block: Block) -> str:
    named = _FILE.findall(prose)
    assert named, f"line {block.line}: no sentence since the block before names a file"
    return str(named[-1])


def _side(block: Block, sign: str) -> str:
    lines = block.text.splitlines(keepends=True)
    return "".join(line[1:] for line in lines if line[0] in (" ", sign))


def follow(todo: Iterable[Step], shell: Shell, by_hand: Mapping[str, Callable[[], str]]) -> None:
    """Do step after step in a shell, and hold what is said against what is shown.

    `by_hand` are the lines that are not for the shell alone, each with what does it and gives what is said.
    """
    for step in todo:
        match step:
            case Writing(path, text):
                file = _here(shell) / path
                assert not file.exists(), f"{path} is there already"
                file.write_text(text, encoding="utf-8")
            case Editing(path, before, after):
                file = _here(shell) / path
                content = file.read_text(encoding="utf-8")
                assert content.count(before) == 1, (
                    f"{path} does not hold once what is to be changed:\n{before}"
                )
                file.write_text(content.replace(before, after), encoding="utf-8")
            case Typing(lines, shown):
                fails = shown is not None and _TELLS_A_FAILURE.search(shown) is not None
                said = "".join(
                    by_hand[line]() if line in by_hand else _typed(shell, line, fails=fails) for line in lines
                )
                lost = None if shown is None else missing(said, shown)
                assert lost is None, "\n".join(("of", *lines, "is shown", str(lost), "and said", said))


def _here(shell: Shell) -> Path:
    return Path(shell.run("pwd").rstrip("\n"))


def _typed(shell: Shell, line: str, *, fails: bool) -> str:
    # The shell ends at a line that fails, and here at one that should fail and does not.
    return shell.run(f"if {line}\nthen exit; fi" if fails else line)
