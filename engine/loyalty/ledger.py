"""Points: lots that mature and expire, and postings that sum to zero.

Every movement is one posting of a double-entry ledger; balances are the sums of its entries. Lots say
which points they are: earned when, spendable from when, until when. What of a lot went where is kept
with it, so that each lot sums to zero by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Literal, TypeAlias

import msgspec

from engine.errors import ConflictError
from engine.model.values import Day, Micros

Account: TypeAlias = Literal[
    "issued", "pending", "available", "reserved", "redeemed", "expired", "reversed", "debt"
]
"""Where points are. `issued` is the program's side, the minus of all that a customer holds or held;
`debt` is below zero where a refund took back points that were spent."""

ACCOUNTS: tuple[Account, ...] = (
    "issued", "pending", "available", "reserved", "redeemed", "expired", "reversed", "debt",
)  # fmt: skip

Kind: TypeAlias = Literal[
    "granted", "matured", "redeemed", "expired", "reversed", "reserved", "committed", "released", "adjusted"
]

State: TypeAlias = Literal["reserved", "redeemed", "released"]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of a posting; `lot` is the key of the grant whose points these are."""

    account: Account
    points: int
    lot: str


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of points; its entries sum to zero. `key` is unique in a program.

    `shortfall` are the points that a refund asked for and that were spent already; `gives` is what a
    redemption gave, `by` who did it, where a person did.
    """

    key: str
    program: str
    customer: str
    kind: Kind
    at: Micros
    entries: tuple[Entry, ...]
    reason: str | None = None
    shortfall: int = 0
    gives: str | None = None
    by: str | None = None


class Lot(msgspec.Struct, array_like=True):
    """The points of one grant: what is left of them, pending until `matures_at`, gone at `expires_at`.

    The fields named like accounts hold what of it is there. `claimed` are the points that refunds have
    asked for, `returns` the refunds that did; `origin` is what its number rests on, for the next one.
    `warned` tells that its expiry was announced.
    """

    key: str
    points: int
    earned_at: Micros
    pending: int
    available: int
    matures_at: Micros | None = None
    expires_at: Micros | None = None
    reserved: int = 0
    redeemed: int = 0
    expired: int = 0
    reversed: int = 0
    debt: int = 0
    claimed: int = 0
    warned: bool = False
    returns: list[str] = []
    origin: bytes = b""

    @property
    def left(self) -> int:
        """Points that are pending, available or reserved."""
        return self.pending + self.available + self.reserved


class Redemption(msgspec.Struct, array_like=True):
    """Points spent, or reserved to be: which lots' they are, what they buy, and how it stands.

    A reservation is released at `until`. `left` is what could still be spent right after it, `gave` what
    the customer got for it.
    """

    points: int
    at: Micros
    state: State
    parts: list[tuple[str, int]] = []
    reward: str | None = None
    until: Micros | None = None
    left: int = 0
    code: str | None = None
    gave: str | None = None


class Adjustment(msgspec.Struct, array_like=True):
    """Points that a person gives or takes by hand; pending ones wait for another person until `until`."""

    points: int
    reason: str
    by: str
    at: Micros
    state: Literal["pending", "applied", "refused", "void"]
    until: Micros | None = None
    decided_by: str | None = None
    decided_at: Micros | None = None


class Early(msgspec.Struct, frozen=True, array_like=True):
    """A refund that came before what it refunds: kept until that comes."""

    event: str
    ref: str
    at: Micros
    properties: bytes


class Grace(msgspec.Struct, array_like=True):
    """A tier that is kept beyond its period: until which day, and the points that may still save it."""

    qualifying: int
    until: Day


class Book(msgspec.Struct, omit_defaults=True):
    """A customer's points in one program: lots, redemptions and adjustments by their keys.

    `joined` is the day of the first grant, `period` the first day of the current qualification period,
    `qualifying` the points granted in it, `tier` the tier held, `grace` what keeps one of the period
    before, `warned` the period whose end was announced. `formulas` are the expressions that lots were
    earned by, by a short hash; `watched` the events that take back points granted by runs; `early` are
    refunds of what is not known yet; `credits` is money that redemptions gave, by currency.
    """

    lots: list[Lot] = []
    redemptions: dict[str, Redemption] = {}
    joined: Day | None = None
    period: Day | None = None
    qualifying: int = 0
    tier: str | None = None
    grace: Grace | None = None
    warned: Day | None = None
    adjustments: dict[str, Adjustment] = {}
    formulas: dict[str, str] = {}
    watched: list[str] = []
    early: list[Early] = []
    credits: dict[str, Decimal] = {}

    @property
    def owed(self) -> int:
        """Points that the customer owes, which the next ones pay."""
        return max(0, -sum(lot.debt for lot in self.lots))

    @property
    def spendable(self) -> int:
        """Points that can be spent."""
        return sum(lot.available for lot in self.lots)


class Ledger(msgspec.Struct, omit_defaults=True):
    """A customer's books by program."""

    books: dict[str, Book] = {}

    def book(self, program: str) -> Book:
        """Give the book of a program, a new one at the first time."""
        return self.books.setdefault(program, Book())


