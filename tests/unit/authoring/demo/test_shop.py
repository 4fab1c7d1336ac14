from itertools import pairwise

from engine.authoring.demo import Demo, Planted
from engine.model.values import DAY, HOUR, Micros

from .conftest import Log


def carts(log: Log) -> dict[tuple[str, Micros], tuple[str, float]]:
    """By shopper and last change, also of what was a guest then: each cart and its total."""
    last: dict[str, tuple[Micros, float]] = {}
    for (event, _), rows in log.bodies.items():
        if event == "cart_updated":
            for at, _, body in rows:
                cart = body["properties"]["cart_id"]
                last[cart] = max(last.get(cart, (0, 0.0)), (at, body["properties"]["total"]))
    return {(cart.split("-")[0], at): (cart, total) for cart, (at, total) in last.items()}


def ended_in_time(log: Log, case: Planted, cart: str) -> bool:
    """Whether an order or an emptying was received within the hour after the cart's last change."""
    orders = [
        received
        for at, received, body in log.of("order_completed", case.customer)
        if at >= case.at and body["properties"].get("cart_id", cart) == cart
    ]
    emptied = [received for at, received, _ in log.of("cart_emptied", case.customer) if at >= case.at]
    return any(received < case.at + HOUR for received in orders + emptied)


def consenting(demo: Demo) -> set[str]:
    """Who has an address and gave consent: only their carts are cases."""
    return {
        delivery.body["customer"]
        for delivery in demo.events
        if delivery.body["properties"].get("marketing_email") and "email" in delivery.body["properties"]
    }


def test_an_abandoned_cart_has_something_in_it_and_no_order_in_time(log: Log) -> None:
    known = carts(log)
    for case in log.planted["cart-abandoned", "fire"]:
        cart, total = known[case.customer, case.at]
        assert total > 0
        assert not ended_in_time(log, case, cart)


def test_nobody_is_to_be_reminded_twice_in_seven_days(log: Log) -> None:
    reminders: dict[str, list[Micros]] = {}
    for case in log.planted["cart-abandoned", "fire"]:
        reminders.setdefault(case.customer, []).append(case.at)
    gaps = [b - a for times in reminders.values() for a, b in pairwise(times)]
    assert len(gaps) >= 100
    assert min(gaps) >= 8 * DAY


def test_an_innocent_cart_is_over_in_time_worthless_or_the_second_in_seven_days(log: Log, demo: Demo) -> None:
    reminded: dict[str, list[Micros]] = {}
    for case in log.planted["cart-abandoned", "fire"]:
        reminded.setdefault(case.customer, []).append(case.at)
    reachable = consenting(demo)
    known = carts(log)
    second = 0
    for case in log.planted["cart-abandoned", "innocent"]:
        cart, total = known[case.customer, case.at]
        if total > 0 and not ended_in_time(log, case, cart):
            second += 1
            if case.customer in reachable:
                assert any(case.at - 7 * DAY < at < case.at for at in reminded[case.customer])
    assert second >= 40


def test_some_orders_are_received_before_their_cart_and_some_from_guests(log: Log, demo: Demo) -> None:
    received: dict[str, Micros] = {}
    before = 0
    for (event, _), rows in sorted(log.bodies.items()):
        for _, at, body in rows:
            if event == "cart_updated":
                received[body["properties"]["cart_id"]] = at
            elif event == "order_completed":
                before += received.get(body["properties"].get("cart_id"), 0) > at
    assert before >= 200
    guests = [body for delivery in demo.events if (body := delivery.body)["event"] == "cart_updated"]
    assert sum("anonymous_id" in body for body in guests) >= 200
    assert sum(delivery.body["event"] == "alias" for delivery in demo.events) >= 80


def test_every_guest_says_who_it_is(log: Log, demo: Demo) -> None:
    guests = {subject for _, subject in log.bodies if subject.startswith("guest-")}
    known = {
        delivery.body.get("anonymous_id") or delivery.body["properties"].get("previous_id")
        for delivery in demo.events
        if delivery.body["event"] in ("identify", "alias")
    }
    assert guests <= known


def test_who_goes_quiet_orders_no_more(log: Log) -> None:
    cases = log.planted["gone-quiet", "fire"]
    assert len(cases) >= 40
    for case in cases:
        orders = [at for at, _, _ in log.of("order_completed", case.customer)]
        assert case.at - 22 * DAY < max(orders) < case.at - 18 * DAY


def test_who_goes_on_is_never_away_for_long(log: Log) -> None:
    innocents = log.planted["gone-quiet", "innocent"]
    assert len(innocents) >= 100
    for case in innocents:
        orders = sorted(at for at, _, _ in log.of("order_completed", case.customer))
        assert max(later - at for at, later in pairwise([*orders, case.within])) < 20 * DAY


def test_a_tenth_order_is_the_tenth(log: Log) -> None:
    for case in log.planted["tenth-order", "fire"]:
        orders = sorted(at for at, _, _ in log.of("order_completed", case.customer))
        assert orders[9] == case.at


def test_a_returner_keeps_so_much_that_the_tier_can_be_saved(log: Log) -> None:
    cases = log.planted["tier-at-risk", "fire"]
    assert len(cases) >= 20
    for case in cases:
        orders = [b["properties"]["total"] for _, _, b in log.of("order_completed", case.customer)]
        back = [b["properties"]["amount"] for _, _, b in log.of("order_refunded", case.customer)]
        assert max(orders) >= 500 > sum(orders) - sum(back) >= 200
