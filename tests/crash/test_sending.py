"""Messages on their way when a server ends: each arrives, and only those on their way may arrive twice."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from engine.model.values import MINUTE
from tests.crash.mail import Mail, taking_mail
from tests.crash.server import Dead, Server
from tests.crash.shop import START, arrival, event, lay_out

ORDERS = 40


@pytest.fixture
def mail() -> Generator[Mail]:
    with taking_mail() as mail:
        yield mail


@pytest.fixture
def folder(tmp_path: Path, mail: Mail) -> Path:
    """A shop that sends by a mail server."""
    settings = f"""
name: Test shop
people:
  desk: {{email: desk@example.com}}
connectors:
  email: {{smtp: 127.0.0.1, port: {mail.port}, security: none, from: shop@example.com}}
"""
    return lay_out(tmp_path, {"holdfast.yaml": settings})


def orders() -> list[dict[str, object]]:
    """Give an order of each of many customers; each is thanked with one message."""
    names = [f"c{number:02}" for number in range(ORDERS)]
    bill = {"total": 200}
    known = [arrival(START, name) for name in names]
    return known + [
        event(START, "order_completed", name, f"o-{name}", order_id=name, **bill) for name in names
    ]


def states(folder: Path) -> Counter[str]:
    """Count the outbox by state."""
    with closing(sqlite3.connect(folder / "holdfast.db")) as connection:
        return Counter(state for (state,) in connection.execute("SELECT state FROM outbox"))


@pytest.mark.parametrize("at", [1, 17, ORDERS])
def test_killed_while_sending_it_doubles_no_more_than_was_on_its_way(
    folder: Path, mail: Mail, at: int
) -> None:
    # given a server that is killed while the mail server takes a message
    with Server(folder, START) as server:
        mail.at, mail.then = at, server.process.kill
        server.post(orders())
        with pytest.raises(Dead):
            server.move(START + 1)
    under_way = states(folder)["leased"]
    assert 0 < under_way <= ORDERS
    assert len(mail.taken) >= at

    # when another goes on once the dead one's leases have run out
    with Server(folder, START + 1) as server:
        server.move(START + MINUTE)
        server.move(START + 2 * MINUTE)
        assert server.stop() == 0

    # then every message has arrived, and those that did so twice were on their way
    taken = Counter(mail.taken)
    assert len(taken) == ORDERS
    assert taken.total() - ORDERS <= under_way
    assert set(taken.values()) <= {1, 2}
    assert states(folder) == {"settled": ORDERS}


def test_asked_to_stop_while_sending_it_takes_in_what_became_of_it(folder: Path, mail: Mail) -> None:
    # given a server that is asked to stop while the mail server takes a message
    with Server(folder, START) as server:
        mail.at, mail.then = 17, server.process.terminate
        server.post(orders())
        with suppress(Dead):
            server.move(START + 1)
        assert server.ended() == 0

    # then nothing is left on its way, and each message that was taken is known to have been
    assert len(mail.taken) == len(set(mail.taken)) >= 17
    found = states(folder)
    assert (found["settled"], found["leased"]) == (len(mail.taken), 0)
    assert found.total() == ORDERS