class Balance(msgspec.Struct, frozen=True):
    """Points that can be spent, that cannot yet, that are reserved, and that are owed."""

    available: int
    pending: int
    reserved: int = 0
    debt: int = 0


def whole_points(points: Decimal | int) -> int:
    """Floor what an earning expression gave to whole points; nothing below 0."""
    return max(int(Decimal(points).to_integral_value(ROUND_FLOOR)), 0)


def balance(ledger: Ledger, program: str) -> Balance:
    """Give the points of a program as of the last `mature` and `expire`."""
    book = ledger.books.get(program)
    if book is None:
        return Balance(0, 0)
    lots = book.lots
    pending, reserved = sum(lot.pending for lot in lots), sum(lot.reserved for lot in lots)
    return Balance(book.spendable, pending, reserved, book.owed)


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
    kind: Kind = "granted",
    by: str | None = None,
) -> Posting | None:
    """Grant points as a new lot, pending where `matures_at` lies ahead. What is owed is paid first.

    None where there are no points to grant, or the same grant was made before. Raises ConflictError where
    the key was used for another number of points.
    """
    book = ledger.book(program)
    known = find(book, key)
    if known is not None and known.points != points:
        raise ConflictError(f"grant {key} was made before with {known.points} points, not {points}")
    if known is not None or points <= 0:
        return None
    waits = matures_at is not None and matures_at > now
    owed = book.owed
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
    account: Account = "pending" if waits else "available"
    entries = [Entry("issued", -points, key), Entry(account, points, key)]
    entries += move(lot, account, "debt", min(points, owed))
    return Posting(
        key=key, program=program, customer=customer, kind=kind, at=now, entries=netted(entries),
        reason=reason, by=by,
    )  # fmt: skip


def mature(ledger: Ledger, program: str, customer: str, now: Micros) -> list[Posting]:
    """Make the pending points available whose time has come; again at the same instant: nothing more."""
    postings = []
    book = ledger.book(program)
    for lot in book.lots:
        if lot.pending and lot.matures_at is not None and lot.matures_at <= now:
            paid = min(lot.pending, book.owed)
            entries = [*move(lot, "pending", "available", lot.pending), *move(lot, "available", "debt", paid)]
            postings.append(
                _posting(f"{lot.key}:matured", program, customer, "matured", lot.matures_at, netted(entries))
            )
    return postings


def expire(ledger: Ledger, program: str, customer: str, now: Micros) -> list[Posting]:
    """Take what is left of the lots that have expired; again at the same instant: nothing more.

    Reserved points stay until their reservation ends.
    """
    postings = []
    for lot in ledger.book(program).lots:
        if (lot.pending or lot.available) and lot.expires_at is not None and lot.expires_at <= now:
            entries = [
                *move(lot, "pending", "expired", lot.pending),
                *move(lot, "available", "expired", lot.available),
            ]
            postings.append(
                _posting(
                    f"{lot.key}:expired", program, customer, "expired", lot.expires_at, netted(entries)
                )
            )  # fmt: skip
    return postings


