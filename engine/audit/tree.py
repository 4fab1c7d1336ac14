"""The tree over all entries (RFC 9162, 2.1): its growth, its root, and proofs about it.

Growing takes the edge alone: the roots of the complete subtrees that a size is made of, the largest
first. Proofs read hashes of complete subtrees of 256 to the power of `level` leaves through a `Hashes`,
so that none has to read all leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

HASH_LENGTH = 32
WIDTH = 256
"""Hashes under a tile; each of them is an entry's, or the root of a tile of the level below."""
_BITS = 8

_sha256 = hashlib.sha256
EMPTY_ROOT = _sha256(b"").digest()
"""The root of a tree without leaves."""


class Hashes(Protocol):
    """Gives hashes of complete subtrees; those asked for are there."""

    def __call__(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Give the hashes of the subtrees `start` (from 0) to before `end` of 256 ** level leaves each."""
        ...


class Edge(msgspec.Struct, frozen=True):
    """A tree as far as growing and its root need it: how many leaves, and its complete subtrees."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()


class Tile(msgspec.Struct, frozen=True):
    """A complete subtree of 256 ** (level + 1) leaves, the `number`th of its level from 0, with its root."""

    level: int
    number: int
    root: bytes


def node_hash(left: bytes, right: bytes) -> bytes:
    """Give the hash of two subtrees: SHA-256 of a one byte and both."""
    return _sha256(b"\x01" + left + right).digest()


def append(edge: Edge, hashes: Iterable[bytes]) -> tuple[Edge, list[Tile]]:
    """Add leaves, given by their hashes; give the new edge and the tiles that are complete now."""
    stack, size, tiles = list(edge.hashes), edge.size, []
    for added in hashes:
        size += 1
        height, left = 0, size
        while not left & 1:
            added = _sha256(b"\x01" + stack.pop() + added).digest()
            left >>= 1
            height += 1
            if not height % _BITS:
                tiles.append(Tile(height // _BITS - 1, left - 1, added))
        stack.append(added)
    return Edge(size, tuple(stack)), tiles


def root_of(edge: Edge) -> bytes:
    """Give the root of the tree with an edge."""
    if not edge.hashes:
        return EMPTY_ROOT
    found = edge.hashes[-1]
    for each in reversed(edge.hashes[:-1]):
        found = node_hash(each, found)
    return found


def edge_at(hashes: Hashes, size: int) -> Edge:
    """Give the edge that a tree had when it had `size` leaves."""
    return Edge(size, tuple(_complete(hashes, height, number) for height, number in _subtrees(0, size)))


def inclusion(hashes: Hashes, number: int, size: int) -> list[bytes]:
    """Give the proof that the leaf `number`, from 0, is in the tree of `size` leaves (RFC 9162, 2.1.3.1).

    A `ValueError` where that tree has no such leaf.
    """
    if not 0 <= number < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {number}")
    hashes = _Tiles(hashes, size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if number < middle:
            path.append(_root(hashes, middle, end))
            end = middle
        else:
            path.append(_root(hashes, start, middle))
            start = middle
    return path[::-1]


def consistency(hashes: Hashes, old: int, size: int) -> list[bytes]:
    """Give the proof that the tree of `old` leaves is the beginning of that of `size` (2.1.4.1).

    A `ValueError` where it cannot be.
    """
    if not 0 < old <= size:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {size}")
    hashes = _Tiles(hashes, size)
    path: list[bytes] = []
    start, end = 0, size
    whole = True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_root(hashes, middle, end))
            end = middle
        else:
            path.append(_root(hashes, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_root(hashes, start, end))
    return path[::-1]


def proves_inclusion(leaf: bytes, number: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that the leaf with that hash is in the tree with that root (2.1.3.2)."""
    if not 0 <= number < size:
        return False
    place, last, found = number, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(each, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, each)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that a tree is the beginning of another, by their roots (2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    steps = [old_root, *path] if not old & (old - 1) else list(path)
    if not steps:
        return False
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for each in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, each)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == root


class _Tiles:
    """Reads each tile of a tree once: a proof asks for subtrees of every height in the same few."""

    def __init__(self, hashes: Hashes, size: int) -> None:
        self._hashes = hashes
        self._size = size
        self._read: dict[tuple[int, int], Sequence[bytes]] = {}

    def __call__(self, level: int, start: int, end: int) -> Sequence[bytes]:
        number, place = divmod(start, WIDTH)
        found = self._read.get((level, number))
        if found is None:
            first = number * WIDTH
            upto = min(first + WIDTH, self._size >> level * _BITS)
            found = self._read[level, number] = self._hashes(level, first, upto)
        return found[place : place + end - start]


def _split(size: int) -> int:
    """Give the largest power of two below a size."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the complete subtrees from a leaf that begins one, as (height, number), the largest first."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height


def _root(hashes: Hashes, start: int, end: int) -> bytes:
    return root_of(Edge(0, tuple(_complete(hashes, *each) for each in _subtrees(start, end))))


def _complete(hashes: Hashes, height: int, number: int) -> bytes:
    level, above = divmod(height, _BITS)
    found = list(hashes(level, number << above, (number + 1) << above))
    while len(found) > 1:
        pairs = zip(found[::2], found[1::2], strict=True)
        found = [_sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return found[0]
