"""Statements: what a member had, what moved, and what was left, so that it adds up."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.loyalty.ledger import Account, Posting, totals
from engine.model.values import Micros

HELD: tuple[Account, ...] = ("pending", "available", "reserved", "debt")
"""The accounts that are the member's; the other ones tell where points came from and went."""


class Holdings(msgspec.Struct, frozen=True):
    """What a member holds: points by account, and all of them; `debt` is below zero where some are owed."""

    pending: int
    available: int
    reserved: int
    debt: int
    total: int


class Movement(msgspec.Struct, frozen=True):
    """One posting, what it changed for the member, and what the member held after it."""

    posting: Posting
    change: int
    total: int


class Statement(msgspec.Struct, frozen=True):
    """A period of a member in a program: `opening` and all changes together give `closing`.

    `by_kind` sums the changes by what they were.
    """

    start: Micros
    end: Micros
    opening: Holdings
    movements: list[Movement]
    closing: Holdings
    by_kind: dict[str, int]


def statement(postings: Iterable[Posting], start: Micros, end: Micros) -> Statement:
    """Give the statement of [start, end) from all postings of a member in a program, in their order.

    A change is what a posting adds to pending, available, reserved and debt together: maturing and
    reserving change nothing, they only move.
    """
    ordered = sorted(postings, key=lambda posting: posting.at)
    before = [posting for posting in ordered if posting.at < start]
    inside = [posting for posting in ordered if start <= posting.at < end]
    opening, closing = holdings(before), holdings([*before, *inside])
    total, movements, by_kind = opening.total, [], dict[str, int]()
    for posting in inside:
        change = holdings([posting]).total
        total += change
        movements.append(Movement(posting, change, total))
        by_kind[posting.kind] = by_kind.get(posting.kind, 0) + change
    return Statement(start, end, opening, movements, closing, by_kind)


def holdings(postings: Iterable[Posting]) -> Holdings:
    """Give what a member holds after these postings."""
    sums = totals(postings)
    pending, available, reserved, debt = (sums.get(account, 0) for account in HELD)
    return Holdings(pending, available, reserved, debt, pending + available + reserved + debt)
