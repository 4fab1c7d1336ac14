"""Questions, cases, coupons, points, segments, budgets."""

from decimal import Decimal

import msgspec
import pytest

from engine.errors import StoreError
from engine.loyalty.ledger import Account, Entry, Posting
from engine.runs.changes import Changes, MembershipChange
from engine.store.interface import Store
from engine.store.records import MembershipRow
from tests.integration.store import rows


def test_a_question_is_open_until_it_is_answered(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(asks=[rows.ask("q-2"), rows.ask("q-1")]))
    answered = msgspec.structs.replace(rows.ask("q-1"), answer="call", by="op@example.com", answered_at=150)
    with store.begin() as writer:
        writer.write(Changes(asks=[answered]))

    with store.reader() as reader:
        assert reader.ask("q-1") == answered
        assert reader.ask("none") is None
        assert reader.asks() == [rows.ask("q-2")]
        assert reader.asks(answered=True) == [answered]
        assert reader.asks(after="q-2") == []


def test_a_case_is_kept_as_it_last_was(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(cases={"c-1": rows.case("c-1"), "c-2": rows.case("c-2", customer="bob")}))
    later = rows.case("c-1", status="acknowledged", by="op@example.com", next_due=None, acknowledged_at=200)
    with store.begin() as writer:
        writer.write(Changes(cases={"c-1": later}))

    with store.reader() as reader:
        assert reader.case("c-1") == later
        assert reader.cases() == [later, rows.case("c-2", customer="bob")]
        assert reader.cases(status="open") == [rows.case("c-2", customer="bob")]
        assert reader.cases(customers=["ann"]) == [later]
        assert reader.cases(after="c-1", limit=5) == [rows.case("c-2", customer="bob")]


def test_coupons_are_issued_once_and_found_by_customer(store: Store) -> None:
    coupons = [rows.coupon("B", issued_at=200), rows.coupon("A"), rows.coupon("C", customer="bob")]
    with store.begin() as writer:
        writer.write(Changes(coupons=coupons))

    with store.reader() as reader:
        assert reader.coupons(["ann"]) == [coupons[1], coupons[0]]
    with pytest.raises(StoreError, match="'A'"), store.begin() as writer:
        writer.write(Changes(coupons=[rows.coupon("A", customer="cy")]))


def test_points_are_booked_once_per_program_and_key(store: Store) -> None:
    postings = [rows.posting("z"), rows.posting("a"), rows.posting("z", program="other", customer="bob")]
    with store.begin() as writer:
        writer.write(Changes(postings=postings))

    with store.reader() as reader:
        assert reader.postings(["ann", "bob"]) == postings
        assert reader.postings(["ann", "bob"], program="other") == [postings[2]]
        assert reader.postings(["ann"]) == postings[:2]
    with pytest.raises(StoreError, match="'z'"), store.begin() as writer:
        writer.write(Changes(postings=[rows.posting("z")]))


def test_a_movement_is_found_by_its_key(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(postings=[rows.posting("z")]))
        assert writer.posting("rewards", "z") == rows.posting("z")
        assert writer.posting("other", "z") is None


def moved(lot: str, account: Account, points: int) -> Posting:
    entries = (Entry("available", -points, lot), Entry(account, points, lot))
    return rows.posting(f"{lot}:{account}", kind="redeemed", entries=entries)


def test_the_points_of_a_program_are_summed_by_account_and_by_what_is_over(store: Store) -> None:
    # given three lots of 5: one untouched, one partly spent, one spent and expired to the end
    with store.begin() as writer:
        writer.write(Changes(postings=[rows.posting(key) for key in ("a", "b", "c")]))
        writer.write(Changes(postings=[moved("b", "redeemed", 2), moved("c", "redeemed", 1)]))
        writer.write(Changes(postings=[moved("c", "expired", 4), rows.posting("a", program="other")]))

    with store.reader() as reader:
        found = {name: points for name, points in reader.points_of("rewards").items() if points}
        assert found == {"issued": -15, "available": 8, "redeemed": 3, "expired": 4}
        over = {name: points for name, points in reader.points_of("rewards", closed=True).items() if points}
        assert over == {"issued": -5, "redeemed": 1, "expired": 4}
        assert set(reader.points_of("nobody").values()) == {0}


def enter(customer: str, at: int, segment: str = "at-risk") -> MembershipChange:
    return MembershipChange(customer, segment, at, True, "event")


def leave(customer: str, at: int, segment: str = "at-risk") -> MembershipChange:
    return MembershipChange(customer, segment, at, False, "event")


def test_who_is_in_a_segment_and_who_was_on_a_day(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(memberships=[enter("bob", 10), enter("ann", 20), enter("cy", 20, "loyal")]))
    with store.begin() as writer:
        writer.write(Changes(memberships=[leave("bob", 30)]))

    with store.reader() as reader:
        assert reader.members_of("at-risk") == ["ann"]
        assert [reader.members_of("at-risk", at=at) for at in (9, 10, 29, 30)] == [
            [],
            ["bob"],
            ["ann", "bob"],
            ["ann"],
        ]
        assert reader.members_of("at-risk", at=25, after="ann") == ["bob"]
        assert reader.members_of("at-risk", at=25, limit=1) == ["ann"]
        assert reader.memberships_of("bob") == [MembershipRow("at-risk", "bob", 10, 30, "event")]


def test_leaving_and_entering_again_in_one_batch_keeps_both(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(memberships=[enter("ann", 10)]))
        writer.write(
            Changes(memberships=[leave("ann", 20), enter("ann", 20), leave("ann", 25), enter("ann", 30)])
        )

    with store.reader() as reader:
        assert [(row.valid_from, row.valid_to) for row in reader.memberships_of("ann")] == [
            (10, 20),
            (20, 25),
            (30, None),
        ]
        assert reader.members_of("at-risk") == ["ann"]


def test_a_customer_enters_once_and_leaves_once(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(memberships=[enter("ann", 10)]))

    with pytest.raises(StoreError, match="stored already"), store.begin() as writer:
        writer.write(Changes(memberships=[enter("ann", 20)]))
    with pytest.raises(StoreError, match="without being in it"), store.begin() as writer:
        writer.write(Changes(memberships=[leave("bob", 20)]))


def test_a_budget_is_exact_and_never_overspent(store: Store) -> None:
    limit = Decimal("100.00")
    with store.begin() as writer:
        granted = [writer.spend("coupons", "2026-01-01", Decimal("33.30"), limit) for _ in range(4)]
        exactly = writer.spend("coupons", "2026-01-01", Decimal("0.10"), limit)
        beyond = writer.spend("coupons", "2026-01-01", Decimal("0.01"), limit)
        back = writer.spend("coupons", "2026-01-01", Decimal("-33.30"), limit)

    assert granted == [True, True, True, False]
    assert (exactly, beyond, back) == (True, False, True)
    with store.reader() as reader:
        periods = [("coupons", "2026-01-01"), ("coupons", "2026-02-01")]
        assert reader.budgets(periods) == {("coupons", "2026-01-01"): Decimal("66.70")}


def test_what_playing_spent_is_added(store: Store) -> None:
    period = ("coupons", "2026-01-01")
    with store.begin() as writer:
        writer.write(Changes(spent={period: Decimal("10.00")}))
        writer.write(Changes(spent={period: Decimal("-2.50"), ("calls", "2026-01-01"): Decimal(1)}))

    with store.reader() as reader:
        assert reader.budgets([period]) == {period: Decimal("7.50")}
