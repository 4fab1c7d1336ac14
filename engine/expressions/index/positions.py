"""Sets of places as the bits of one whole number, and back."""

from __future__ import annotations

from collections.abc import Iterable


def positions(mask: int) -> list[int]:
    """Give the places of the bits that are set, lowest first."""
    # Measuring the gaps between set digits is what Python does fastest: each bit taken off a long number
    # costs its whole length.
    gaps = bin(mask)[2:].split("1")
    found: list[int] = []
    place = -1
    for gap in reversed(gaps[1:]):
        place += len(gap) + 1
        found.append(place)
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
