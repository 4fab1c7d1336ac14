"""Rings in a graph."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def first_ring(leads_to: Mapping[Name, Iterable[Name]]) -> list[Name]:
    """Give the names of one ring, in order; empty where there is none."""
    return next(iter(rings(leads_to)), [])


def rings(leads_to: Mapping[Name, Iterable[Name]]) -> list[list[Name]]:
    """Give rings of a graph, in order: one for each name that closes one, without recursion."""
    found: list[list[Name]] = []
    done: set[Name] = set()
    for start in leads_to:
        if start in done:
            continue
        path: list[Name] = [start]
        on_path = {start}
        todo = [iter(leads_to.get(start, ()))]
        while todo:
            following = next(todo[-1], None)
            if following is None:
                todo.pop()
                left = path.pop()
                on_path.discard(left)
                done.add(left)
            elif following in on_path:
                found.append(path[path.index(following) :])
            elif following not in done:
                path.append(following)
                on_path.add(following)
                todo.append(iter(leads_to.get(following, ())))
    return found
