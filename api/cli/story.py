"""One customer's year in the demonstration, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

import msgspec
from rich.text import Text

from api.answers.words import DECIDED
from api.cli.terminal import BAD, FAINT, GOOD, Terminal
from api.cli.why import line_of, values_of
from engine.authoring.demo.characters import CHARACTERS
from engine.authoring.demo.telling import Entry, Told
from engine.customers.zones import moment_of
from engine.model.message import Message
from engine.runtime.actions.rendering import render

COLUMNS = 96
MARGIN = 14
"""Columns of a line, and of what stands before it: the day."""

HIDDEN = frozenset(("email", "timezone"))
ENDED = {
    "completed": "the run of {name} has come to its end",
    "stopped": "the run of {name} stops",
    "failed": "the run of {name} fails",
    "cancelled": "the run of {name} is cancelled",
    "goal_reached": "what {name} is for has come about",
}
NOT_DONE = {
    "held": "{name} is held back",
    "held_out": "{name} is left out: held out, to measure against",
    "skipped": "{name} is skipped",
    "cancelled": "{name} is called off",
    "failed": "{name} fails",
    "uncertain": "{name} may have been done",
    "refused": "{name} does not start",
}
STYLES = {"happened": "", "decided": "bold", "sent": GOOD, "did": GOOD, "did_not": BAD, "ended": FAINT}


def list_stories(terminal: Terminal) -> None:
    """List the people whose year is worth reading."""
    if terminal.json:
        terminal.answer({"stories": {id: one.about for id, one in CHARACTERS.items()}})
        return
    terminal.say("Read one with holdfast demo --story NAME; any other customer's id will do, too.")
    terminal.say()
    terminal.table(("name", "who"), [(id, one.about) for id, one in CHARACTERS.items()])


def show(terminal: Terminal, told: Told, messages: Mapping[str, Message]) -> None:
    """Print a year."""
    subjects = {
        place: _subject(messages, entry) for place, entry in enumerate(told.entries) if entry.kind == "sent"
    }
    if terminal.json:
        terminal.answer(_answer(told, subjects))
        return
    character = CHARACTERS.get(told.customer)
    about = f" {character.about}" if character is not None else ""
    terminal.say(f"{told.customer}{about}", "bold")
    terminal.say(f"seed {told.seed}, {told.customers:,} customers, {told.days} days; times in UTC", FAINT)
    day = ""
    for place, entry in enumerate(told.entries):
        today = f"{moment_of(entry.at):%d %b}"
        if today != day:
            terminal.say()
        _entry(terminal, entry, "" if today == day else today, subjects.get(place))
        day = today


def _entry(terminal: Terminal, entry: Entry, day: str, subject: str | None) -> None:
    time = f"{day:7}{moment_of(entry.at):%H:%M}  "
    said = " ".join(_said(entry, subject))
    for number, line in enumerate(wrap(said, COLUMNS - MARGIN) or [""]):
        terminal.say(f"{time if number == 0 else '':{MARGIN}}{line}", STYLES[entry.kind])
    for condition in entry.lines:
        outcome, text, saw = line_of(condition)
        _condition(terminal, outcome, f"{text}  ({saw})" if saw else text)


def _condition(terminal: Terminal, outcome: Text, text: str) -> None:
    lines = wrap(text, COLUMNS - MARGIN - 11)
    terminal.say(f"{'':{MARGIN}}  {outcome.plain:8} {lines[0]}", FAINT)
    for line in lines[1:]:
        terminal.say(f"{'':{MARGIN + 11}}{line}", FAINT)


def _said(entry: Entry, subject: str | None) -> Iterator[str]:
    reason = f"({_words(entry.reason)})" if entry.reason else ""
    if entry.kind == "happened":
        values = {name: value for name, value in entry.values.items() if name not in HIDDEN}
        yield _words(entry.name)
        if entry.times > 1:
            yield f"{entry.times} times this month,"
        yield values_of(values)
    elif entry.kind == "decided":
        yield f"rule {entry.name}: {DECIDED[entry.outcome or '']}"
        yield reason
        if entry.times > 1:
            yield f"; {entry.times} times alike"
    elif entry.kind == "sent":
        yield f'sent: "{subject}" ({entry.workflow})'
    elif entry.kind == "did":
        yield f"done: {entry.name} ({entry.workflow})"
    elif entry.kind == "did_not":
        yield NOT_DONE.get(entry.outcome or "", "{name}: " + str(entry.outcome)).format(name=entry.name)
        yield reason
    else:
        yield ENDED.get(entry.outcome or "", "{name}: " + str(entry.outcome)).format(name=entry.name)
        yield reason


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")


def _subject(messages: Mapping[str, Message], entry: Entry) -> str:
    message = messages[entry.name]
    bare = msgspec.structs.replace(message, body="", channel="sms")
    return render(bare, entry.values, unsubscribe_url=None).subject


def _answer(told: Told, subjects: Mapping[int, str]) -> dict[str, Any]:
    def shown(place: int, entry: Entry) -> dict[str, Any]:
        values = {**msgspec.structs.asdict(entry), "at": moment_of(entry.at)}
        return values if place not in subjects else {**values, "subject": subjects[place]}

    return {
        **msgspec.structs.asdict(told),
        "entries": [shown(place, entry) for place, entry in enumerate(told.entries)],
    }
