import random

import pytest

from engine.authoring.demo import Demo
from engine.authoring.demo.calendar import FIRST_MONDAY, YEAR, calendar
from engine.authoring.demo.people import (
    CONTRACTS,
    FALL_WEEKS,
    LEAVING_OWNER,
    SHOPPING,
    SMALLEST,
    TOGETHER,
    USAGE,
    Customer,
    introduce,
    people,
)

from .conftest import SEED


def base(size: int = 2000) -> tuple[Customer, ...]:
    return people(size - 60, size, random.Random(SEED))


def test_every_part_is_dealt_as_often_as_it_is_written() -> None:
    parts = [customer.part for customer in base()]
    for volume, course, number in USAGE:
        assert sum((part.volume, part.course) == (volume, course) for part in parts) == number
    for contract, number in CONTRACTS:
        assert sum(part.contract == contract for part in parts) == number
    for way, number in SHOPPING:
        assert sum(part.shopping == way for part in parts) == number


def test_everybody_plays_one_part() -> None:
    for customer in base():
        part = customer.part
        assert (part.volume, part.contract, part.beginning, part.shopping).count(None) == 3


def test_a_smaller_base_has_the_same_parts() -> None:
    smaller = people(370, 400, random.Random(SEED))
    assert {one.part for one in smaller} == {one.part for one in base()}


def test_a_base_without_room_for_every_part_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        people(SMALLEST, SMALLEST - 1, random.Random(SEED))


def test_consent_is_mixed_and_some_have_no_address_or_zone() -> None:
    consents = [customer.consent for customer in base()]
    assert min(consents.count(value) for value in (True, False, None)) >= 80
    assert sum(not customer.email for customer in base()) >= 40
    assert sum(customer.zone is None for customer in base()) >= 40
    assert sum(customer.reachable for customer in base()) >= 1500


def test_those_who_collapse_do_so_together_and_no_fall_begins_near_the_outage() -> None:
    falls: dict[int, int] = {}
    for customer in base():
        if customer.part.course == "collapses":
            falls[customer.fall or 0] = falls.get(customer.fall or 0, 0) + 1
        if customer.part.course in ("falls", "collapses"):
            assert (customer.fall or 0) // 7 in FALL_WEEKS
    assert all(number % TOGETHER == 0 for number in falls.values())


def test_no_owner_leaves_those_who_must_have_no_other_case() -> None:
    watched = [one for one in base() if one.part.volume == 2 or one.part.course == "converts"]
    assert watched
    assert all(one.owner != LEAVING_OWNER for one in watched)


def test_newcomers_are_introduced_on_the_day_they_join() -> None:
    played = calendar(FIRST_MONDAY, YEAR)
    story = introduce(base(), played, random.Random(SEED))
    joined = {customer.id: played.at(customer.joined, 0) for customer in base()}
    first = {happening.customer: happening.at for happening in reversed(story.happenings)}
    assert len({at for at in joined.values() if at > played.at(13, 0)}) >= 100
    assert all(at < first[customer] < at + 3_600_000_000 for customer, at in joined.items())


def test_only_those_with_a_plan_have_a_contract(demo: Demo) -> None:
    told = [delivery.body for delivery in demo.events if "plan" in delivery.body["properties"]]
    planned = {body["customer"] for body in told if body["event"] == "identify"}
    subscribed = {
        delivery.body["customer"]
        for delivery in demo.events
        if delivery.body["event"] == "subscription_updated"
    }
    assert planned == subscribed
    assert len(demo.zones) >= 3
