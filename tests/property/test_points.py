"""Points under any order of what can happen to them: nothing is made, lost or owed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConflictError, ForbiddenError, NotFoundError
from engine.loyalty import adjusting, ledger, refunds, reserving
from engine.loyalty.ledger import ACCOUNTS, Ledger, Posting, totals
from engine.loyalty.statement import holdings, statement
from engine.model.values import DAY
from tests.virtual_engine import VirtualEngine

PROGRAM = "rewards"
HELD = ("pending", "available", "reserved", "redeemed", "expired", "reversed")
small = st.integers(1, 60)
number = st.integers(0, 5)
actions = st.one_of(
    st.tuples(st.just("earn"), number, small, st.none() | st.integers(1, 20), st.none() | st.integers(5, 40)),
    st.tuples(st.just("refund"), number, number, st.integers(0, 60)),
    st.tuples(st.just("redeem"), number, small),
    st.tuples(st.just("reserve"), number, small, st.integers(1, 20)),
    st.tuples(st.just("commit"), number),
    st.tuples(st.just("release"), number),
    st.tuples(st.just("adjust"), number, st.integers(-40, 40), st.booleans()),
    st.tuples(st.just("approve"), number, st.sampled_from(["ann", "ben"])),
    st.tuples(st.just("wait"), st.integers(1, 15)),
)


class Till:
    """A ledger to which actions happen; every action is tried twice, as a retry would."""

    def __init__(self, policy: refunds.Policy) -> None:
        self.ledger = Ledger()
        self.policy: refunds.Policy = policy
        self.postings: list[Posting] = []
        self.now = 1

    @property
    def book(self) -> ledger.Book:
        return self.ledger.book(PROGRAM)

    def do(self, action: tuple[Any, ...]) -> None:
        name, *rest = action
        made: Callable[..., list[Posting | None]] = getattr(self, name)
        try:
            self.postings += [one for one in made(*rest) if one is not None]
        except (ConflictError, NotFoundError, ForbiddenError):
            return
        if name == "wait":
            return
        try:
            again = [one for one in made(*rest) if one is not None]
        except (ConflictError, NotFoundError, ForbiddenError):
            again = []
        assert again == [], f"{action} happened twice"

    def earn(self, n: int, points: int, pending: int | None, expiry: int | None) -> list[Posting | None]:
        matures = None if pending is None else self.now + pending * DAY
        expires = None if expiry is None else self.now + expiry * DAY
        return [
            ledger.grant(
                self.ledger, PROGRAM, "c", f"o{n}", points, self.now, matures_at=matures, expires_at=expires
            )
        ]

    def refund(self, n: int, ref: int, more: int) -> list[Posting | None]:
        lot = ledger.find(self.book, f"o{n}")
        if lot is None:
            return []
        claim = lot.claimed + more
        done = refunds.reverse(self.ledger, PROGRAM, "c", lot, claim, f"r{ref}", self.policy, self.now)
        return [] if done is None else [done[1]]

    def redeem(self, n: int, points: int) -> list[Posting | None]:
        return [ledger.redeem(self.ledger, PROGRAM, "c", f"x{n}", points, self.now)]

    def reserve(self, n: int, points: int, days: int) -> list[Posting | None]:
        until = self.now + days * DAY
        return [reserving.reserve(self.ledger, PROGRAM, "c", f"b{n}", points, self.now, until=until)]

    def commit(self, n: int) -> list[Posting | None]:
        return [reserving.commit(self.ledger, PROGRAM, "c", f"b{n}", self.now)]

    def release(self, n: int) -> list[Posting | None]:
        return [reserving.release(self.ledger, PROGRAM, "c", f"b{n}", self.now)]

    def adjust(self, n: int, points: int, waits: bool) -> list[Posting | None]:
        until = self.now + 3 * DAY if waits else None
        if not points:
            return []
        return [
            adjusting.propose(
                self.ledger, PROGRAM, "c", f"a{n}", points, "why", "ann", self.now, waits_until=until
            )
        ]

    def approve(self, n: int, by: str) -> list[Posting | None]:
        return [adjusting.approve(self.ledger, PROGRAM, "c", f"a{n}", by, self.now)]

    def wait(self, days: int) -> list[Posting | None]:
        """Play whatever is due, each at its instant, and look at each twice."""
        until, made = self.now + days * DAY, list[Posting | None]()
        while (due := ledger.next_due(self.ledger, PROGRAM)) is not None and due <= until:
            self.now = max(self.now, due)
            for _ in range(2):
                before = len(made)
                made += ledger.mature(self.ledger, PROGRAM, "c", self.now)
                made += ledger.expire(self.ledger, PROGRAM, "c", self.now)
                for key in reserving.overdue(self.book, self.now):
                    made.append(reserving.release(self.ledger, PROGRAM, "c", key, self.now))
                adjusting.lapse(self.book, self.now)
            assert len(made) == before, "due work happened twice"
        self.now = until
        return made

    def check(self) -> None:
        sums = totals(self.postings)
        assert sum(sums.values()) == 0
        assert all(sum(entry.points for entry in posting.entries) == 0 for posting in self.postings)
        assert all(entry.points for posting in self.postings for entry in posting.entries)
        for lot in self.book.lots:
            assert all(getattr(lot, account) >= 0 for account in HELD), lot
            assert sum(getattr(lot, account) for account in HELD) + lot.debt == lot.points, lot
            assert 0 <= lot.claimed <= lot.points
        for account in ACCOUNTS[1:]:
            assert sum(getattr(lot, account) for lot in self.book.lots) == sums.get(account, 0), account
        assert -sums.get("issued", 0) == sum(lot.points for lot in self.book.lots)
        assert not (self.book.owed and self.book.spendable), "points that are owed can be spent"
        assert sum(lot.debt for lot in self.book.lots) <= 0
        assert len({posting.key for posting in self.postings}) == len(self.postings)


@pytest.mark.parametrize("policy", ["only_pending", "within_balance", "unlimited"])
@settings(max_examples=150, deadline=None)
@given(story=st.lists(actions, max_size=25))
def test_under_any_order_of_actions_and_retries_the_ledger_balances(
    policy: refunds.Policy, story: list[tuple[Any, ...]]
) -> None:
    till = Till(policy)
    for action in story:
        till.do(action)
        till.check()
    whole = statement(till.postings, 0, till.now + 1)
    assert whole.closing == holdings(till.postings)
    assert whole.opening.total + sum(one.change for one in whole.movements) == whole.closing.total
    half = till.now // 2
    first, second = statement(till.postings, 0, half), statement(till.postings, half, till.now + 1)
    assert (first.closing, second.closing) == (second.opening, whole.closing)


EARNING = """
program: rewards
earn:
  - when: order_completed
    points: event.total * RATE
    pending_for: 14d
    expire: 90d
    reversed_by: {event: order_refunded, match: order_id, less: {total: event.amount}}
