"""A workspace while it is checked: what was bound, where it stands, and which names are known."""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.authoring.sheet import Origins
from engine.authoring.wording import known_or, nearest, quoted
from engine.customers.catalog import Catalog
from engine.model.actions import BUILT_IN_EVENTS, CONTRACT_EVENTS, ActionSpec
from engine.model.workspace import Workspace

SNAKE = re.compile(r"[a-z][a-z0-9_]{0,63}")
KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

SLIP = 0.85
"""How like a declared event an undeclared one is, to be taken for a slip of the pen."""

_BOOKS: Mapping[str, str] = {
    "segment": "segments",
    "score": "scores",
    "rule": "rules",
    "workflow": "workflows",
    "program": "programs",
    "ladder": "ladders",
    "calendar": "calendars",
    "goal": "goals",
    "lifecycle": "lifecycles",
    "message": "messages",
    "hook": "hooks",
}


class Draft(msgspec.Struct, frozen=True):
    """What checks look at. `broken` holds (kind, id) of what is declared but could not be bound.

    `whole` is false where a file that declares names could not be read at all: then expressions
    are not judged, since every name of that file would seem unknown.
    """

    workspace: Workspace
    catalog: Catalog
    origins: Origins
    actions: Mapping[str, ActionSpec]
    broken: frozenset[tuple[str, str]] = frozenset()
    whole: bool = True

    @property
    def zone(self) -> str:
        """The workspace's zone; UTC where what is written is none."""
        written = self.workspace.settings.timezone
        return written if written in zones() else "UTC"

    def say(
        self,
        thing: object,
        *keys: str | int,
        code: str,
        message: str,
        hint: str = "",
        severity: str = "error",
        offset: int | None = None,
        at_key: bool = False,
    ) -> None:
        """Record a finding at a bound Struct, or at what stands under these keys in it."""
        self.origins.say(
            thing,
            *keys,
            code=code,
            message=message,
            hint=hint,
            severity=severity,
            offset=offset,
            at_key=at_key,
        )

    def ids(self, kind: str) -> set[str]:
        """Give the ids of a kind, of broken files too."""
        book: Mapping[str, Any] = getattr(self.workspace, _BOOKS[kind])
        return set(book) | {name for of, name in self.broken if of in (kind, "*")}

    def refer(self, thing: object, *keys: str | int, kind: str, name: object) -> bool:
        """Check that what is named exists; an expression is left to run time."""
        if not isinstance(name, str):
            return True
        known = self.ids(kind)
        if name not in known:
            self.unknown(
                thing, *keys, noun=kind, name=name, known=known, otherwise=f"write its file {name} first"
            )
        return name in known

    def unknown(
        self, thing: object, *keys: str | int, noun: str, name: str, known: Iterable[str], otherwise: str = ""
    ) -> None:
        """Say that there is no such thing, and which there is."""
        self.say(
            thing,
            *keys,
            code=f"unknown-{noun.replace(' ', '-')}",
            message=f"there is no {noun} {quoted(name)}",
            hint=known_or(name, known, otherwise),
        )

    def event(self, thing: object, *keys: str | int, name: str, any_too: bool = False) -> None:
        """Check an event's name: in snake case, and no slip of the pen where events are declared."""
        if name == "any" and any_too:
            return
        if not SNAKE.fullmatch(name):
            snake = snake_case(name)
            hint = f"write {snake}" if snake else "write it as order_completed"
            self.say(
                thing, *keys, code="bad-event-name", message=f"{quoted(name)} is no event's name", hint=hint
            )
            return
        declared = self.workspace.facts.events
        known = {*declared, *BUILT_IN_EVENTS, *CONTRACT_EVENTS}
        if declared and name not in known and (close := nearest(name, known, SLIP)):
            self.say(
                thing,
                *keys,
                code="undeclared-event",
                message=f"no event {name} is declared",
                hint=f"did you mean {close}?",
                severity="warning",
            )


@functools.cache
def zones() -> frozenset[str]:
    """Give the IANA names of all time zones."""
    return frozenset(zoneinfo.available_timezones())


def snake_case(name: str) -> str:
    """Give a name as events and properties are matched: `Order Completed` is `order_completed`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
