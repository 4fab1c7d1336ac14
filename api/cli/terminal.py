"""What a command says: answers on standard output, everything about the work on standard error."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Tell: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is in all (0: nobody knows)."""

WIDE = 200
"""Columns of a table that goes into a file or another program, where nobody's window ends."""

# What a customer sent may hold sequences that move the cursor or rename the window.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_encoder = msgspec.json.Encoder(decimal_format="number")

GOOD, BAD, FAINT = "green", "red", "dim"


class Terminal:
    """Where a command speaks. With `json` it says one object on standard output, and nothing else there."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._out = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
        self._err = Console(file=sys.stderr, highlight=False)

    def answer(self, found: Any) -> None:
        """Give the answer for programs: one JSON object in a line, numbers exact, instants in UTC."""
        self._out.file.write(_encoder.encode(found).decode() + "\n")
        self._out.file.flush()

    @property
    def asks(self) -> bool:
        """Whether somebody is there to be asked."""
        return not self.json and sys.stdin.isatty() and sys.stdout.isatty()

    def confirm(self, question: str) -> bool:
        """Ask for a yes; anything else, and nothing, is a no."""
        try:
            return self._out.input(f"{question} (y/N) ", markup=False).strip().lower() in ("y", "yes")
        except EOFError:
            return False

    def say(self, text: str = "", style: str = "") -> None:
        """Write a line for people; it is never broken."""
        self._out.print(Text(clean(text), style=style), soft_wrap=True)

    def note(self, text: str) -> None:
        """Write a line about the work, beside the answer."""
        self._err.print(Text(clean(text), style=FAINT), soft_wrap=True)

    def complain(self, text: str) -> None:
        """Write a line about what is wrong."""
        self._err.print(Text(clean(text), style=BAD), soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
        """Write a table. Columns whose name ends in `#` hold numbers and are set to the right."""
        table = Table(
            box=None, pad_edge=False, header_style="bold", title=title or None, title_justify="left"
        )
        for column in columns:
            right = column.endswith("#")
            table.add_column(column.removesuffix("#"), justify="right" if right else "left", no_wrap=right)
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(clean(shown(cell))) for cell in row))
        self._out.print(table)

    @contextmanager
    def progress(self) -> Iterator[Tell]:
        """Show how long work goes on, where somebody watches."""
        if not self._err.is_terminal:
            yield silently
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._err, transient=True) as bar:
            tasks: dict[str, Any] = {}

            def tell(doing: str, done: int, of: int) -> None:
                if doing not in tasks:
                    tasks[doing] = bar.add_task(doing, total=of or None)
                bar.update(tasks[doing], completed=done, total=of or None)

            yield tell

    def steps(self) -> Tell:
        """Tell of long work in lines, a tenth each: for what goes on to write lines of its own."""
        told: dict[str, int] = {}

        def tell(doing: str, done: int, of: int) -> None:
            tenth = done * 10 // of if of else 0
            if told.get(doing) != tenth:
                told[doing] = tenth
                self.note(f"{doing}: {done:,} of {of:,}" if of else doing)

        return tell


def silently(doing: str, done: int, of: int) -> None:
    """Tell nobody."""


def clean(text: str) -> str:
    """Give a text without what would steer the terminal."""
    return _CONTROL.sub("�", text)


def shown(value: Any) -> str:
    """Give a value for a cell: nothing for None, thousands apart in whole numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
