"""Sets of places as the bits of one whole number, and back."""

from __future__ import annotations

from collections.abc import Iterable


def positions(mask: int) -> list[int]:
    """Give the places of the bits that are set, lowest first."""
    # Searching the digits is what Python does fastest; each bit taken off a long number costs its length.
    digits = bin(mask)[:1:-1]
    found: list[int] = []
    place = digits.find("1")
    while place >= 0:
        found.append(place)
        place = digits.find("1", place + 1)
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
