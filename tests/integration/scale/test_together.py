"""Several engines at work on the same customers at once: each thing is decided once, and nothing is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from litestar.testing import TestClient

from api.app import create_app
from api.auth import TRUSTED_FOR
from engine.errors import ConflictError
from engine.model.values import DAY, MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.people.granting import Use
from tests.crash.shop import START, event
from tests.integration.scale.shops import Shared, arrive, order, together, until

VOUCHERS = {
    "rules/policy.yaml": """
policy:
  consent: {email: marketing_email}
  budgets: {vouchers: {of: coupon.issue, at_most: 100.00 EUR per month}}
""",
    "rules/promise.yaml": """
rule: promise
owner: shop
description: Give a voucher to who asks.
status: live
when: {event: voucher_wanted}
then:
  - run: voucher
""",
    "workflows/voucher.yaml": """
workflow: voucher
owner: shop
class: service
description: Give a voucher.
reentry: always
steps:
  - do: coupon.issue
    with: {amount: 10.00 EUR, expires: 30d, worth: 10.00 EUR}
""",
}
TEAMS = {
    "rules/teams.yaml": """
facts:
  team_orders: {count: order_completed, on: account}
  team_usage: {sum: minutes, of: usage, over: 1d, on: account}
""",
    "rules/busy-team.yaml": """