def redeem(
    ledger: Ledger,
    program: str,
    customer: str,
    key: str,
    points: int,
    now: Micros,
    *,
    reward: str | None = None,
    gives: str | None = None,
    reason: str | None = None,
    by: str | None = None,
) -> Posting | None:
    """Spend available points, the earliest to expire first.

    None where the same redemption was made before: its answer stands, and `Book.redemptions` has it.
    Raises ConflictError with the code `insufficient_points` where there are too few, and with
    `key_reused` where the key was used for another number of points or another reward.
    """
    book = ledger.book(program)
    if repeated(book, key, points, reward, ("redeemed",)):
        return None
    entries, parts = spend(book, points, "redeemed")
    book.redemptions = {
        **book.redemptions,
        key: Redemption(points, now, "redeemed", parts, reward, None, book.spendable),
    }
    return Posting(
        key=key, program=program, customer=customer, kind="redeemed", at=now, entries=tuple(entries),
        reason=reason, gives=gives, by=by,
    )  # fmt: skip


def next_due(ledger: Ledger, program: str) -> Micros | None:
    """Give the instant at which the next lot matures or expires, or a reservation or adjustment ends."""
    book = ledger.books.get(program)
    if book is None:
        return None
    first: Micros | None = None
    for lot in book.lots:
        at = lot.matures_at if lot.pending else None
        if at is not None and (first is None or at < first):
            first = at
        at = lot.expires_at if lot.pending or lot.available else None
        if at is not None and (first is None or at < first):
            first = at
    if not (book.redemptions or book.adjustments):
        return first
    waiting = [one.until for one in book.redemptions.values() if one.state == "reserved"]
    waiting += [one.until for one in book.adjustments.values() if one.state == "pending"]
    return min([at for at in (first, *waiting) if at is not None], default=None)


def totals(postings: Iterable[Posting]) -> dict[Account, int]:
    """Sum the entries of postings by account; all accounts together are zero."""
    sums: dict[Account, int] = {}
    for posting in postings:
        for entry in posting.entries:
            sums[entry.account] = sums.get(entry.account, 0) + entry.points
    return sums


def find(book: Book, key: str) -> Lot | None:
    """Give the lot of a grant, None where there is none."""
    return next((lot for lot in book.lots if lot.key == key), None)


def move(lot: Lot, source: Account, target: Account, points: int) -> list[Entry]:
    """Move points of a lot from one account to another; give the entries, none for no points."""
    if not points:
        return []
    setattr(lot, source, getattr(lot, source) - points)
    setattr(lot, target, getattr(lot, target) + points)
    return [Entry(source, -points, lot.key), Entry(target, points, lot.key)]


def spend(book: Book, points: int, target: Account) -> tuple[list[Entry], list[tuple[str, int]]]:
    """Move available points, the earliest to expire first; give the entries, and what each lot gave.

    Raises ConflictError with the code `insufficient_points` where there are too few.
    """
    if points > book.spendable:
        raise ConflictError("there are not enough points", code="insufficient_points")
    entries: list[Entry] = []
    parts: list[tuple[str, int]] = []
    left = points
    for lot in sorted(book.lots, key=spent_first):
        taken = min(left, lot.available)
        if taken:
            left -= taken
            entries += move(lot, "available", target, taken)
            parts.append((lot.key, taken))
    return entries, parts


def repeated(book: Book, key: str, points: int, reward: str | None, states: tuple[State, ...]) -> bool:
    """Tell whether a redemption was made before; raises ConflictError where it was another one."""
    known = book.redemptions.get(key)
    if known is None:
        return False
    if (known.points, known.reward) != (points, reward):
        raise ConflictError(f"redemption {key} was made before with other points", code="key_reused")
    if known.state not in states:
        raise ConflictError(f"redemption {key} is {known.state} already", code="key_reused")
    return True


def netted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Add up entries of the same account and lot; those that come to nothing are left out."""
    sums: dict[tuple[Account, str], int] = {}
    for entry in entries:
        place = (entry.account, entry.lot)
        sums[place] = sums.get(place, 0) + entry.points
    return tuple(Entry(account, points, lot) for (account, lot), points in sums.items() if points)


def spent_first(lot: Lot) -> tuple[bool, Micros, Micros]:
    """Order lots as they are spent: the earliest to expire first, and of those the earliest earned."""
    return lot.expires_at is None, lot.expires_at or 0, lot.earned_at


def _posting(
    key: str, program: str, customer: str, kind: Kind, at: Micros, entries: tuple[Entry, ...]
) -> Posting:
    return Posting(key=key, program=program, customer=customer, kind=kind, at=at, entries=entries)
