"""Reservations: points set aside for a while, then spent for good or given back."""

from __future__ import annotations

from engine.errors import ConflictError, NotFoundError
from engine.loyalty.ledger import (
    Book,
    Entry,
    Ledger,
    Posting,
    Redemption,
    find,
    move,
    netted,
    repeated,
    spend,
)
from engine.model.values import Micros


def reserve(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    points: int,
    now: Micros,
    *,
    until: Micros | None,
    reward: str | None = None,
    by: str | None = None,
) -> Posting | None:
    """Set available points aside until an instant, the earliest to expire first.

    None where the same reservation was made before, however it ended; `Book.redemptions` has it. Raises
    ConflictError with the code `insufficient_points` or `key_reused`.
    """
    book = ledger.book(program)
    if repeated(book, key, points, reward, ("reserved", "redeemed", "released")):
        return None
    entries, parts = spend(book, points, "reserved")
    book.redemptions = {
        **book.redemptions,
        key: Redemption(points, now, "reserved", parts, reward, until, book.spendable),
    }
    return Posting(
        key=key, program=program, customer=customer, kind="reserved", at=now, entries=tuple(entries), by=by
    )


def commit(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    now: Micros,
    *,
    gives: str | None = None,
    by: str | None = None,
) -> Posting | None:
    """Spend what was reserved; None where that was done before.

    Raises NotFoundError where nothing was reserved under the key, ConflictError with the code
    `reservation_released` where it was given back.
    """
    book = ledger.book(program)
    held = _reservation(book, key)
    if held.state == "redeemed":
        return None
    if held.state == "released":
        raise ConflictError(f"reservation {key} was released", code="reservation_released")
    entries: list[Entry] = []
    for name, points in held.parts:
        if (lot := find(book, name)) is not None:
            entries += move(lot, "reserved", "redeemed", points)
    held.state, held.until = "redeemed", None
    return Posting(
        key=f"{key}:committed", program=program, customer=customer, kind="committed", at=now,
        entries=tuple(entries), gives=gives, by=by,
    )  # fmt: skip


def release(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    now: Micros,
    *,
    reason: str | None = None,
    by: str | None = None,
) -> Posting | None:
    """Give back what was reserved; None where that was done before.

    Points whose lot has expired meanwhile expire with it, and what is owed is paid first. Raises
    NotFoundError where nothing was reserved under the key, ConflictError with the code
    `reservation_committed` where it was spent.
    """
    book = ledger.book(program)
    held = _reservation(book, key)
    if held.state == "released":
        return None
    if held.state == "redeemed":
        raise ConflictError(f"reservation {key} was committed", code="reservation_committed")
    entries: list[Entry] = []
    for name, points in held.parts:
        lot = find(book, name)
        if lot is None:
            continue
        if lot.expires_at is not None and lot.expires_at <= now:
            entries += move(lot, "reserved", "expired", points)
        else:
            paid = min(points, book.owed)
            entries += move(lot, "reserved", "available", points)
            entries += move(lot, "available", "debt", paid)
    held.state, held.until = "released", None
    return Posting(
        key=f"{key}:released", program=program, customer=customer, kind="released", at=now,
        entries=netted(entries), reason=reason, by=by,
    )  # fmt: skip


def take_again(ledger: Ledger, program: str, customer: str, key: str, now: Micros) -> Posting | None:
    """Spend what was released after all, because it was delivered; what is not there is owed.

    None where it was not released.
    """
    book = ledger.book(program)
    held = _reservation(book, key)
    if held.state != "released":
        return None
    there = min(held.points, book.spendable)
    entries, parts = spend(book, there, "redeemed")
    owing = find(book, held.parts[0][0]) if held.parts else None
    if owing is not None:
        entries += move(owing, "debt", "redeemed", held.points - there)
    held.state, held.parts = "redeemed", parts
    return Posting(
        key=f"{key}:delivered", program=program, customer=customer, kind="redeemed", at=now,
        entries=netted(entries),
    )  # fmt: skip


def overdue(book: Book, now: Micros) -> list[str]:
    """Give the keys of the reservations whose time is up."""
    return [
        key
        for key, one in book.redemptions.items()
        if one.state == "reserved" and one.until is not None and one.until <= now
    ]


def _reservation(book: Book, key: str) -> Redemption:
    held = book.redemptions.get(key)
    if held is None:
        raise NotFoundError(f"there is no reservation {key}")
    return held
