"""Points: lots that mature and expire, and postings that sum to zero.

Every movement is one posting of a double-entry ledger; balances are the sums of its entries. Lots say
which points they are: earned when, spendable from when, until when.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Literal, TypeAlias

import msgspec

from engine.errors import ConflictError
from engine.model.values import Micros

Account: TypeAlias = Literal["issued", "pending", "available", "redeemed", "expired", "reversed", "debt"]
"""Where points are. `issued` is the program's side, the minus of all that a customer holds or held."""

Kind: TypeAlias = Literal["granted", "matured", "redeemed", "expired"]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of a posting; `lot` is the key of the grant whose points these are."""

    account: Account
    points: int
    lot: str


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of points; its entries sum to zero. `key` is unique in a program."""

    key: str
    program: str
    customer: str
    kind: Kind
    at: Micros
    entries: tuple[Entry, ...]
    reason: str | None = None


class Lot(msgspec.Struct, array_like=True):
    """The points of one grant: what is left of them, pending until `matures_at`, gone at `expires_at`."""

    key: str
    points: int
    earned_at: Micros
    pending: int
    available: int
    matures_at: Micros | None = None
    expires_at: Micros | None = None


class Book(msgspec.Struct, omit_defaults=True):
    """A customer's points in one program. `redeemed` holds the points of each redemption by its key.

    `joined` is the day of the first grant, `period` the first day of the current qualification period,
    `qualifying` the points granted in it, `tier` the tier held.
    """

    lots: list[Lot] = []
    redeemed: dict[str, int] = {}
    joined: int | None = None
    period: int | None = None
    qualifying: int = 0
    tier: str | None = None


class Ledger(msgspec.Struct, omit_defaults=True):
    """A customer's books by program."""

    books: dict[str, Book] = {}

    def book(self, program: str) -> Book:
        """Give the book of a program, a new one at the first time."""
        return self.books.setdefault(program, Book())


class Balance(msgspec.Struct, frozen=True):
    """Points that can be spent, and points that cannot yet."""

    available: int
    pending: int


def whole_points(points: Decimal | int) -> int:
    """Floor what an earning expression gave to whole points; nothing below 0."""
    return max(int(Decimal(points).to_integral_value(ROUND_FLOOR)), 0)


def balance(ledger: Ledger, program: str) -> Balance:
    """Give the points of a program as of the last `mature` and `expire`."""
    lots = ledger.books[program].lots if program in ledger.books else []
    return Balance(sum(lot.available for lot in lots), sum(lot.pending for lot in lots))


def grant(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    points: int,
    now: Micros,
    *,
    matures_at: Micros | None = None,
    expires_at: Micros | None = None,
    reason: str | None = None,
) -> Posting | None:
    """Grant points as a new lot, pending where `matures_at` lies ahead.

    None where there are no points to grant, or the same grant was made before. Raises ConflictError where
    the key was used for another number of points.
    """
    book = ledger.book(program)
    known = next((lot for lot in book.lots if lot.key == key), None)
    if known is not None and known.points != points:
        raise ConflictError(f"grant {key} was made before with {known.points} points, not {points}")
    if known is not None or points <= 0:
        return None
    waits = matures_at is not None and matures_at > now
    lot = Lot(
        key=key,
        points=points,
        earned_at=now,
        pending=points if waits else 0,
        available=0 if waits else points,
        matures_at=matures_at,
        expires_at=expires_at,
    )
    book.lots = [*book.lots, lot]
    entries = (Entry("issued", -points, key), Entry("pending" if waits else "available", points, key))
    return Posting(
        key=key, program=program, customer=customer, kind="granted", at=now, entries=entries, reason=reason
    )


def mature(ledger: Ledger, program: str, customer: str, now: Micros) -> list[Posting]:
    """Make the pending points available whose time has come; again at the same instant: nothing more."""
    postings = []
    for lot in ledger.book(program).lots:
        if lot.pending and lot.matures_at is not None and lot.matures_at <= now:
            moved, lot.pending = lot.pending, 0
            lot.available += moved
            entries = (Entry("pending", -moved, lot.key), Entry("available", moved, lot.key))
            postings.append(
                _posting(f"{lot.key}:matured", program, customer, "matured", lot.matures_at, entries)
            )
    return postings


def expire(ledger: Ledger, program: str, customer: str, now: Micros) -> list[Posting]:
    """Take what is left of the lots that have expired; again at the same instant: nothing more."""
    postings = []
    for lot in ledger.book(program).lots:
        left = lot.pending + lot.available
        if left and lot.expires_at is not None and lot.expires_at <= now:
            entries = tuple(Entry(account, -points, lot.key) for account, points in _held(lot) if points)
            lot.pending = lot.available = 0
            postings.append(
                _posting(
                    f"{lot.key}:expired", program, customer, "expired", lot.expires_at,
                    (*entries, Entry("expired", left, lot.key)),
                )
            )  # fmt: skip
    return postings


def redeem(ledger: Ledger, program: str, customer: str, key: str, points: int, now: Micros) -> Posting | None:
    """Spend available points, the earliest to expire first.

    None where the same redemption was made before: its answer stands, and `Book.redeemed` has it.
    Raises ConflictError with the code `insufficient_points` where there are too few, and with
    `key_reused` where the key was used for another number of points.
    """
    book = ledger.book(program)
    if key in book.redeemed:
        if book.redeemed[key] != points:
            raise ConflictError(f"redemption {key} was made before with other points", code="key_reused")
        return None
    if points > sum(lot.available for lot in book.lots):
        raise ConflictError("there are not enough points", code="insufficient_points")
    entries: list[Entry] = []
    left = points
    for lot in sorted(book.lots, key=_spent_first):
        taken = min(left, lot.available)
        if taken:
            lot.available -= taken
            left -= taken
            entries += (Entry("available", -taken, lot.key), Entry("redeemed", taken, lot.key))
    book.redeemed = {**book.redeemed, key: points}
    return _posting(key, program, customer, "redeemed", now, tuple(entries))


def next_due(ledger: Ledger, program: str) -> Micros | None:
    """Give the instant at which the next lot matures or expires."""
    lots = ledger.books[program].lots if program in ledger.books else []
    first: Micros | None = None
    for lot in lots:
        at = lot.matures_at if lot.pending else None
        if at is not None and (first is None or at < first):
            first = at
        at = lot.expires_at if lot.pending or lot.available else None
        if at is not None and (first is None or at < first):
            first = at
    return first


def totals(postings: Iterable[Posting]) -> dict[Account, int]:
    """Sum the entries of postings by account; all accounts together are zero."""
    sums: dict[Account, int] = {}
    for posting in postings:
        for entry in posting.entries:
            sums[entry.account] = sums.get(entry.account, 0) + entry.points
    return sums


def _held(lot: Lot) -> tuple[tuple[Account, int], ...]:
    return ("pending", lot.pending), ("available", lot.available)


def _spent_first(lot: Lot) -> tuple[bool, Micros, Micros]:
    return lot.expires_at is None, lot.expires_at or 0, lot.earned_at


def _posting(
    key: str, program: str, customer: str, kind: Kind, at: Micros, entries: tuple[Entry, ...]
) -> Posting:
    return Posting(key=key, program=program, customer=customer, kind=kind, at=at, entries=entries)
