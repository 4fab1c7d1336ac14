"""Suppressions, how coupons end, and what of a budget is spent for good."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.contact.budgets import Share
from engine.contact.suppressions import Suppression
from engine.errors import StoreError
from engine.model.reasons import CouponStatus
from engine.runs.changes import Changes, CouponMove
from engine.store.interface import Store
from engine.store.records import BudgetRow
from tests.integration.store import rows


def suppression(target: str, **fields: Any) -> Suppression:
    given: dict[str, Any] = {
        "scope": "address", "channel": "email", "reason": "hard_bounce", "at": 100, "source": "mail",
    }  # fmt: skip
    return Suppression(target=target, **given | fields)


def test_an_address_is_suppressed_once_and_by_channel(store: Store) -> None:
    first, second = suppression("a@example.com"), suppression("+31612345678", channel="*", reason="operator")
    with store.begin() as writer:
        writer.write(Changes(suppressions=[first, second]))
        writer.write(Changes(suppressions=[suppression("a@example.com", reason="complaint", at=200)]))
        assert writer.suppressed("email", "a@example.com") == "hard_bounce"

    with store.reader() as reader:
        assert reader.suppressed("email", "a@example.com") == "hard_bounce"
        assert reader.suppressed("sms", "a@example.com") is None
        assert reader.suppressed("sms", "+31612345678") == "operator"
        assert [(row.target, row.at) for row in reader.suppressions()] == [
            ("a@example.com", 100), ("+31612345678", 100),
        ]  # fmt: skip


def test_a_customers_suppression_is_none_of_an_address_that_reads_the_same(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(suppressions=[suppression("ann", scope="customer"), suppression("ann")]))
    with store.reader() as reader:
        assert [row.scope for row in reader.suppressions(targets=["ann"])] == ["customer", "address"]


def test_a_suppression_that_is_removed_stays_on_record_and_may_come_again(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(suppressions=[suppression("a@example.com", note="5.1.1", by="mx")]))
    with store.begin() as writer:
        (held,) = writer.suppressions()
        assert writer.remove_suppression(held.id, 300, "op@example.com", "they fixed it")
        assert not writer.remove_suppression(held.id, 400, "op@example.com", "again")
        assert not writer.remove_suppression(held.id + 99, 400, "op@example.com", "nobody")
        writer.write(Changes(suppressions=[suppression("a@example.com", at=500)]))

    with store.reader() as reader:
        (removed,) = reader.suppressions(removed=True)
        assert removed == msgspec.structs.replace(
            held, removed_at=300, removed_by="op@example.com", removed_note="they fixed it"
        )
        assert reader.suppression(held.id) == removed
        assert reader.suppression(held.id + 99) is None
        (again,) = reader.suppressions()
        assert (again.at, again.id > held.id) == (500, True)


def test_suppressions_are_paged_by_number(store: Store) -> None:
    names = [f"{letter}@example.com" for letter in "cabd"]
    with store.begin() as writer:
        writer.write(Changes(suppressions=[suppression(name) for name in names]))
        writer.write(Changes(suppressions=[suppression("+31", channel="sms")]))
    with store.reader() as reader:
        page = reader.suppressions(limit=2)
        rest = reader.suppressions(after=page[-1].id)
        assert [row.target for row in [*page, *rest]] == [*names, "+31"]
        assert [row.target for row in reader.suppressions(channel="sms")] == ["+31"]
        assert [row.target for row in reader.suppressions(targets=names[2:])] == names[2:]


def test_a_coupon_is_kept_as_it_last_stood(store: Store) -> None:
    share = Share("coupons", "2026-01-01", Decimal("10.00"))
    issued = rows.coupon("A", worth="10.00 EUR", expires_at=900, shares=(share,))
    with store.begin() as writer:
        writer.write(Changes(coupons=[issued]))
    used = CouponMove(
        code="A", customer="bob", status=CouponStatus.REDEEMED, ended_at=500, reference="o1", by="op"
    )
    with store.begin() as writer:
        writer.write(Changes(coupon_moves=[used]))

    with store.reader() as reader:
        assert reader.coupon("A") == msgspec.structs.replace(
            issued, customer="bob", status=CouponStatus.REDEEMED, ended_at=500, reference="o1", by="op"
        )
        assert reader.coupons(["bob"]) == [reader.coupon("A")]
        assert reader.coupon("B") is None


def test_a_coupon_may_be_issued_and_end_in_one_transaction(store: Store) -> None:
    moves = [
        CouponMove(code="A", customer="ann", status=status, ended_at=at)
        for at, status in ((1, CouponStatus.EXPIRED), (2, CouponStatus.REDEEMED))
    ]
    with store.begin() as writer:
        writer.write(Changes(coupons=[rows.coupon("A")], coupon_moves=moves))
    with store.reader() as reader:
        found = reader.coupon("A")
    assert found is not None
    assert (found.status, found.ended_at) == (CouponStatus.REDEEMED, 2)


def test_a_coupon_that_is_not_there_cannot_end(store: Store) -> None:
    move = CouponMove(code="A", customer="ann", status=CouponStatus.VOID)
    with pytest.raises(StoreError, match="no coupon A"), store.begin() as writer:
        writer.write(Changes(coupon_moves=[move]))


def test_what_is_spent_for_good_is_counted_beside_what_is_taken(store: Store) -> None:
    place, other = ("coupons", "2026-01-01"), ("coupons", "2026-02-01")
    with store.begin() as writer:
        writer.write(Changes(spent={place: Decimal("20.00"), other: Decimal("5.00")}))
        writer.write(Changes(committed={place: Decimal("10.00")}))
        writer.write(Changes(spent={place: Decimal("-5.00")}, committed={place: Decimal("0.50")}))

    with store.reader() as reader:
        assert reader.budget_rows([place, other, ("calls", "2026-01-01")]) == [
            BudgetRow(*place, Decimal("15.00"), Decimal("10.50")),
            BudgetRow(*other, Decimal("5.00"), Decimal("0")),
        ]
        assert reader.budgets([place]) == {place: Decimal("15.00")}
