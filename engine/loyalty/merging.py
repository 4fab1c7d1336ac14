"""Merging: the books of two customers that are one become one."""

from __future__ import annotations

from decimal import Decimal

from engine.loyalty.ledger import Book


def merge_books(into: Book, other: Book) -> None:
    """Bring one book into another: all lots, and what was bought, adjusted and earned in the period.

    The tier is that of the surviving book until it is looked at again; the longer membership counts.
    """
    into.lots = [*into.lots, *other.lots]
    into.redemptions = {**other.redemptions, **into.redemptions}
    into.adjustments = {**other.adjustments, **into.adjustments}
    into.formulas = {**other.formulas, **into.formulas}
    into.watched = [*into.watched, *(name for name in other.watched if name not in into.watched)]
    into.early = sorted([*into.early, *other.early], key=lambda early: early.at)
    into.qualifying += other.qualifying
    if into.joined is None or (other.joined is not None and other.joined < into.joined):
        into.joined = other.joined
    credits = dict(into.credits)
    for currency, amount in other.credits.items():
        credits[currency] = credits.get(currency, Decimal(0)) + amount
    into.credits = credits
