"""Identity: which anonymous ids become a customer, and which id survives."""

import pytest

from engine.customers.event import Event
from engine.customers.identity import Alias, Aliases, Binding, NotBound
from tests.customer_facts import at

NOON = at("2026-03-08T12:00")


def signed_in(customer: str, anonymous: str | None, name: str = "identify") -> Event:
    return Event(
        source="shop", message_id="m", customer=customer, name=name, occurred_at=NOON, received_at=NOON,
        anonymous_id=anonymous,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["identify", "alias"])
def test_a_guest_who_signs_in_becomes_the_customer(name: str) -> None:
    assert Aliases({}).bind(signed_in("ann", "guest", name), known=False) == Binding("guest", "ann", NOON)


def test_a_guest_becomes_the_customer_that_survived_a_merge() -> None:
    aliases = Aliases({"ann": Alias("anna", NOON - 5)})
    assert aliases.bind(signed_in("ann", "guest"), known=False) == Binding("guest", "anna", NOON)


def test_a_known_customer_is_never_taken_in() -> None:
    assert Aliases({}).bind(signed_in("mallory", "ann", "alias"), known=True) is NotBound.KNOWN


def test_an_anonymous_id_is_bound_once() -> None:
    # Given a shared device on which Ann signed in before Bob
    aliases = Aliases({"guest": Alias("ann", NOON - 5)})
    assert aliases.bind(signed_in("bob", "guest"), known=False) is NotBound.TAKEN
    assert aliases.bind(signed_in("ann", "guest"), known=False) is NotBound.SAME


@pytest.mark.parametrize(
    "event", [signed_in("ann", None), signed_in("ann", "ann"), signed_in("ann", "guest", "order_completed")]
)
def test_other_events_bind_nobody(event: Event) -> None:
    assert Aliases({}).bind(event, known=False) is NotBound.NOT_ASKED


def test_an_id_is_resolved_as_it_was_at_an_instant() -> None:
    aliases = Aliases({"guest": Alias("ann", NOON), "ann": Alias("anna", NOON + 100)})
    assert aliases.resolve("guest", NOON - 1) == "guest"
    assert aliases.resolve("guest", NOON) == "ann"
    assert aliases.resolve("guest") == "anna"
    assert aliases.resolve("nobody") == "nobody"


def test_a_circle_of_aliases_is_said_and_not_walked_for_ever() -> None:
    with pytest.raises(ValueError, match="circle"):
        Aliases({"a": Alias("b", 0), "b": Alias("a", 0)}).resolve("a")
