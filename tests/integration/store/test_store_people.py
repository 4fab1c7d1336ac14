"""Questions, cases, coupons, points, segments, budgets."""

from decimal import Decimal

import msgspec
import pytest

from engine.errors import StoreError
from engine.escalation.history import Happening
from engine.loyalty.ledger import Account, Entry, Posting
from engine.runs.changes import Changes, MembershipChange
from engine.store.interface import Store
from engine.store.records import CaseCount, CaseFilter, MembershipRow
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
        assert reader.open_asks(["q-1", "q-2", "none", "q-2"]) == {"q-2": rows.ask("q-2")}
        assert reader.open_asks([]) == {}
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


def test_cases_are_found_by_what_people_look_for(store: Store) -> None:
    # given one that is fine, one that ran out, one whose ladder ended, one that waits, and one that is closed
    cases = [
        rows.case("c-1", who="sam", resolve_due=900),
        rows.case("c-2", who="lead", resolve_due=150, breached=["resolve"]),
        rows.case("c-3", ladder="other", who="lead", exhausted=True, respond_due=100, resolve_due=900),
        rows.case("c-4", who="sam", status="acknowledged", paused_at=120, respond_due=100),
        rows.case("c-5", who="sam", status="resolved", resolve_due=150, breached=["resolve"]),
    ]
    with store.begin() as writer:
        writer.write(Changes(cases={case.id: case for case in cases}))

    with store.reader() as reader:

        def found(**wanted: object) -> list[str]:
            return [case.id for case in reader.cases(found=msgspec.convert(wanted, CaseFilter))]

        assert found() == ["c-1", "c-2", "c-3", "c-4", "c-5"]
        assert found(ladder="other") == ["c-3"]
        assert found(who="sam") == ["c-1", "c-4", "c-5"]
        assert found(breached=True) == ["c-2", "c-5"]
        assert found(breached=False, who="lead") == ["c-3"]
        assert found(exhausted=True) == ["c-3"]
        # and what is overdue is open, and its clock runs
        assert found(overdue_by=99) == []
        assert found(overdue_by=150) == ["c-2", "c-3"]
        assert reader.cases(found=CaseFilter(who="sam"), after="c-1", limit=1) == [cases[3]]
        assert reader.case_counts() == [
            CaseCount("other", "open", False, False, True, 1),
            CaseCount("success-desk", "acknowledged", True, False, False, 1),
            CaseCount("success-desk", "open", False, False, False, 1),
            CaseCount("success-desk", "open", False, True, False, 1),
        ]


def test_the_questions_that_wait_for_somebody_are_found(store: Store) -> None:
    asks = [rows.ask("q-1", who="sam"), rows.ask("q-2", who="sam"), rows.ask("q-3", who="lead")]
    with store.begin() as writer:
        writer.write(Changes(asks=asks))
        writer.write(Changes(asks=[msgspec.structs.replace(asks[1], answered_at=150)]))

    with store.reader() as reader:
        waiting = {who: [ask.id for ask in reader.asks(who=who)] for who in ("sam", "lead", "nobody")}
        assert waiting == {"sam": ["q-1"], "lead": ["q-3"], "nobody": []}
        assert [ask.id for ask in reader.asks(who="sam", answered=True)] == ["q-2"]
        assert reader.asks(who="sam", after="q-1") == []


def test_questions_and_cases_come_soonest_due_first_and_those_last_of_which_nothing_is_due(
    store: Store,
) -> None:
    # given questions, one of them answered, and cases, one paused, one taken, one closed
    asks = [rows.ask(f"q-{due}", due=due) for due in (400, 300, 500)]
    asks.append(rows.ask("q-1", due=100, answered_at=90))
    cases = [
        rows.case("c-1", next_due=None, resolve_due=900),
        rows.case("c-2", next_due=300, resolve_due=900),
        rows.case("c-3", next_due=None, resolve_due=300, respond_due=200),
        rows.case("c-4", next_due=100, paused_at=50),
        rows.case("c-5", status="acknowledged", next_due=None, resolve_due=150, respond_due=100),
        rows.case("c-6", status="resolved", resolve_due=100),
    ]
    with store.begin() as writer:
        writer.write(Changes(asks=asks, cases={case.id: case for case in cases}))

    with store.reader() as reader:
        # then the order is by due, then by id, and goes on at any place
        assert [ask.due for ask in reader.asks(due_from=0)] == [300, 400, 500]
        assert [ask.due for ask in reader.asks(due_from=300, after="q-300", limit=1)] == [400]
        assert [ask.id for ask in reader.asks(due_from=0, answered=True)] == ["q-1"]
        assert reader.count_open_asks() == 3

        def found(**asked: object) -> list[str]:
            return [case.id for case in reader.cases(**asked)]  # type: ignore[arg-type]

        assert found(due_from=0) == ["c-5", "c-3", "c-2", "c-1", "c-4", "c-6"]
        assert found(due_from=0, status="open", limit=2) == ["c-3", "c-2"]
        assert found(due_from=300, after="c-2", status="open") == ["c-1", "c-4"]


def test_a_case_keeps_its_history_and_context(store: Store) -> None:
    case = rows.case(
        "c-1",
        history=[Happening("opened", 90, 100, value="high"), Happening("told", 100, 100, None, "sam", 1, 1)],
        context={"owns": {"mrr": Decimal("499.00"), "plan": "pro"}, "health": {"value": None}},
    )
    with store.begin() as writer:
        writer.write(Changes(cases={"c-1": case}))
    with store.reader() as reader:
        assert reader.case("c-1") == case


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
