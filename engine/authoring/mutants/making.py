"""The mutants of a file: every place that its tests should watch, changed in each way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from engine.authoring import scalars
from engine.authoring.mutants.expressions import turns
from engine.authoring.mutants.mutant import Change, rewritten, told
from engine.authoring.mutants.settings import CONDITIONS, ENTRIES, NAMED, NUMBERS, OPTIONS, STEPS, UNSEEN, of
from engine.authoring.mutants.thresholds import (
    moved_length,
    moved_limit,
    moved_number,
    moved_percent,
    moved_reentry,
    moved_time,
)
from engine.authoring.nodes import ListNode, MapNode, Node, Path, ScalarNode
from engine.authoring.reading import Page
from engine.authoring.sheet import Origins
from engine.model.values import AtMost, Duration, Formula, Percent, Reentry, TimeOfDay
from engine.model.workflow import Until

_STEP_DAY = re.compile(r"day (?P<day>\d+)")
_MOVES: Mapping[type, Callable[[str], list[str]]] = {
    Duration: moved_length,
    Percent: moved_percent,
    AtMost: moved_limit,
    Reentry: moved_reentry,
}
"""How what is typed by hand is moved."""

_HINTS = {
    "at_most": "a test in which it happens twice, and one in which it happens again just when it may",
    "reentry": "a test of a rule that starts the workflow twice, just before and just when it may run again",
    "held_for": "a timeline that looks just before the time is over, and just after",
    "where": "a test with what only this lets through, and one with what only this keeps out",
    "match": "a timeline with the same event of something else",
    "key": "a timeline with the same event of something else",
    "leave_if": "a timeline in which the customer stands between entering and leaving",
    "weight": "a test of the score in which this part is neither 0 nor as good as the others",
    "from": "a test exactly where it begins, and one a unit below",
    "coverage": "a test in which just so much of the weight is known, and one with a little less",
    "half_life": "a test whose `history` holds the survey's answer, with the score to four decimals",
    "loops": "a timeline long enough for the case to be `exhausted`",
    "points": "a test that redeems with just so many points, and one with one less",
    "stop_when": "a timeline with this event, `ends: stopped` and `never:` for what must no longer come",
    "tell": "`told:` with exactly the people who are told",
}


class Site(msgspec.Struct, frozen=True):
    """A node in a file: the path to it, the key it stands under, and how that is called.

    `name` is that of the part, band, tier or stage which the node is.
    """

    node: Node
    path: Path
    key: str = ""
    label: str = ""
    name: str = ""


def changes(page: Page, origins: Origins) -> Iterator[Change]:
    """Give every change of a file that was bound, in the order of the file."""
    if page.root is None:
        return
    bound: dict[int, list[object]] = {}
    for thing, node in origins.things(page):
        bound.setdefault(id(node), []).append(thing)
    yield from sorted(_at(Site(page.root, ()), bound), key=lambda one: (one.line, one.column))


def _at(site: Site, bound: Mapping[int, list[object]]) -> Iterator[Change]:
    things = bound.get(id(site.node), [])
    if isinstance(site.node, ScalarNode):
        yield from _scalar(site, site.node, things)
    elif isinstance(site.node, ListNode):
        for position, item in enumerate(site.node.items):
            yield from _at(Site(item, (*site.path, position), site.key, site.label), bound)
    elif isinstance(site.node, MapNode):
        yield from _map(site, site.node, things, bound)


def _map(
    site: Site, node: MapNode, things: list[object], bound: Mapping[int, list[object]]
) -> Iterator[Change]:
    options, numbers, unseen, named = (of(table, things) for table in (OPTIONS, NUMBERS, UNSEEN, NAMED))
    for entry in node.entries:
        key, value = entry.key.text, entry.value
        if key in unseen:
            continue
        inside = Site(value, (*site.path, key), key, f"{site.name}.{key}" if site.name else key)
        if key in options:
            hint = _HINTS.get(key, f"a test that only `{key}` makes come out as it does")
            yield _without(inside.path, entry.key, f"{inside.label}: {told(value)}", hint)
        if key in named and isinstance(value, MapNode):
            yield from _named(inside, value, bound)
            continue
        yield from _lines(inside, value, things)
        if key in numbers and isinstance(value, ScalarNode) and scalars.number(value) is not None:
            yield from _moved(inside, value, moved_number(value.text))
        if isinstance(value, ScalarNode) and any(isinstance(thing, Until) for thing in things):
            yield from _until(inside, value)
        else:
            yield from _at(inside, bound)


def _named(site: Site, node: MapNode, bound: Mapping[int, list[object]]) -> Iterator[Change]:
    for entry in node.entries:
        name, path = entry.key.text, (*site.path, entry.key.text)
        label = f"{site.key}.{name}"
        hint = f"a test that only `{name}` of `{site.key}` makes come out as it does"
        yield _without(path, entry.key, f"{label}: {told(entry.value)}", hint)
        yield from _at(Site(entry.value, path, site.key, label, name), bound)


def _lines(site: Site, node: Node, things: list[object]) -> Iterator[Change]:
    if site.key in of(CONDITIONS, things):
        hint = "a test in which all holds but this line"
        if site.key == "any":
            hint = "a test in which nothing holds but this line"
        if isinstance(node, ScalarNode):
            nothing = ListNode((), node.line, node.column)
            yield Change(site.path, nothing, node.line, node.column, told(node), None, hint)
    elif site.key in of(STEPS, things):
        hint = "a test that expects what this step does: `did`, `never`, `ends`, or a time of the timeline"
    elif site.key in of(ENTRIES, things):
        hint = _HINTS.get(site.key, f"a test that only this entry of `{site.key}` makes come out as it does")
    else:
        return
    if isinstance(node, ListNode):
        for position, item in enumerate(node.items):
            yield _without((*site.path, position), item, told(item), hint)


def _without(path: Path, place: Node, before: str, hint: str) -> Change:
    return Change(path, None, place.line, place.column, before, None, hint)


def _scalar(site: Site, node: ScalarNode, things: list[object]) -> Iterator[Change]:
    for thing in things:
        if isinstance(thing, Formula):
            yield from _expression(site, node)
        elif (move := _MOVES.get(type(thing))) is not None:
            yield from _moved(site, node, move(node.text))


def _expression(site: Site, node: ScalarNode) -> Iterator[Change]:
    sign = "=" if node.text.startswith("=") else ""
    text = node.text.removeprefix("=")
    for turn in turns(text):
        line, column = node.place_of(turn.offset + len(sign))
        yield Change(
            site.path,
            rewritten(node, sign + turn.text),
            line,
            column,
            " ".join(text.split()),
            " ".join(turn.text.split()),
            turn.hint,
        )


def _moved(site: Site, node: ScalarNode, near: list[str]) -> Iterator[Change]:
    hint = _HINTS.get(
        site.key, "an `expect` of the timeline just before this time is over, and one just after"
    )
    for text in near:
        yield Change(
            site.path,
            rewritten(node, text),
            node.line,
            node.column,
            f"{site.label}: {node.text}",
            f"{site.label}: {text}",
            hint,
        )


def _until(site: Site, node: ScalarNode) -> Iterator[Change]:
    """Move the moment that a wait goes on until."""
    if node.text.startswith("="):
        yield from _expression(site, node)
    elif day := _STEP_DAY.fullmatch(node.text):
        near = [one for one in moved_number(day["day"]) if int(one) > 0]
        yield from _moved(site, node, [f"day {one}" for one in near])
    elif re.fullmatch(TimeOfDay.PATTERN, node.text):
        yield from _moved(site, node, moved_time(node.text))