tiers: {green: {from: 0}, gold: {from: 500}}
refund: unlimited
"""
shares = st.lists(st.integers(1, 9), min_size=1, max_size=4)
cents = st.integers(1, 20_000).map(lambda number: Decimal(number) / 100)


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from(["1", "1.2", "0.7", "3.33"]),
    orders=st.lists(st.tuples(cents, shares), min_size=1, max_size=3),
    order_of=st.randoms(use_true_random=False),
    step=st.integers(0, 4),
)  # fmt: skip
def test_refunds_to_the_end_in_any_order_leave_nothing(
    rate: str, orders: list[tuple[Decimal, list[int]]], order_of: Any, step: int
) -> None:
    # given orders, and refunds of each that add up to it, which may come before it
    engine = VirtualEngine(EARNING.replace("RATE", rate))
    events = []
    for number, (total, weights) in enumerate(orders):
        events.append((f"o{number}", "order_completed", {"order_id": f"o{number}", "total": total}))
        parts = [(total * weight / sum(weights)).quantize(Decimal("0.01")) for weight in weights[:-1]]
        for place, amount in enumerate([*parts, total - sum(parts)]):
            told = {"order_id": f"o{number}", "amount": amount}
            events.append((f"r{number}.{place}", "order_refunded", told))
    order_of.shuffle(events)
    # when all of them come, some twice, over days in which points mature
    for place, (id, name, told) in enumerate(events):
        day = f"{date(2026, 3, 1) + timedelta(days=place * step)} 10:00"
        engine.receive(day, name, key=id, **told)
        if place % 3 == 0:
            engine.receive(day, name, key=id, **told)
    engine.until("2026-06-30 10:00")
    # then nothing is left, nothing is owed, and everything that was issued was taken back
    sums = Counter(totals(engine.simulation.changes.postings))
    assert sum(sums.values()) == 0
    assert sums["reversed"] == -sums["issued"]
    assert [account for account in ("pending", "available", "expired", "debt") if sums[account]] == []
    assert all(not posting.shortfall for posting in engine.simulation.changes.postings)
