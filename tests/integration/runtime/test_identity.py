"""Identity: a guest who becomes known, and two customers who are one."""

import pytest

from engine.errors import ConflictError, NotFoundError
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock

GUEST_CART = {"anonymousId": "guest", "event": "cart_updated", "id": "c1", "cart_id": "k1", "total": 50}
IDENTIFY = {
    "userId": "ann", "anonymousId": "guest", "type": "identify", "messageId": "i1",
    "traits": {"email": "ann@example.com", "marketing_email": True},
}  # fmt: skip


def order(customer: str, id: str, total: int = 10) -> dict[str, object]:
    return {"customer": customer, "event": "order_completed", "id": id, "total": total}


def test_what_a_guest_did_counts_for_the_customer_they_turn_out_to_be(open_engine) -> None:
    # given orders of a guest and of a customer
    engine = open_engine()
    guest = {"anonymousId": "guest", "event": "order_completed", "id": "o1", "total": 10}
    engine.ingest([guest, order("ann", "o2", 20)], source="shop").result()

    # when the guest logs in, in one request with another order of the guest
    later = guest | {"id": "o3", "total": 5}
    engine.ingest([IDENTIFY, later], source="shop", may_grant=True).result()

    # then there is one customer with everything, under both names
    assert engine.customer("ann").facts["spend_28d"].value == 35
    assert engine.customer("guest").id == "ann"
    assert [alias.id for alias in engine.customer("ann").aliases] == ["guest"]
    assert engine.doctor()["balanced"]


def test_a_guests_cart_is_reminded_of_once_they_are_known(
    open_engine, clock: VirtualClock, recorders
) -> None:
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    engine.ingest([GUEST_CART], source="shop").result()
    clock.move_to(start + HOUR)
    engine.ingest([IDENTIFY], source="shop", may_grant=True).result()
    engine.run_until(start + DAY)
    assert [delivery.recipient for delivery in recorded["email.send"].deliveries] == ["ann@example.com"]


def test_a_guests_cart_merged_into_a_customer_with_an_order_is_called_off(
    open_engine, clock: VirtualClock, recorders
) -> None:
    # given a guest's cart, and an order of it by the customer, before anybody knows that they are one
    actions, recorded = recorders
    engine, start = open_engine(actions), clock.now()
    engine.ingest([GUEST_CART], source="shop").result()
    clock.move_to(start + HOUR)
    engine.ingest([order("ann", "o1") | {"cart_id": "k1"}], source="shop").result()

    # when the guest logs in
    clock.move_to(start + 2 * HOUR)
    engine.ingest([IDENTIFY], source="shop", may_grant=True).result()

    # then nobody is reminded
    engine.run_until(start + 3 * DAY)
    assert recorded["email.send"].deliveries == []


def test_events_never_merge_two_known_customers(open_engine) -> None:
    # given two customers with orders of their own
    engine = open_engine()
    engine.ingest([order("ann", "o1"), order("bob", "o2")], source="shop").result()

    # when an event claims that one is the other's former name
    alias = {"userId": "ann", "previousId": "bob", "type": "alias", "messageId": "a1"}
    engine.ingest([alias], source="shop").result()

    # then they stay two
    assert engine.customer("bob").id == "bob"
    assert engine.customer("ann").facts["orders"].value == 1


def test_an_anonymous_id_is_bound_once(open_engine) -> None:
    engine = open_engine()
    engine.ingest([GUEST_CART, IDENTIFY], source="shop", may_grant=True).result()
    engine.ingest([IDENTIFY | {"userId": "bob", "messageId": "i2"}], source="shop", may_grant=True).result()
    assert engine.customer("guest").id == "ann"


def test_an_operator_merges_two_known_customers(open_engine) -> None:
    # given two customers with orders of their own
    engine = open_engine()
    engine.ingest([order("ann", "o1", 10), order("bob", "o2", 20)], source="shop").result()

    # when a person says that they are one
    engine.merge_customers("ann", "bob", "eve@example.com").result()

    # then they are, it is on record, and what comes under either name counts
    engine.ingest([order("bob", "o3", 30)], source="shop").result()
    assert engine.customer("bob").facts["spend_28d"].value == 60
    events = [entry.of for entry in engine.timeline("ann") if entry.kind == "event"]
    assert ("merge", {"other": "bob", "by": "eve@example.com"}) in [
        (event.name, event.properties) for event in events
    ]
    assert engine.doctor()["balanced"]


def test_merging_asks_for_two_different_customers(open_engine) -> None:
    engine = open_engine()
    engine.ingest([order("ann", "o1"), order("bob", "o2")], source="shop").result()
    with pytest.raises(NotFoundError):
        engine.merge_customers("ann", "nobody", "eve@example.com").result()
    engine.merge_customers("ann", "bob", "eve@example.com").result()
    with pytest.raises(ConflictError):
        engine.merge_customers("bob", "ann", "eve@example.com").result()
