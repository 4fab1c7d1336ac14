"""What is PostgreSQL's own: one schema made by many at once, and a migration beside processes that run."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy import create_engine, make_url, text

from engine.errors import StoreError
from engine.store import schema
from engine.store.opening import migrate, open_store
from engine.store.postgres import _BARRIER, open_postgres
from tests.integration.store import rows
from tests.servers import postgres_url


def test_a_migration_waits_for_the_transaction_of_a_process() -> None:
    # given an older database, and a process of the older program in the middle of a transaction
    url = postgres_url()
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        schema.downgrade(connection, "0001")
    process = engine.connect()
    process.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _BARRIER})

    # when the database is migrated meanwhile
    with ThreadPoolExecutor(1) as threads:
        migrating = threads.submit(migrate, url)
        with engine.connect() as connection:
            waiting = text("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            while not connection.scalar(waiting):
                assert not migrating.done()

        # then it goes on once that has ended
        process.commit()
        migrating.result()
    process.close()
    engine.dispose()
    open_store(url).close()


def test_processes_that_start_at_once_on_an_empty_database_make_one_schema() -> None:
    # given an empty database
    url = postgres_url(empty=True)

    # when four processes start on it at once
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: open_store(url), range(4)))

    # then each can write
    for number, store in enumerate(stores):
        with store.begin() as writer:
            writer.add_process(rows.process(f"p-{number}", number))
    with stores[0].reader() as reader:
        assert len(reader.processes()) == 4
    for store in stores:
        store.close()


def test_who_stands_still_in_a_transaction_is_waited_for_until_the_server_ends_it() -> None:
    # given a process that is stopped in the middle of a transaction, and a server that ends it after a while
    url = make_url(postgres_url()).set(drivername="postgresql+psycopg")
    stopped, other = (
        open_postgres(url, writing=True, lock_timeout=200, idle_timeout=1_000) for _ in range(2)
    )
    with suppress(StoreError), stopped.begin():
        # when another wants to be alone, which takes longer than it waits for a row
        with other.alone():
            # then it is in the end, and the transaction of the first is no more
            with other.begin() as writer:
                writer.add_process(rows.process("p-1", 1))
    with other.reader() as reader:
        assert [each.id for each in reader.processes()] == ["p-1"]
    stopped.close()
    other.close()


def test_marks_of_processes_that_fell_over_are_forgotten_after_a_day() -> None:
    # given marks of commits, one by a process of the day before yesterday and one by a process of now
    url = postgres_url()
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    put = text("INSERT INTO meta (name, value) VALUES (:name, EXTRACT(EPOCH FROM now()) - :ago || '/7')")
    with engine.begin() as connection:
        connection.execute(put, [{"name": "commit/old", "ago": 172_800}, {"name": "commit/new", "ago": 60}])

    # when the store is opened
    open_store(url).close()

    # then only the one that somebody may still ask for is left
    with engine.connect() as connection:
        left = connection.scalars(text("SELECT name FROM meta WHERE name LIKE 'commit/%'")).all()
    assert left == ["commit/new"]
    engine.dispose()
