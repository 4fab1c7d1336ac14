"""The base that the tests of its parts look at: full size, a year, one seed."""

from datetime import datetime
from typing import Any

import pytest

from engine.authoring.demo import Demo, Planted, generate
from engine.customers.zones import instant_of
from engine.model.values import Micros

SEED = 7


@pytest.fixture(scope="session")
def demo() -> Demo:
    return generate(SEED)


class Log:
    """What a base delivers and plants, found by customer."""

    def __init__(self, demo: Demo) -> None:
        self.start = demo.start
        self.bodies: dict[tuple[str, str], list[tuple[Micros, Micros, dict[str, Any]]]] = {}
        seen: set[str] = set()
        for delivery in demo.events:
            body = delivery.body
            if body["id"] in seen:
                continue
            seen.add(body["id"])
            key = (body["event"], body.get("customer") or body["anonymous_id"])
            row = (instant(body["at"]), delivery.received_at, body)
            self.bodies.setdefault(key, []).append(row)
        self.planted: dict[tuple[str, str], list[Planted]] = {}
        for case in demo.planted:
            self.planted.setdefault((case.rule, case.expect), []).append(case)

    def of(self, event: str, customer: str) -> list[tuple[Micros, Micros, dict[str, Any]]]:
        """(occurred, received, body) of each, doubled ones once, in the order received."""
        return self.bodies.get((event, customer), [])


def instant(text: str) -> Micros:
    return instant_of(datetime.fromisoformat(text))


@pytest.fixture(scope="session")
def log(demo: Demo) -> Log:
    return Log(demo)
