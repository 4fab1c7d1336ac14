"""Reserved points are out of reach until they are spent or given back, and each happens once."""

import pytest

from engine.errors import ConflictError, NotFoundError
from engine.loyalty.ledger import Balance, Ledger, balance, grant, redeem, totals
from engine.loyalty.refunds import reverse
from engine.loyalty.reserving import commit, overdue, release, reserve, take_again
from engine.model.values import DAY

RESERVED = ("rewards", "c", "b1")


def holding(points: int = 30) -> Ledger:
    """A hundred points until day 10 and a hundred for ever; some are reserved until day 5."""
    ledger = Ledger()
    grant(ledger, "rewards", "c", "ends", 100, 0, expires_at=10 * DAY)
    grant(ledger, "rewards", "c", "stays", 100, 0)
    reserve(ledger, *RESERVED, points, 1, until=5 * DAY)
    return ledger


def test_reserved_points_cannot_be_spent() -> None:
    ledger = holding(150)
    assert balance(ledger, "rewards") == Balance(50, 0, 150, 0)
    with pytest.raises(ConflictError, match="not enough"):
        redeem(ledger, "rewards", "c", "x", 51, 2)


def test_the_same_reservation_is_one_and_another_under_its_key_is_refused() -> None:
    ledger = holding()
    assert reserve(ledger, *RESERVED, 30, 2, until=9 * DAY) is None
    with pytest.raises(ConflictError, match="other points"):
        reserve(ledger, *RESERVED, 31, 2, until=9 * DAY)
    with pytest.raises(ConflictError, match="is reserved already"):
        redeem(ledger, *RESERVED, 30, 2)
    assert balance(ledger, "rewards").reserved == 30


def test_committing_and_releasing_happen_once_and_exclude_each_other() -> None:
    spent, given_back = holding(), holding()
    posting = commit(spent, *RESERVED, 2)
    assert posting is not None and totals([posting]) == {"reserved": -30, "redeemed": 30}
    assert commit(spent, *RESERVED, 3) is None
    with pytest.raises(ConflictError, match="was committed"):
        release(spent, *RESERVED, 3)
    posting = release(given_back, *RESERVED, 2)
    assert posting is not None and totals([posting]) == {"reserved": -30, "available": 30}
    assert release(given_back, *RESERVED, 3) is None
    with pytest.raises(ConflictError, match="was released"):
        commit(given_back, *RESERVED, 3)
    with pytest.raises(NotFoundError):
        commit(spent, "rewards", "c", "b9", 3)


def test_points_of_a_lot_that_has_ended_expire_when_they_are_released() -> None:
    ledger = holding(130)
    posting = release(ledger, *RESERVED, 10 * DAY)
    assert posting is not None and totals([posting]) == {"reserved": -130, "expired": 100, "available": 30}


def test_released_points_pay_what_is_owed() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c", "o1", 50, 0)
    reserve(ledger, *RESERVED, 50, 1, until=5 * DAY)
    reverse(ledger, "rewards", "c", ledger.book("rewards").lots[0], 20, "r1", "unlimited", 2)
    assert balance(ledger, "rewards") == Balance(0, 0, 50, 20)
    release(ledger, *RESERVED, 3)
    assert balance(ledger, "rewards") == Balance(30, 0, 0, 0)


def test_a_reservation_is_overdue_at_its_end_and_not_before() -> None:
    book = holding().book("rewards")
    assert (overdue(book, 5 * DAY - 1), overdue(book, 5 * DAY)) == ([], ["b1"])


@pytest.mark.parametrize(("spent", "owed"), [(0, 0), (190, 20)])
def test_what_was_delivered_after_all_is_spent_and_what_is_not_there_is_owed(spent: int, owed: int) -> None:
    ledger = holding()
    assert take_again(ledger, *RESERVED, 2) is None
    release(ledger, *RESERVED, 2)
    if spent:
        redeem(ledger, "rewards", "c", "x", spent, 3)
    posting = take_again(ledger, *RESERVED, 4)
    assert posting is not None and totals([posting])["redeemed"] == 30
    assert take_again(ledger, *RESERVED, 5) is None
    assert (ledger.book("rewards").owed, ledger.book("rewards").spendable) == (owed, 170 - spent + owed)
