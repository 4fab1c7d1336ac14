"""Sets of places as the bits of one whole number, and back."""

from __future__ import annotations

from collections.abc import Iterable

_LONG = 1024
"""From so many bits on, a number is taken apart by bytes, most of which are empty then (measured)."""

_FILLED = bytes(1 if byte else 0 for byte in range(256))
_SEVERAL = 8
_ONLY = bytes(byte.bit_length() - 1 if byte and not byte & (byte - 1) else _SEVERAL for byte in range(256))
"""For each byte with one bit the place of it."""
_PLACES = tuple(tuple(place for place in range(8) if byte >> place & 1) for byte in range(256))


def positions(mask: int) -> list[int]:
    """Give the places of the bits that are set, lowest first."""
    # Each bit taken off a long number would cost its whole length. Gaps are what Python measures fastest:
    # those between digits that are set in a short number, those between filled bytes in a long one.
    return _by_bytes(mask) if mask.bit_length() > _LONG else _by_digits(mask)


def _by_digits(mask: int) -> list[int]:
    gaps = bin(mask)[2:].split("1")
    found: list[int] = []
    place = -1
    for gap in reversed(gaps[1:]):
        place += len(gap) + 1
        found.append(place)
    return found


def _by_bytes(mask: int) -> list[int]:
    written = mask.to_bytes((mask.bit_length() + 7) >> 3, "little")
    filled = written.translate(None, b"\0")
    gaps = written.translate(_FILLED).split(b"\1")
    found: list[int] = []
    start = -8
    for gap, only, byte in zip(gaps, filled.translate(_ONLY), filled, strict=False):
        start += 8 * len(gap) + 8
        if only < _SEVERAL:
            found.append(start + only)
        else:
            for place in _PLACES[byte]:
                found.append(start + place)
    return found


def bits(places: Iterable[int]) -> int:
    """Give the number in which these bits are set."""
    found = bytearray()
    for place in places:
        byte = place >> 3
        if byte >= len(found):
            found.extend(bytes(byte + 1 - len(found)))
        found[byte] |= 1 << (place & 7)
    return int.from_bytes(found, "little")
