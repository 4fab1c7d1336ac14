"""Cut JSON text into the events that it holds, without understanding them.

Used where a body cannot be decoded as a whole: one event's bad value must not cost its neighbours.
It walks over strings and brackets only, so that no nesting, however deep, can exhaust a stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]++|["\]},]', re.DOTALL)
"""A whole string, a run of opening brackets, or one character that matters.

A lone quote opens a string that never ends.
"""

_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_COMMA, _QUOTE, _LIST, _LIST_END, _OBJECT, _OBJECT_END = b',"[]{}'
_NAME = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*')
SPACE = b" \t\r\n"


class Slice(msgspec.Struct, frozen=True):
    """The bytes of one event, how deep they nest, and whether they end where an event ends."""

    data: bytes
    depth: int
    whole: bool = True


def slices(body: bytes) -> Iterator[Slice]:
    """Give the members of a JSON array, or the one value that is none, in order.

    What follows the place where the text stops being an array comes as one slice that is not whole.
    """
    start = _first(body, 0)
    if start < len(body) and body[start] == _LIST:
        yield from _members(body, start + 1, _LIST_END)
    else:
        yield single(body)


def fields(body: bytes) -> Iterator[tuple[str, Slice]]:
    """Give the names and values of a JSON object, in order; nothing for what is none.

    What is no field where one should be is left out.
    """
    start = _first(body, 0)
    if start == len(body) or body[start] != _OBJECT:
        return
    for member in _members(body, start + 1, _OBJECT_END):
        name = _NAME.match(member.data)
        if name is not None:
            value = member.data[name.end() :]
            yield name[1].decode("utf-8", "replace"), Slice(value, member.depth, member.whole)


def _members(body: bytes, begin: int, end: int) -> Iterator[Slice]:
    depth, deepest, members = 0, 0, 0
    for match in _TOKEN.finditer(body, begin):
        token, length = body[match.start()], match.end() - match.start()
        if token == _QUOTE:
            if length > 1:
                continue
            break
        if token in _OPENING:
            depth += length
            deepest = max(deepest, depth)
        elif token in _CLOSING:
            depth -= 1
            if depth < 0 and token != end:
                break
            if depth < 0:
                last = body[begin : match.start()].strip(SPACE)
                if last or members:
                    yield Slice(last, deepest)
                rest = body[match.end() :].strip(SPACE)
                if rest:
                    yield Slice(rest, 0, whole=False)
                return
        elif token == _COMMA and depth == 0:
            yield Slice(body[begin : match.start()].strip(SPACE), deepest)
            begin, deepest, members = match.end(), 0, members + 1
    yield Slice(body[begin:].strip(SPACE), deepest, whole=False)


def lines(body: bytes) -> Iterator[Slice]:
    """Give the lines of NDJSON that are not blank."""
    for line in body.split(b"\n"):
        data = line.strip(SPACE)
        if data:
            yield single(data)


def depth_of(body: bytes) -> int:
    """Give how deep JSON text nests."""
    return single(body).depth


def single(body: bytes) -> Slice:
    """Give all of a text as the one value that it is."""
    depth = deepest = 0
    for match in _TOKEN.finditer(body):
        token = body[match.start()]
        if token in _OPENING:
            depth += match.end() - match.start()
            deepest = max(deepest, depth)
        elif token in _CLOSING:
            depth -= 1
    return Slice(body.strip(SPACE), deepest, whole=depth == 0)


def _first(body: bytes, at: int) -> int:
    while at < len(body) and body[at] in SPACE:
        at += 1
    return at
