import random
from collections import Counter
from itertools import pairwise

from engine.authoring.demo import Demo
from engine.authoring.demo.delivery import Happening, deliver
from engine.customers.catalog import build_catalog
from engine.customers.normalise import digest, normalise
from engine.model.values import DAY, HOUR, MINUTE, SECOND
from engine.model.workspace import Workspace

from .conftest import SEED, instant


def test_what_is_held_back_is_received_later_than_what_followed() -> None:
    first = Happening(customer="c1", event="cart_updated", at=0, properties={}, delay=HOUR)
    second = Happening(customer="c1", event="order_completed", at=MINUTE, properties={}, delay=SECOND)
    received = deliver([first, second], DAY, random.Random(SEED))
    names = [delivery.body["event"] for delivery in received]
    assert names.index("order_completed") < names.index("cart_updated")


def test_what_is_sent_again_is_the_same_body() -> None:
    twice = Happening(
        customer="c1", event="survey_answered", at=0, properties={"score": 1}, delay=0, again=HOUR
    )
    first, second = deliver([twice], DAY, random.Random(SEED))
    assert first.body == second.body
    assert second.received_at - first.received_at == HOUR


def test_what_is_received_after_the_end_is_left_out() -> None:
    happening = Happening(customer="c1", event="cart_updated", at=DAY - MINUTE, properties={}, delay=HOUR)
    assert deliver([happening], DAY, random.Random(SEED)) == ()


def test_deliveries_come_late_twice_and_out_of_order(demo: Demo) -> None:
    ids = Counter(delivery.body["id"] for delivery in demo.events)
    delays = [delivery.received_at - instant(delivery.body["at"]) for delivery in demo.events]
    occurred = [instant(delivery.body["at"]) for delivery in demo.events]
    assert sum(times == 2 for times in ids.values()) >= 1000
    assert sum(HOUR < delay < DAY for delay in delays) >= 500
    assert sum(delay > DAY for delay in delays) >= 100
    assert sum("sent_at" in delivery.body for delivery in demo.events) >= 100
    assert sum(later < earlier for earlier, later in pairwise(occurred)) >= 1000


def test_they_are_in_the_order_received(demo: Demo) -> None:
    received = [delivery.received_at for delivery in demo.events]
    assert received == sorted(received)
    assert demo.start <= received[0]
    assert received[-1] < demo.end


def test_the_door_takes_every_one_and_knows_what_came_twice(demo: Demo) -> None:
    declared = build_catalog(Workspace())
    digests: dict[str, str] = {}
    for delivery in demo.events:
        event = normalise(
            delivery.body, received_at=delivery.received_at, source="demo", declared=declared, may_grant=True
        )
        assert "clamped" not in event.flags
        assert ("skew_corrected" in event.flags) == ("sent_at" in delivery.body)
        assert digests.setdefault(event.message_id, digest(event)) == digest(event)
