"""W1: lots are spent earliest expiry first, every posting sums to zero, nothing happens twice."""

from decimal import Decimal

import msgspec
import pytest

from engine.errors import ConflictError
from engine.loyalty.ledger import (
    Balance,
    Ledger,
    Posting,
    balance,
    expire,
    grant,
    mature,
    next_due,
    redeem,
    totals,
    whole_points,
)
from engine.model.values import DAY, Micros

MATURES, END_OF_MARCH, END_OF_JUNE = 14 * DAY, 90 * DAY, 181 * DAY


def granted() -> tuple[Ledger, list[Posting | None]]:
    """The two orders of W1, still pending."""
    ledger = Ledger()
    postings = [
        grant(ledger, "rewards", "c1", key, points, 0, matures_at=MATURES, expires_at=expires)
        for key, points, expires in (("o2", 200, END_OF_JUNE), ("o1", 100, END_OF_MARCH))
    ]
    return ledger, postings


def spend(ledger: Ledger, key: str, points: int, now: Micros) -> Posting | None:
    return redeem(ledger, "rewards", "c1", key, points, now)


def test_w1_pending_points_cannot_be_spent() -> None:
    ledger, _ = granted()
    assert balance(ledger, "rewards") == Balance(available=0, pending=300)
    with pytest.raises(ConflictError, match="not enough points") as refusal:
        spend(ledger, "r1", 50, DAY)
    assert refusal.value.code == "insufficient_points"


def test_w1_points_are_spent_earliest_expiry_first() -> None:
    ledger, _ = granted()
    mature(ledger, "rewards", "c1", MATURES)
    assert balance(ledger, "rewards") == Balance(available=300, pending=0)
    posting = spend(ledger, "r1", 150, 20 * DAY)
    assert posting is not None
    assert [(entry.lot, entry.points) for entry in posting.entries if entry.account == "redeemed"] == [
        ("o1", 100),
        ("o2", 50),
    ]
    assert balance(ledger, "rewards").available == 150


def test_w1_a_redemption_replayed_takes_nothing_more() -> None:
    ledger, _ = granted()
    mature(ledger, "rewards", "c1", MATURES)
    spend(ledger, "r1", 150, 20 * DAY)
    assert spend(ledger, "r1", 150, 21 * DAY) is None
    assert ledger.book("rewards").redemptions["r1"].points == 150
    assert balance(ledger, "rewards").available == 150
    with pytest.raises(ConflictError, match="other points"):
        spend(ledger, "r1", 100, 21 * DAY)


def test_w1_what_is_left_expires_once_and_all_postings_sum_to_zero() -> None:
    # given the whole life of W1
    ledger, postings = granted()
    postings += mature(ledger, "rewards", "c1", MATURES)
    postings += [spend(ledger, "r1", 150, 20 * DAY)]
    # when March and June end, each looked at twice
    march = expire(ledger, "rewards", "c1", END_OF_MARCH) + expire(ledger, "rewards", "c1", END_OF_MARCH)
    june = expire(ledger, "rewards", "c1", END_OF_JUNE) + expire(ledger, "rewards", "c1", END_OF_JUNE)
    # then 0 expire in March and 150 in June
    assert march == []
    assert totals(june)["expired"] == 150
    # and everything sums to zero
    sums = totals([posting for posting in [*postings, *june] if posting is not None])
    assert sums == {"issued": -300, "pending": 0, "available": 0, "redeemed": 150, "expired": 150}
    assert sum(sums.values()) == 0


def test_w1_of_twenty_redemptions_of_all_points_one_succeeds() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c1", "o1", 100, 0)
    outcomes = []
    for number in range(20):
        try:
            outcomes.append(spend(ledger, f"r{number}", 100, 1) is not None)
        except ConflictError:
            outcomes.append(False)
    assert outcomes.count(True) == 1


def test_a_grant_without_a_wait_is_available_at_once() -> None:
    ledger = Ledger()
    posting = grant(ledger, "rewards", "c1", "o1", 10, 0, reason="welcome")
    assert posting is not None
    assert (posting.kind, posting.reason, totals([posting])) == (
        "granted",
        "welcome",
        {"issued": -10, "available": 10},
    )


def test_a_grant_is_made_once() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c1", "o1", 10, 0)
    assert grant(ledger, "rewards", "c1", "o1", 10, 5) is None
    assert balance(ledger, "rewards").available == 10
    with pytest.raises(ConflictError, match="made before with 10 points, not 11"):
        grant(ledger, "rewards", "c1", "o1", 11, 5)


def test_a_grant_of_nothing_makes_no_lot() -> None:
    ledger = Ledger()
    assert grant(ledger, "rewards", "c1", "o1", 0, 0) is None
    assert ledger.book("rewards").lots == []


def test_points_that_never_expire_are_spent_last() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c1", "for-ever", 10, 0)
    grant(ledger, "rewards", "c1", "soon", 10, 1, expires_at=DAY)
    posting = spend(ledger, "r1", 10, 2)
    assert posting is not None
    assert {entry.lot for entry in posting.entries} == {"soon"}


def test_pending_points_expire_too() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c1", "o1", 10, 0, matures_at=10 * DAY, expires_at=5 * DAY)
    assert totals(expire(ledger, "rewards", "c1", 5 * DAY)) == {"pending": -10, "expired": 10}
    assert mature(ledger, "rewards", "c1", 10 * DAY) == []


def test_programs_keep_their_own_books() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c1", "o1", 10, 0)
    assert balance(ledger, "club") == Balance(0, 0)
    assert next_due(ledger, "club") is None


def test_the_next_lot_to_mature_or_expire() -> None:
    ledger, _ = granted()
    assert next_due(ledger, "rewards") == MATURES
    mature(ledger, "rewards", "c1", MATURES)
    assert next_due(ledger, "rewards") == END_OF_MARCH
    expire(ledger, "rewards", "c1", END_OF_JUNE)
    assert next_due(ledger, "rewards") is None


@pytest.mark.parametrize(("earned", "points"), [("12.00", 12), ("11.99", 11), ("0.9", 0), ("-3", 0)])
def test_points_are_whole(earned: str, points: int) -> None:
    assert whole_points(Decimal(earned)) == points


def test_a_ledger_survives_its_bytes() -> None:
    ledger, _ = granted()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(ledger), type=Ledger) == ledger
