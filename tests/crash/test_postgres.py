"""PostgreSQL stops, ends connections, loses answers to commits: nothing is lost, nothing done twice."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from api.app import create_app
from engine.errors import TransientStoreError
from engine.runtime.actions.recorder import Recorder, recording
from engine.runtime.engine import Engine
from engine.store.opening import open_store
from tests.crash.shop import FILES, arrival, event, lay_out
from tests.servers import Postgres, postgres_url

TOKEN = "a-token-of-this-test"
PATIENCE = 120.0

QUICK = {
    "workflows/thank-you.yaml": FILES["workflows/thank-you.yaml"]
    .replace("up_to: 20m", "up_to: 1s")
    .replace("wait: 5m", "wait: 1s"),
    "workflows/cart-recovery.yaml": FILES["workflows/cart-recovery.yaml"].replace("wait: 30m", "wait: 1s"),
    "rules/cart-left.yaml": FILES["rules/cart-left.yaml"].replace("for: 2m", "for: 1s"),
}


def happenings(seed: int, number: int) -> list[dict[str, Any]]:
    """Give events of a few customers: they become known, order, and leave carts."""
    chance, now = random.Random(seed), time.time_ns() // 1000
    names = [f"c{each}" for each in range(20)]
    told = [arrival(now, name) for name in names]
    for each in range(number):
        name, total = chance.choice(names), chance.randrange(50, 300)
        if chance.random() < 0.6:
            order = f"o{each}"
            # It came of a cart of its own, so that it calls no other cart's reminder off.
            bill = {"order_id": order, "cart_id": f"of-{order}", "total": total}
            told.append(event(now, "order_completed", name, order, **bill))
        else:
            cart = f"k{each}"
            told.append(event(now, "cart_updated", name, cart, cart_id=cart, total=total))
    return told


class Shop:
    """An API process and two workers on one database, in threads of this process, and its clients."""

    def __init__(self, folder: Path, url: str) -> None:
        self.recorders: list[dict[str, Recorder]] = []
        self.engines: list[Engine] = []
        for role in ("serve", "worker", "worker"):
            actions, recorded = recording()
            self.recorders.append(recorded)
            opened = Engine.open(folder, url, actions=actions, role=role, work=role == "worker")
            self.engines.append(opened)
        self.statuses: Counter[int] = Counter()
        self._over = threading.Event()

    def post(self, told: list[dict[str, Any]], clients: int = 4) -> None:
        """Post events from several clients, each batch again until it is answered with 200."""
        with TestClient(create_app(self.engines[0], token=TOKEN), raise_server_exceptions=False) as http:

            def tell(part: list[dict[str, Any]]) -> None:
                for start in range(0, len(part), 5):
                    self._until_taken(http, part[start : start + 5])

            threads = [threading.Thread(target=tell, args=(told[each::clients],)) for each in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive(), "a client is never answered"

    def _until_taken(self, http: TestClient[Any], batch: list[dict[str, Any]]) -> None:
        head = {"Authorization": f"Bearer {TOKEN}"}
        while True:
            answer: httpx.Response = http.post("/v1/events", json=batch, headers=head)
            self.statuses[answer.status_code] += 1
            if answer.status_code == 200 or self._over.is_set():
                return
            assert answer.headers["Retry-After"].isdigit()
            self._over.wait(0.05)

    def rest(self) -> None:
        """Wait until every run has ended and every effect has settled."""
        store, until = self.engines[0].store, time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(Exception), store.reader() as reader:
                found = reader.census(0)
                if not found.open_runs and not found.waiting_effects:
                    return
            threading.Event().wait(0.05)
        raise AssertionError("runs or effects are left")

    def check(self, told: list[dict[str, Any]]) -> None:
        """Hold what is stored against what was told."""
        with self.engines[0].store.reader() as reader:
            events = reader.events(limit=100_000)
            runs = reader.runs(limit=100_000)
            effects = [row for run in runs for row in reader.effects(run.id)]
            names = {one["customer"] for one in told}
            grants = Counter(posting.key for posting in reader.postings(sorted(names)))
            steps = {run.id: [(each.seq, each.attempt) for each in reader.attempts(run.id)] for run in runs}
        assert self.engines[0].doctor()["balanced"]
        # each event once, and each big order and each cart with its own run
        assert Counter(one.message_id for one in events if one.source == "shop") == Counter(
            one["id"] for one in told
        )
        orders = [one for one in told if one["event"] == "order_completed"]
        thanked = Counter(run.key for run in runs if run.workflow == "thank-you")
        big = [one["id"] for one in orders if one["properties"]["total"] >= 100]
        assert thanked == Counter(big)
        carts = [one["id"] for one in told if one["event"] == "cart_updated"]
        assert Counter(run.key for run in runs if run.workflow == "cart-recovery") == Counter(carts)
        # each grant once, each transition once, and no effect that nobody knows the end of
        assert set(grants.values()) <= {1}
        assert all(seqs == sorted(set(seqs)) for seqs in steps.values())
        assert {row.outcome for row in effects} <= {"executed", "cancelled", "skipped", "held_out"}
        sent = Counter(
            one.key for recorded in self.recorders for one in recorded["email.send"].deliveries if one.run
        )
        assert set(sent) >= {row.effect.key for row in effects if row.outcome == "executed"}

    def close(self) -> None:
        self._over.set()
        for engine in self.engines:
            engine.close()


@contextmanager
def shop_on(folder: Path, url: str) -> Generator[Shop]:
    shop = Shop(lay_out(folder, QUICK), url)
    try:
        yield shop
    finally:
        shop.close()


@contextmanager
def meanwhile(work: Callable[[], object], every: float) -> Generator[None]:
    """Do something again and again until the block ends."""
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(every):
            with suppress(Exception):
                work()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_stopped_at_once_ten_times_under_load(tmp_path: Path) -> None:
    # given an API process and two workers on a server that is stopped as by a power cut
    server = Postgres()
    try:
        with shop_on(tmp_path / "shop", server.url) as shop:
            told = happenings(seed=1, number=600)
            stops = 0

            def cut() -> None:
                nonlocal stops
                if stops < 10:
                    server.stop("immediate")
                    server.start()
                    stops += 1

            # when clients go on posting through ten such stops
            with meanwhile(cut, every=0.2):
                while stops < 10:
                    shop.post(told)
            shop.rest()

            # then they have seen only 200 and 503, and all is there once
            assert set(shop.statuses) <= {200, 503}
            shop.check(told)
    finally:
        server.close()


def test_connections_that_are_ended_cost_nothing(tmp_path: Path) -> None:
    # given somebody who ends every connection again and again, twenty times in all
    url = postgres_url()
    admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")

    ended = 0

    def end() -> None:
        nonlocal ended
        if ended == 20:
            return
        ended += 1
        with admin.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    with shop_on(tmp_path / "shop", url) as shop:
        told = happenings(seed=2, number=300)

        # when clients post meanwhile
        with meanwhile(end, every=0.2):
            shop.post(told)
            while ended < 20:
                shop.post(told[:20])
        shop.rest()

        # then all is there once
        assert set(shop.statuses) <= {200, 503}
        shop.check(told)
    admin.dispose()


def test_transactions_that_have_to_give_way_are_done_again(tmp_path: Path) -> None:
    # given a database in which now and then a write to some tables fails as a deadlock or a conflict does
    url = postgres_url()
    admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF random() < 0.02 THEN RAISE EXCEPTION 'by chance' USING ERRCODE = '40001'; END IF;"
                " IF random() < 0.02 THEN RAISE EXCEPTION 'by chance' USING ERRCODE = '40P01'; END IF;"
                " RETURN NULL; END $$"
            )
        )
    with shop_on(tmp_path / "shop", url) as shop:
        with admin.connect() as connection:
            for table in ("run", "customer", "outbox", "event"):
                connection.execute(
                    text(
                        f"CREATE TRIGGER fails AFTER INSERT OR UPDATE ON {table}"
                        " FOR EACH STATEMENT EXECUTE FUNCTION fail()"
                    )
                )
        told = happenings(seed=3, number=150)

        # when clients post
        shop.post(told)
        with admin.connect() as connection:
            for table in ("run", "customer", "outbox", "event"):
                connection.execute(text(f"DROP TRIGGER fails ON {table}"))
        shop.rest()

        # then all is there once
        assert set(shop.statuses) <= {200, 503}
        shop.check(told)
    admin.dispose()


class Losing:
    """A way to a server on which the answer to a commit is lost now and then, and the connection with it."""

    def __init__(self, path: Path, every: int) -> None:
        self._path = path
        self._every = every
        self._commits = 0
        self.armed = False
        self.lost = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._path))
                threading.Thread(target=self._join, args=(client, server), daemon=True).start()

    def _join(self, client: socket.socket, server: socket.socket) -> None:
        losing = threading.Event()
        with client, server:
            asking = threading.Thread(target=self._carry, args=(client, server, True, losing), daemon=True)
            asking.start()
            self._carry(server, client, False, losing)
            asking.join()

    def _carry(self, here: socket.socket, there: socket.socket, asks: bool, losing: threading.Event) -> None:
        with suppress(OSError):
            while data := here.recv(65536):
                if asks and b"COMMIT" in data and self._turn():
                    losing.set()
                if not asks and losing.is_set():
                    # The server has answered, so it is done; nobody will hear of it.
                    self.lost += 1
                    break
                there.sendall(data)
        for end in (here, there):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _turn(self) -> bool:
        with self._lock:
            self._commits += self.armed
            return self.armed and self._commits % self._every == 0

    def close(self) -> None:
        self._listener.close()


def test_a_commit_whose_answer_is_lost_counts_as_done(tmp_path: Path) -> None:
    # given a way to the database on which no commit is answered
    direct = make_url(postgres_url())
    losing = Losing(Path(str(direct.query["host"])) / ".s.PGSQL.5432", every=1)
    url = direct.set(host="127.0.0.1", port=losing.port, query={}).render_as_string(hide_password=False)
    store = open_store(url)

    # when something is written, then whoever writes it is told nothing else than that it was
    losing.armed = True
    with store.begin() as writer:
        writer.count(received=1, accepted=1)
    losing.armed = False
    with store.reader() as reader:
        assert reader.counters().received == losing.lost == 1
    store.close()
    losing.close()


def test_a_lost_commit_is_not_taken_for_anothers_of_the_same_number(tmp_path: Path) -> None:
    # given a server that falls over before anything of a transaction, its number included, is on disk
    server = Postgres()
    try:
        admin = create_engine(
            make_url(server.url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(text("ALTER SYSTEM SET wal_writer_delay = '10s'"))
            connection.execute(text("SELECT pg_reload_conf()"))
        store = open_store(server.url)
        with pytest.raises(TransientStoreError), store.begin() as writer:
            writer.count(received=1, accepted=1)
            with admin.connect() as connection:
                lost = connection.scalar(
                    text(
                        "SELECT CAST(backend_xid AS TEXT) FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
                    )
                )
            admin.dispose()
            server.stop("immediate")
            server.start()

            # when it gives that number to somebody else, who commits
            with admin.connect() as connection:
                number = connection.scalar(text("SELECT CAST(pg_current_xact_id() AS TEXT)"))
                assert int(number) <= int(lost)
                while int(number) < int(lost):
                    number = connection.scalar(text("SELECT CAST(pg_current_xact_id() AS TEXT)"))

        # then the transaction counts as failed
        with store.reader() as reader:
            assert reader.counters().received == 0
        store.close()
        admin.dispose()
    finally:
        server.close()


def test_commits_whose_answer_is_lost_are_known_to_have_gone_through(tmp_path: Path) -> None:
    # given a way to the database on which every third commit is not answered
    direct = make_url(postgres_url())
    losing = Losing(Path(str(direct.query["host"])) / ".s.PGSQL.5432", every=3)
    url = direct.set(host="127.0.0.1", port=losing.port, query={}).render_as_string(hide_password=False)
    with shop_on(tmp_path / "shop", url) as shop:
        told = happenings(seed=4, number=150)

        # when clients post
        losing.armed = True
        shop.post(told)
        shop.rest()

        # then each such commit counts as done: nothing was even taken for a duplicate
        assert losing.lost > 10
        assert set(shop.statuses) <= {200, 503}
        shop.check(told)
        counted = shop.engines[0].doctor()
        assert counted["duplicates"] == 0 or 503 in shop.statuses
    losing.close()
