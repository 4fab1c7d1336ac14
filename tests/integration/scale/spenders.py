"""What earns and spends the same members' points in processes of their own, all at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import msgspec

from engine.errors import ConflictError, StoreError
from engine.runtime.actions.recorder import recording
from engine.runtime.engine import Engine

MEMBERS = ("ana", "ben", "cem")
POINTS = 10
THREADS = 10
ROUNDS = 12

PROGRAM = """
program: rewards
earn: [{when: order_completed, points: event.total}]
tiers: {green: {from: 0}}
"""

COUPONS = 10
"""So many fit the budget."""
GRANTING = (
    """
rule: thank
when: {event: order_completed}
then:
  - run: thanks
""",
    """
workflow: thanks
class: service
reentry: always
steps:
  - do: coupon.issue
    with: {percent: 10, worth: 10.00 EUR}
""",
    """
policy:
  budgets: {coupons: {of: coupon.issue, at_most: 100.00 EUR per month}}
""",
)
"""Every order also asks for a coupon of 10.00."""


class Tally(msgspec.Struct):
    """What a process was told: orders that were accepted, redemptions that were not refused, by member."""

    orders: list[tuple[str, str]] = []
    redeemed: list[tuple[str, str]] = []
    refused: int = 0
    failed: list[str] = []


Earn = Callable[[str, str], None]
Redeem = Callable[[str, str], bool]


def spend(process: int, earn: Earn, redeem: Redeem) -> Tally:
    """Earn and redeem in threads; some redemptions have a key that other threads and processes use too."""
    tally, lock, start = Tally(), threading.Lock(), threading.Barrier(THREADS)

    def one(thread: int) -> None:
        chance = random.Random(f"{process}/{thread}")
        start.wait()
        try:
            for number in range(ROUNDS):
                member, id = chance.choice(MEMBERS), f"{process}-{thread}-{number}"
                if chance.random() < 0.4:
                    earn(member, id)
                    with lock:
                        tally.orders.append((member, id))
                    continue
                key = f"{member}-shared-{number}" if chance.random() < 0.4 else f"{member}-{id}"
                done = redeem(member, key)
                with lock:
                    tally.redeemed += [(member, key)] if done else []
                    tally.refused += not done
        except Exception as error:
            with lock:
                tally.failed.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=one, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def over_http(process: int, address: str, token: str, control: Connection) -> None:
    """Earn and redeem as a client of a server."""
    head = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=head, timeout=60, trust_env=False) as http:

        def earn(member: str, id: str) -> None:
            told = {"customer": member, "event": "order_completed", "id": id, "total": POINTS}
            answer = http.post("/v1/events", json=told)
            assert answer.status_code == 200 and answer.json()["accepted"] == 1, answer.text

        def redeem(member: str, key: str) -> bool:
            body: dict[str, Any] = {"points": POINTS, "key": key}
            answer = http.post(f"/v1/customers/{member}/points/redeem", json=body)
            assert answer.status_code in (200, 409), answer.text
            return answer.status_code == 200

        control.send(msgspec.to_builtins(spend(process, earn, redeem)))


def with_an_engine(process: int, folder: Path, url: str, control: Connection) -> None:
    """Earn and redeem with an engine of this process's own on a shared database."""
    with Engine.open(folder, url, actions=recording()[0], work=True) as engine:
        control.send("open")
        control.recv()

        def earn(member: str, id: str) -> None:
            told = {"customer": member, "event": "order_completed", "id": id, "total": POINTS}
            _patiently(lambda: engine.ingest([told], source="shop").result(60))

        def redeem(member: str, key: str) -> bool:
            asked = {"points": POINTS, "key": key}
            try:
                _patiently(lambda: engine.act_on_points(member, "points_redeemed", asked, "till").result(60))
            except ConflictError:
                return False
            return True

        tally = spend(process, earn, redeem)
    control.send(msgspec.to_builtins(tally))


def _patiently(work: Callable[[], object]) -> None:
    """Do it again where the database was busy: it is the same, and happens once."""
    for _ in range(20):
        try:
            work()
            return
        except StoreError:
            time.sleep(0.05)
    work()
