import random

import pytest

from engine.authoring.demo import Demo
from engine.authoring.demo.calendar import FIRST_MONDAY, calendar
from engine.authoring.demo.people import CONTRACTS, USAGE, introduce, people

from .conftest import SEED


def test_about_half_have_a_contract_about_half_shop_and_some_do_both() -> None:
    base = people(1925, 2000, random.Random(SEED))
    contracts = {customer.id for customer in base if customer.contract}
    shoppers = {customer.id for customer in base if customer.shops}
    assert 0.4 * len(base) < len(contracts) < 0.7 * len(base)
    assert 0.4 * len(base) < len(shoppers) < 0.7 * len(base)
    assert len(contracts & shoppers) == 330
    assert contracts | shoppers == {customer.id for customer in base}


def test_every_part_is_dealt_as_often_as_it_is_written() -> None:
    base = people(1925, 2000, random.Random(SEED))
    for volume, course, number in USAGE:
        assert sum((customer.volume, customer.course) == (volume, course) for customer in base) == number
    for contract, number in CONTRACTS:
        assert sum(customer.contract == contract for customer in base) == number


def test_a_smaller_base_has_the_same_parts() -> None:
    base = people(385, 400, random.Random(SEED))
    assert sum((customer.volume, customer.course) == (50, "falls") for customer in base) == 40
    assert {customer.contract for customer in base} >= {name for name, _ in CONTRACTS}


def test_a_base_without_room_for_every_part_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        people(10, 12, random.Random(SEED))


def test_consent_is_mixed_and_some_have_no_address_or_zone() -> None:
    base = people(1925, 2000, random.Random(SEED))
    consents = [customer.consent for customer in base]
    assert min(consents.count(value) for value in (True, False, None)) >= 100
    assert sum(not customer.email for customer in base) >= 40
    assert sum(customer.zone is None for customer in base) >= 40
    assert sum(customer.reachable for customer in base) >= 1300


def test_newcomers_are_introduced_on_the_day_they_join() -> None:
    played = calendar(FIRST_MONDAY, 120)
    base = people(1925, 2000, random.Random(SEED))
    story = introduce(base, played, random.Random(SEED))
    joined = {customer.id: played.at(customer.joined, 0) for customer in base}
    first = {happening.customer: happening.at for happening in reversed(story.happenings)}
    assert len(set(joined.values())) == 4
    assert all(at < first[customer] < at + 3_600_000_000 for customer, at in joined.items())


def test_only_a_shopper_without_a_contract_is_on_no_plan(demo: Demo) -> None:
    told = [delivery.body for delivery in demo.events if "first_name" in delivery.body["properties"]]
    planned = {body["customer"] for body in told if "plan" in body["properties"]}
    subscribed = {
        delivery.body["customer"]
        for delivery in demo.events
        if delivery.body["event"] == "subscription_updated"
    }
    assert planned == subscribed
    assert len(demo.zones) >= 3
