"""Two books become one: nothing of either is lost."""

from decimal import Decimal

from engine.loyalty.ledger import Book, Ledger, grant, redeem
from engine.loyalty.merging import merge_books


def book(key: str, points: int, joined: int) -> Book:
    ledger = Ledger()
    grant(ledger, "rewards", key, key, points, 0)
    redeem(ledger, "rewards", key, f"{key}-x", 1, 1)
    found = ledger.book("rewards")
    found.joined, found.qualifying = joined, points
    found.credits, found.watched = {"EUR": Decimal(points)}, ["refunded", key]
    return found


def test_lots_redemptions_credits_and_qualifying_points_are_added() -> None:
    into = book("a", 10, joined=20)
    merge_books(into, book("b", 5, joined=10))
    assert (into.spendable, into.qualifying, into.joined) == (13, 15, 10)
    assert set(into.redemptions) == {"a-x", "b-x"}
    assert (into.credits, into.watched) == ({"EUR": Decimal(15)}, ["refunded", "a", "b"])
