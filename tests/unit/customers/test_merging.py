"""Merging and rebuilding: what is told of it, and what is left behind."""

from engine.customers.encoding import decode, encode_chunks, encode_hot
from engine.customers.merging import emptied, merge, mergeable, rebuild
from engine.model.facts import FactType, Subscriptions, Trait
from engine.model.values import DAY
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

NOON = at("2026-03-08T12:00")
TABLE = table_of(
    workspace_of(
        subscriptions=Subscriptions(of="contract", id="id", mrr="mrr", ends="ends"),
        plan=Trait(type=FactType.TEXT),
        visits=computed("30d", count="visit"),
        churns=computed(count="churned"),
    )
)


def test_a_merge_tells_which_traits_it_changed() -> None:
    # Given a guest who said something newer, and something that the customer never did
    customer, guest = Customer(TABLE), Customer(TABLE, "guest")
    customer.take(happened("identify", NOON, plan="free", email="ann@example.org"))
    guest.take(happened("identify", NOON + 5, plan="team", phone="+49"))
    # When they become one
    applied = merge(TABLE, customer.state, guest.state)
    # Then the newer value of each stands
    assert applied.trait_changes == (("phone", None, "+49"), ("plan", "free", "team"))
    assert applied.changed == frozenset(TABLE.names("person"))
    facts = customer.facts(NOON + 9)
    assert (facts["plan"], facts["email"]) == ("team", "ann@example.org")


def test_two_customers_with_contracts_are_rebuilt_instead() -> None:
    customer, other, guest = Customer(TABLE), Customer(TABLE, "c2"), Customer(TABLE, "guest")
    customer.take(happened("contract", NOON, id="a", mrr=50))
    other.take(happened("contract", NOON, id="b", mrr=30))
    assert not mergeable(TABLE, customer.state, other.state)
    assert mergeable(TABLE, customer.state, guest.state)


def test_nothing_is_left_of_who_became_part_of_another() -> None:
    # Given a guest of last month, stored and loaded again
    guest = Customer(TABLE, "guest")
    guest.take(happened("visit", NOON - 20 * DAY), happened("visit", NOON))
    chunks = {month: data for month, data in encode_chunks(guest.state).items() if data is not None}
    # When nothing is left of it
    left = emptied(decode(encode_hot(guest.state), chunks))
    # Then its chunk is deleted as well
    assert encode_chunks(left) == {2026 * 12 + 1: None}


def test_a_rebuild_derives_what_came_of_contracts_again() -> None:
    # Given a contract that ran out, and a log that has no word of it, as after an import of the past
    events = [
        happened("contract", NOON, id="a", mrr=50),
        happened("contract", NOON + DAY, id="a", mrr=50, ends="2026-03-20"),
        happened("visit", NOON + 30 * DAY),
    ]
    # Then the churn is counted all the same, and one that lies ahead when it is said until when
    assert Customer(TABLE).facts(NOON)["churns"] == 0
    for log, until in ((events, None), (events[:2], NOON + 30 * DAY)):
        customer = Customer(TABLE)
        customer.state = rebuild(TABLE, "c1", "person", log, until)
        assert customer.facts(NOON + 40 * DAY)["churns"] == 1
        assert customer.state.built == TABLE.hash