segment: busy-team
owner: shop
on: account
enter_if: customer.team_orders >= 3
held_for: 1s
""",
}


def several(engines: list[Engine], told: list[dict[str, Any]], by: int = 5) -> list[Callable[[], object]]:
    """Give jobs that post events, in portions, each to the next of the engines."""

    def post(engine: Engine, some: list[dict[str, Any]]) -> None:
        engine.ingest(some, source="shop", may_grant=True).result(20)

    portions = [told[start : start + by] for start in range(0, len(told), by)]
    return [
        partial(_each, [partial(post, engine, some) for some in portions[number :: len(engines)]])
        for number, engine in enumerate(engines)
    ]


def _each(jobs: list[Callable[[], object]]) -> None:
    for job in jobs:
        job()


def test_two_doors_and_two_workers_decide_each_event_once(shared: Shared) -> None:
    # given two API processes and two workers, and events of few customers
    doors = [shared.open(), shared.open()]
    for _ in range(2):
        shared.open(role="worker", work=True)
    names = [f"c{number}" for number in range(6)]
    arrive(doors[0], *names)
    chance = random.Random(1)
    told = [order(chance.choice(names), f"o{number}", chance.randrange(50, 200)) for number in range(200)]

    # when both are told of all of them at once, in different orders
    other = told[:]
    chance.shuffle(other)
    raised = together([*several([doors[0]], told), *several([doors[1]], other)])
    assert raised == []

    # then each is accepted once, has one run at most, and each customer's facts count it once
    found = doors[0].doctor()
    assert found["balanced"]
    assert (found["accepted"], found["duplicates"]) == (200 + len(names), 200)
    big = {one["id"] for one in told if one["properties"]["total"] >= 100}
    with doors[0].store.reader() as reader:
        runs = Counter(run.key for run in reader.runs(workflow="thank-you", limit=1000))
    assert runs == Counter(big)
    orders = Counter(one["customer"] for one in told)
    for name, number in orders.items():
        facts = {door.customer(name).facts["orders"].value for door in doors}
        assert facts == {number}

    # and each e-mail is sent once
    until(lambda: len(shared.sent()) >= len(big))
    assert Counter(shared.sent()).most_common(1)[0][1] == 1
    assert len(shared.sent()) == len(big)


def test_c2_a_budget_holds_across_processes(shared: Shared) -> None:
    # given a budget of 100.00, two processes, and twenty customers who are to get 10.00 each
    folder = shared.folder("shop", VOUCHERS)
    doors = [shared.open(folder), shared.open(folder)]
    names = [f"c{number}" for number in range(20)]
    arrive(doors[0], *names)
    wants = [event(time.time_ns() // 1000, "voucher_wanted", name, f"w-{name}") for name in names]

    # when all ask at once
    def ask(engine: Engine, want: dict[str, Any]) -> None:
        engine.ingest([want], source="shop").result(20)

    jobs = [partial(ask, doors[number % 2], want) for number, want in enumerate(wants)]
    assert together(jobs) == []

    # then exactly ten get it
    with doors[0].store.reader() as reader:
        assert len(reader.coupons(names)) == 10
        steps = [each for run in reader.runs(limit=100) for each in reader.attempts(run.id)]
    refused = [each for each in steps if each.reason == "budget"]
    assert len(refused) == 10
    assert {each.outcome.value for each in refused} == {"skipped"}


def test_a_coupon_is_used_once_across_processes_and_the_budget_is_exact(shared: Shared) -> None:
    # given ten coupons that are a month's whole budget
    folder = shared.folder("shop", VOUCHERS)
    doors = [shared.open(folder), shared.open(folder)]
    names = [f"c{number}" for number in range(10)]
    arrive(doors[0], *names)
    now = time.time_ns() // 1000
    doors[0].ingest(
        [event(now, "voucher_wanted", name, f"w-{name}") for name in names], source="shop"
    ).result()
    with doors[0].store.reader() as reader:
        codes = [coupon.code for coupon in reader.coupons(names)]
    assert len(codes) == 10

    # when both processes are asked to use each of five, twice, while five more customers ask for one
    def use(engine: Engine, code: str, number: int) -> None:
        engine.redeem_coupon(code, Use(by="till", reference=f"{code}/{number}")).result(20)

    def ask(engine: Engine, name: str) -> None:
        engine.ingest([event(now, "voucher_wanted", name, f"late-{name}")], source="shop").result(20)

    uses = [partial(use, doors[number % 2], code, number) for code in codes[:5] for number in range(4)]
    asks = [partial(ask, doors[number % 2], f"late{number}") for number in range(5)]
    raised = together([*uses, *asks])

    # then each is used once, everybody else is told so, and nothing more was given
    assert Counter(type(error) for error in raised) == {ConflictError: 15}
    (budget,) = doors[1].budgets()
    assert (budget.reserved, budget.committed, budget.left) == (50, 50, 0)
    with doors[0].store.reader() as reader:
        ended = Counter(coupon.status.value for coupon in reader.coupons(names))
        assert reader.coupons([f"late{number}" for number in range(5)]) == []
    assert ended == {"issued": 5, "redeemed": 5}


def test_a_midnight_is_counted_once(shared: Shared) -> None:
    # given two processes whose clocks come to the same midnight
    clock = VirtualClock(START)
    engines = [shared.open(clock=clock), shared.open(clock=clock)]
    engines[0].ingest(
        [order(f"c{number}", f"o{number}", number * 10, at=START) for number in range(1, 11)], source="shop"
    ).result()
    midnight = START - START % DAY + DAY
    clock.move_to(midnight + MINUTE)

    # when both are told of an order right after it
    told = [order(f"c{number}", f"late{number}", 1000, at=midnight + MINUTE) for number in (1, 2)]
    assert together(several(engines, told, by=1)) == []

    # then its figures are there once, the same for both, and without those orders
    day = engines[0].ruleset.zone.day_of(midnight)
    with engines[0].store.reader() as reader:
        kept = reader.load_base(day)
        assert reader.load_base(day - 1) is None
    assert kept is not None
    for engine in engines:
        assert engine._shell.figures.at(midnight + MINUTE).hash == kept.hash
        assert engine.customer("c1").facts["rfm_m"].value == 1
        assert engine.customer("c10").facts["rfm_m"].value == 5
    assert engines[0].doctor()["balanced"]


def test_events_of_somebody_who_is_being_merged_all_count_for_the_survivor(shared: Shared) -> None:
    # given ten pairs of customers, and two processes
    doors = [shared.open(), shared.open()]
    pairs = [(f"a{number}", f"b{number}") for number in range(10)]
    arrive(doors[0], *(name for pair in pairs for name in pair))

    # when each pair is merged by one process, while the other is told of orders of both
    def merge() -> None:
        for into, other in pairs:
            doors[0].merge_customers(into, other, "ann").result(20)

    told = [order(name, f"{name}-{number}") for number in range(4) for pair in pairs for name in pair]
    assert together([merge, *several([doors[1]], told)]) == []

    # then nothing is lost, and both processes know one customer of each pair
    for engine in doors:
        assert engine.doctor()["balanced"]
        for into, other in pairs:
            assert engine.customer(other).id == into
            assert engine.customer(into).facts["orders"].value == 8


def test_people_and_their_account_at_once(shared: Shared) -> None:
    # given members of two accounts, two API processes, and two workers that play what falls due
    folder = shared.folder("shop", TEAMS)
    doors = [shared.open(folder), shared.open(folder)]
    for _ in range(2):
        shared.open(folder, role="worker", work=True)
    names = [f"c{number}" for number in range(8)]
    arrive(doors[0], *names)
    told = [
        order(name, f"{name}-{number}") | {"account": f"team{(place + number) % 2}"}
        for number in range(25)
        for place, name in enumerate(names)
    ]

    # when their orders come in at once, half of each account through either door
    random.Random(2).shuffle(told)
    assert together(several(doors, told, by=4)) == []

    # then each counts once for its account, and nobody had to give way for another's lock
    accounts = [doors[0].customer(f"team{number}") for number in range(2)]
    assert [account.facts["team_orders"].value for account in accounts] == [100, 100]
    assert doors[0].doctor()["balanced"]
    assert deadlocks(shared) == 0


def deadlocks(shared: Shared) -> int:
    with psycopg.connect(shared.url) as server:
        row = server.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_two_first_starts_make_one_admin_key(shared: Shared) -> None:
    # given a database without any key
    doors = [shared.open(), shared.open()]

    # when both processes want the first one
    made: list[Any] = []
    assert together([lambda door=door: made.append(door.first_admin_key()) for door in doors]) == []  # type: ignore[misc]

    # then one of them has made it, and may say it
    [key] = [each for each in made if each is not None]
    assert [row.id for row in doors[0].list_keys()] == [key.row.id]
    assert doors[1].first_admin_key() is None


def test_a_revoked_key_is_refused_by_other_processes_within_the_stated_time(shared: Shared) -> None:
    # given a key that two API processes know
    doors = [shared.open(), shared.open()]
    key = doors[0].create_key("ingest", "shop")
    head = {"Authorization": f"Bearer {key.text}"}
    with TestClient(create_app(doors[1], token="t")) as there:

        def answer() -> int:
            return there.post("/v1/events", json=[order("ann", "o1")], headers=head).status_code

        assert answer() == 200

        # when one revokes it
        assert doors[0].revoke_key(key.row.id)
        since = time.monotonic()

        # then the other refuses it before that time is over
        until(lambda: answer() == 401)
        assert time.monotonic() - since < TRUSTED_FOR + 1
