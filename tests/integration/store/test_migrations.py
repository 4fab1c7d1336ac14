"""Migrations, on both databases: they make what the tables say, and go up and down with data in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, inspect, select, text
from sqlalchemy.engine import make_url

from engine.audit.leaves import ChangeLeaf
from engine.audit.tree import WIDTH, edge_at
from engine.customers.encoding import encode_hot
from engine.customers.state import FactState, Sent
from engine.errors import SchemaTooNewError, SchemaTooOldError, StoreError
from engine.model.values import DAY
from engine.runs.changes import Changes
from engine.store import schema
from engine.store.opening import migrate, open_store
from engine.store.records import CaseFilter
from engine.store.rows import shard_of
from engine.store.tables import COUNTER, CUSTOMER, LOT, METADATA, OUTBOX, PROCESS, RUN
from tests.integration.store import rows
from tests.servers import postgres_url

CUSTOMERS = [f"c{number}" for number in range(40)]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "postgres":
        return postgres_url(empty=True)
    return f"sqlite:///{tmp_path / 'holdfast.db'}"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    named = make_url(url)
    driver = "postgresql+psycopg" if named.get_backend_name() == "postgresql" else "sqlite"
    engine = create_engine(named.set(drivername=driver))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def fill(url: str) -> None:
    """Put one of everything, and forty customers with an effect each, into a database."""
    store = open_store(url)
    with store.begin() as writer:
        writer.add_events([rows.event("m-1")], ["1"])
        writer.save([rows.first_save("ann", chunks={1: b"c"}), *map(rows.first_save, CUSTOMERS)])
        writer.write(
            Changes(
                decisions=[rows.decision("d-1")],
                runs={"r-1": rows.run("r-1")},
                attempts=[rows.attempt("r-1", 1)],
                effects=[rows.effect(f"k-{name}", customer=name) for name in CUSTOMERS],
                postings=[rows.posting("o-1"), rows.posting("o-2")],
            )
        )
        writer.count(received=5, accepted=4, duplicates=1, decided=4)
        writer.add_process(rows.process("p-1", at=70))
    store.close()
    # as another process has counted
    with connected(url) as connection:
        stripe = connection.scalar(select(func.max(COUNTER.c.stripe))) or 0
        more = {"name": "accepted", "stripe": stripe + 1, "number": 3}
        connection.execute(COUNTER.insert(), [more])


def test_migrating_up_makes_the_very_tables_that_the_code_uses(url: str) -> None:
    with connected(url) as connection:
        schema.upgrade(connection)

        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        # and the last of them is that whose file is named last
        assert context.get_current_revision() == schema.current(connection) == schema.head()


def test_a_new_database_is_the_very_one_that_all_migrations_make(url: str) -> None:
    # given what the migrations make, to the conditions of indexes, at which compare_metadata does not look
    with connected(url) as connection:
        schema.upgrade(connection)
        made = _described(connection)
        assert any("WHERE" in str(row) for row in made["indexes"])
        schema.downgrade(connection, "base")
        connection.execute(text("DROP TABLE alembic_version"))

    # when a store is opened on an empty database
    open_store(url).close()

    # then it is the same, with nothing in it
    with connected(url) as connection:
        assert _described(connection) == made
        assert not [each for each in METADATA.sorted_tables if connection.execute(select(each)).all()]


def _described(connection: Connection) -> dict[str, set[tuple[object, ...]]]:
    """Give what a database says of its tables, whatever the order of columns and the names of keys."""
    asked = {
        "sqlite": {
            "columns": 'SELECT m.name, c.name, upper(c.type), c."notnull", c.dflt_value, c.pk'
            " FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'",
            "tables": "SELECT m.name, t.ncol, t.wr, t.strict"
            " FROM sqlite_master m, pragma_table_list(m.name) t WHERE m.type = 'table'",
            "indexes": "SELECT type, name, sql FROM sqlite_master WHERE type <> 'table'",
            "revision": "SELECT version_num FROM alembic_version",
        },
        "postgresql": {
            "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default,"
            " collation_name FROM information_schema.columns WHERE table_schema = 'public'",
            "constraints": "SELECT CAST(conrelid AS regclass), contype, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace)",
            "indexes": "SELECT tablename, regexp_replace(indexdef, 'INDEX [^ ]+_pkey ON', 'INDEX ON')"
            " FROM pg_indexes WHERE schemaname = 'public'",
            "revision": "SELECT version_num FROM alembic_version",
        },
    }[connection.dialect.name]
    return {name: {tuple(row) for row in connection.execute(text(sql))} for name, sql in asked.items()}


def test_migrating_down_and_up_again_works_with_data(url: str) -> None:
    fill(url)

    with connected(url) as connection:
        schema.downgrade(connection, "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        assert schema.current(connection) is None
        schema.upgrade(connection)
        assert connection.execute(select(RUN)).all() == []

    open_store(url).close()


def test_lots_are_made_of_the_points_booked_before(url: str) -> None:
    # given a database of a schema without lots, with points booked in it
    fill(url)
    with connected(url) as connection:
        schema.downgrade(connection, "0004")
        assert not inspect(connection).has_table("lot")

        schema.upgrade(connection)

        found = connection.execute(select(LOT.c.key, LOT.c.issued, LOT.c.available).order_by(LOT.c.key))
        assert [tuple(row) for row in found] == [("o-1", -5, 5), ("o-2", -5, 5)]


def test_shards_and_stripes_are_made_of_the_data_of_the_first_schema(url: str) -> None:
    # given a database of the first schema, with data in it
    fill(url)
    with connected(url) as connection:
        schema.downgrade(connection, "0001")
        assert "shard" not in {column["name"] for column in inspect(connection).get_columns("customer")}
        counted = {name: number for name, number in connection.execute(text("SELECT * FROM counter"))}
        assert counted == {"received": 5, "accepted": 7, "duplicates": 1, "decided": 4}
        assert connection.scalar(text("SELECT value FROM meta WHERE name = 'heartbeat'")) == "70"

    # when it is migrated by the command
    migrate(url)

    # then every row is in the shard of its customer
    with connected(url) as connection:
        customers = connection.execute(select(CUSTOMER.c.id, CUSTOMER.c.shard)).all()
        effects = connection.execute(select(OUTBOX.c.customer, OUTBOX.c.shard)).all()
        assert len(customers) == 41 and len(effects) == 40
        assert all(shard == shard_of(id) for id, shard in [*customers, *effects])
        assert len({shard for _, shard in customers}) > 10

        # and nothing that was counted or heard of is lost
        assert connection.scalar(select(func.max(PROCESS.c.heartbeat_at))) == 70
    store = open_store(url)
    with store.reader() as reader:
        found = reader.counters()
        assert (found.received, found.accepted, found.duplicates, found.decided) == (5, 7, 1, 4)
        assert [run.id for run in reader.runs()] == ["r-1"]
        assert [each.seq for each in reader.attempts("r-1")] == [1]
    with store.begin() as writer:
        writer.count(accepted=1)
        assert writer.counters().accepted == 8
    store.close()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_an_older_database_is_refused_until_it_is_migrated(url: str, revision: str) -> None:
    with connected(url) as connection:
        command.upgrade(schema._config(connection), revision)
    for exclusive in (True, False):
        with pytest.raises(SchemaTooOldError, match="holdfast doctor --migrate"):
            open_store(url, exclusive=exclusive)

    migrate(url)
    open_store(url).close()


def test_a_newer_database_is_refused_and_not_migrated(url: str) -> None:
    with connected(url) as connection:
        schema.upgrade(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for exclusive in (True, False):
        with pytest.raises(SchemaTooNewError, match="has the schema 9999, newer than this program's"):
            open_store(url, exclusive=exclusive)
    with pytest.raises(SchemaTooNewError):
        migrate(url)


def test_somebody_elses_database_is_left_alone(url: str) -> None:
    with connected(url) as connection:
        connection.execute(text("CREATE TABLE diary (day TEXT)"))
    for attempt in (open_store, migrate):
        with pytest.raises(StoreError, match="not one of Holdfast's"):
            attempt(url)


def test_a_migration_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    fill(url)
    store = open_store(url)
    with pytest.raises(ZeroDivisionError), store._writers.begin() as connection:  # type: ignore[attr-defined]
        schema.downgrade(connection, "base")
        raise ZeroDivisionError
    with store.reader() as reader:
        assert len(reader.members(None, 100)) == 41
    store.close()


def test_effects_outlast_the_way_down_to_before_delivery_was_kept_and_up_again(url: str) -> None:
    # given an effect of which nobody knows whether it was taken, one that waits, and a connector
    store = open_store(url)
    with store.begin() as writer:
        writer.write(Changes(effects=[rows.effect("unsure", unsure=True), rows.effect("waits")]))
        writer.hold_connectors(["sms"])
    store.close()

    # when the schema goes back to before and forth again
    with connected(url) as connection:
        schema.downgrade(connection, "0003")
        assert "connector" not in inspect(connection).get_table_names()
        schema.upgrade(connection)

    # then both are there, and what only the newer one knew is gone
    again = open_store(url)
    with again.begin() as writer:
        claims = writer.claim_effects(["unsure", "waits"], 1000, 2000)
        assert {each.effect.key: each.effect.unsure for each in claims} == {"unsure": False, "waits": False}
        assert writer.connectors() == {}
    again.close()


def test_goals_and_arms_are_read_out_of_the_documents_and_put_back(url: str) -> None:
    # given runs that reached their goal or not, and exposures to a holdout and to a split
    store = open_store(url)
    held = rows.exposure("r-1", arm="held_out", salt="winback-2026")
    split = rows.exposure("r-1", split="offer-test", arm="plain", design="{}")
    with store.begin() as writer:
        runs = {"r-1": rows.run("r-1", goal_at=150), "r-2": rows.run("r-2", key="cart-2")}
        writer.write(Changes(runs=runs, exposures=[held, split]))
    store.close()

    # when the schema goes back to before
    with connected(url) as connection:
        schema.downgrade(connection, "0004")
        assert "goal_at" not in {column["name"] for column in inspect(connection).get_columns("run")}
        assert connection.execute(text("SELECT run FROM exposure")).all() == [("r-1",)]
        # as it was then: the document holds what the column holds now
        document = bytes(connection.execute(text("SELECT document FROM exposure")).scalar_one())
        assert b"held_out" in document and b"winback-2026" in document
        schema.upgrade(connection)

    # then what the older one knew is there
    again = open_store(url)
    with again.reader() as reader:
        assert {run.id: run.goal_at for run in reader.runs()} == {"r-1": 150, "r-2": None}
        assert reader.exposures() == [held]
    again.close()


def test_cases_and_questions_outlast_the_way_down_to_before_they_were_looked_for_and_up_again(
    url: str,
) -> None:
    # given a case whose ladder has ended, one that is closed, and a question
    store = open_store(url)
    cases = [
        rows.case("c-1", exhausted=True, resolve_due=150),
        rows.case("c-2", ladder="other", status="resolved", resolve_due=150),
    ]
    with store.begin() as writer:
        writer.write(Changes(cases={case.id: case for case in cases}, asks=[rows.ask("q-1", who="sam")]))
    store.close()

    # when the schema goes back to before and forth again
    with connected(url) as connection:
        schema.downgrade(connection, "0004")
        assert "ladder" not in {column["name"] for column in inspect(connection).get_columns("case")}
        schema.upgrade(connection)

    # then they are as they were, and are found
    again = open_store(url)
    with again.reader() as reader:
        assert reader.cases() == cases
        assert reader.cases(found=CaseFilter(exhausted=True, overdue_by=150)) == cases[:1]
        assert reader.cases(found=CaseFilter(ladder="other", exhausted=False)) == cases[1:]
        assert reader.cases(found=CaseFilter(overdue_by=10_000)) == cases[:1]
        assert [ask.id for ask in reader.asks(who="sam")] == ["q-1"]
    again.close()


def test_questions_and_cases_outlast_the_way_down_to_before_they_were_in_order_and_up_again(url: str) -> None:
    # given questions and cases in the order in which they are due
    store = open_store(url)
    cases = [
        rows.case("c-4", next_due=None, respond_due=50, resolve_due=150),
        rows.case("c-3", next_due=100, resolve_due=150),
        rows.case("c-2", status="acknowledged", next_due=None, respond_due=50, resolve_due=150),
        rows.case("c-1", next_due=None),
        rows.case("c-5", next_due=10, paused_at=5),
        rows.case("c-6", status="resolved", next_due=10),
    ]
    asks = [rows.ask("q-2", due=100), rows.ask("q-1", due=200), rows.ask("q-0", due=50, answered_at=40)]
    with store.begin() as writer:
        writer.write(Changes(cases={case.id: case for case in cases}, asks=asks))
    store.close()

    # when the schema goes back to before and forth again
    with connected(url) as connection:
        schema.downgrade(connection, "0015")
        assert "due" not in {column["name"] for column in inspect(connection).get_columns("case")}
        schema.upgrade(connection)

    # then they are in that order still
    again = open_store(url)
    with again.reader() as reader:
        assert reader.cases(due_from=0) == cases
        assert [ask.id for ask in reader.asks(due_from=0)] == ["q-2", "q-1"]
    again.close()


def test_sealed_entries_outlast_the_way_down_to_when_they_were_kept_whole_and_up_again(url: str) -> None:
    # given more entries than a tile stands for
    store = open_store(url)
    with store.begin() as writer:
        for number in range(2 * WIDTH + 3):
            writer.record(ChangeLeaf(what="paused", ref=f"pause:{number}", at=number, who="ann"))
    with store.begin() as writer:
        writer.seal(3 * WIDTH)
    with store.reader() as reader:
        edge, sealed = reader.edge(), reader.leaves(0, 3 * WIDTH)
    store.close()

    # when the schema goes back to before
    with connected(url) as connection:
        schema.downgrade(connection, "0014")
        held = [
            bytes(entry)
            for entry in connection.execute(text("SELECT entry FROM leaf ORDER BY number")).scalars()
        ]
        tiles = connection.execute(text("SELECT hashes FROM tile ORDER BY number")).scalars().all()

        # then they are as they were sealed, and the tiles hold their hashes again
        assert held == [leaf.entry for leaf in sealed]
        assert list(map(bytes, tiles)) == [
            b"".join(leaf.hash for leaf in sealed[first : first + WIDTH]) for first in (0, WIDTH)
        ]
        schema.upgrade(connection)

    # and the newer program reads the very same
    again = open_store(url)
    with again.reader() as reader:
        assert (reader.edge(), reader.leaves(0, 3 * WIDTH)) == (edge, sealed)
        assert edge_at(reader.hashes, edge.size) == edge
    again.close()


def test_keys_of_decisions_outlast_the_way_down_to_when_they_were_kept_whole_and_up_again(url: str) -> None:
    fill(url)
    decision = rows.decision("d-1")

    with connected(url) as connection:
        assert connection.scalar(text("SELECT trigger_key FROM decision")) == "/d-1"
        schema.downgrade(connection, "0014")
        assert connection.scalar(text("SELECT trigger_key FROM decision")) == decision.trigger_key
        schema.upgrade(connection)

    again = open_store(url)
    with again.reader() as reader:
        assert reader.decision("d-1") == decision
    again.close()


def test_decisions_are_counted_by_day_out_of_those_that_are_there(url: str) -> None:
    # given decisions of two days, written before anybody kept how many there are
    fill(url)
    store = open_store(url)
    with store.begin() as writer:
        writer.write(Changes(decisions=[rows.decision("d-2", at=DAY), rows.decision("d-3", at=2 * DAY - 1)]))
    store.close()
    with connected(url) as connection:
        schema.downgrade(connection, "0015")
        assert not inspect(connection).has_table("decision_day")
        schema.upgrade(connection)

    # then they are known, and more are added to them
    again = open_store(url)
    with again.begin() as writer:
        writer.write(Changes(decisions=[rows.decision("d-4", at=DAY)]))
    with again.reader() as reader:
        assert reader.count_decisions(outcome="fired") == 4
        assert reader.count_decisions(start=DAY) == 3
    again.close()


def test_customers_who_are_there_already_are_found_by_their_words(url: str) -> None:
    # given somebody with a name and an address, somebody with neither, and an id of old
    known = FactState("c-1", built="f" * 64)
    known.traits = {
        name: Sent(name, value, 1, 1, "shop")
        for name, value in (("email", "ann@example.com"), ("name", "Ann Lee"), ("plan", "free"))
    }
    store = open_store(url)
    with store.begin() as writer:
        writer.save([rows.first_save("c-1", hot=encode_hot(known)), rows.first_save("C-2")])
        writer.bind_alias("Guest-9", "c-1", 90, "identify")
    store.close()

    # when the schema goes back to before and forth again
    with connected(url) as connection:
        schema.downgrade(connection, "0018")
        assert not inspect(connection).has_table("customer_word")
        schema.upgrade(connection)

    # then they are found, as if they had come today
    again = open_store(url)
    with again.reader() as reader:
        assert reader.found_by(["ann"], None, 10) == [("ann", "c-1")]
        assert reader.found_by(["example"], None, 10) == [("example.com", "c-1")]
        assert reader.found_by(["c-2"], None, 10) == [("c-2", "C-2")]
        assert reader.found_by(["guest"], None, 10) == [("guest-9", "Guest-9")]
        assert reader.found_by(["free"], None, 10) == []
    again.close()
