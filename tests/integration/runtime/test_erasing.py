"""Erasing a customer: nothing of them stays, nothing is left to do for them, and the sums still hold."""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.audit.leaves import read_entry
from engine.errors import ConflictError, NotFoundError, RequestError
from engine.model.reasons import RunStatus
from engine.runtime.actions import Actions
from engine.runtime.actions.recorder import Recorder
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from engine.runtime.people.reaching import Consent, Wanted
from engine.store.interface import Reader
from tests.integration.runtime.conftest import DAY, HOUR, MINUTE, Opener
from tests.servers import postgres_url

ANA = "ana.canary@example.com"
SEND = (("email", ANA), ("marketing_email", True), ("name", "Ana Canary"))


def event(customer: str, name: str, id: str, **properties: Any) -> dict[str, Any]:
    return {"customer": customer, "event": name, "id": id, **properties}


def tell(engine: Engine, *events: dict[str, Any]) -> Any:
    return engine.ingest(list(events), source="shop", may_grant=True).result()


def in_rows(database: str, word: str) -> list[str]:
    """The tables of a database that hold a word anywhere."""
    url = make_url(database)
    driver = "postgresql+psycopg" if url.get_backend_name() == "postgresql" else "sqlite"
    engine = create_engine(url.set(drivername=driver))
    found = []
    with engine.connect() as connection:
        if driver == "sqlite":
            tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        else:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        for (table,) in connection.execute(text(tables)).all():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):
                cells = (
                    bytes(cell) if isinstance(cell, (bytes, memoryview)) else str(cell).encode()
                    for cell in row
                )
                if any(word.encode() in cell for cell in cells):
                    found.append(table)
                    break
    engine.dispose()
    return found


def as_bytes(cell: object) -> bytes:
    return bytes(cell) if isinstance(cell, (bytes, memoryview)) else str(cell).encode()


@pytest.fixture
def busy(open_engine: Opener, recorders: tuple[Actions, dict[str, Recorder]], clock: VirtualClock) -> Engine:
    """An engine with a customer who has been sent something, has a run that waits, and things refused."""
    engine = open_engine(recorders[0])
    tell(engine, event(ANA, "identify", "i-1", traits=dict(SEND)))
    tell(engine, event("bob", "identify", "i-2", traits={"name": "Bob", "plan": "team"}))
    tell(engine, event(ANA, "cart_updated", "c-1", cart_id="cart-canary", total=50))
    tell(engine, event(ANA, "order_completed", "o-1", total=200, note="canary words"))
    tell(engine, event("bob", "order_completed", "o-2", total=300))
    engine.run_until(clock.now() + MINUTE)
    tell(engine, event(ANA, "cart_updated", "c-2", cart_id="canary-2", total=50))
    engine.run_until(clock.now() + 25 * HOUR)
    tell(engine, {"customer": ANA, "event": "order_completed", "id": "bad", "at": "never"})
    tell(engine, {"customer": 7.5, "event": "x", "id": "worse", "email": ANA})
    return engine


def test_nothing_of_an_erased_customer_is_left_in_any_row(busy: Engine, database: str) -> None:
    # given
    assert len(in_rows(database, "canary")) > 5

    # when
    done = busy.erase_customer(ANA, "eve@example.com").result()

    # then
    assert done.pseudonym is not None and done.pseudonym.startswith("erased:")
    assert done.rows["event"] > 3 and done.rows["quarantine"] == 2 and done.rows["run"] >= 2
    assert in_rows(database, "canary") == []
    assert busy.doctor()["balanced"]
    with pytest.raises(NotFoundError):
        busy.customer(ANA)
    assert busy.customer("bob").facts["orders"].value == 1


def test_decisions_and_runs_stay_as_skeletons_under_the_pseudonym(busy: Engine) -> None:
    # given
    with busy.store.reader() as reader:
        before = shape(reader)
        open_before = [run.id for run in reader.runs(status=RunStatus.WAITING)]

    # when
    done = busy.erase_customer(ANA, "eve@example.com").result()

    # then the populations are what they were
    with busy.store.reader() as reader:
        assert shape(reader) == before
        mine = reader.decisions(customers=[str(done.pseudonym)])
        assert mine and all(not one.event and not one.lines for one in mine)
        # and what waited is cancelled, with the reason
        (waited,) = open_before
        run = reader.run(waited)
        assert run is not None and (run.status, run.reason) == (RunStatus.CANCELLED, "erased")


def shape(reader: Reader) -> list[object]:
    return [
        [(one.id, one.rule, one.at, one.outcome) for one in reader.decisions()],
        [(run.id, run.workflow, run.started_at, run.arm) for run in reader.runs()],
        [(attempt.path, attempt.outcome) for run in reader.runs() for attempt in reader.attempts(run.id)][:4],
    ]


def test_the_audit_record_says_so_and_knows_nobody_any_more(busy: Engine) -> None:
    # given
    with reader_of(busy) as reader:
        subject = reader.subjects([ANA])[ANA].subject
        sealed = reader.edge().size

    # when
    done = busy.erase_customer(ANA, "eve@example.com").result()

    # then its entries stay, one more says so, and nothing leads from them to her
    with reader_of(busy) as reader:
        assert done.pseudonym == f"erased:{subject}"
        assert reader.edge().size > sealed or reader.count_unsealed() > 0
        assert reader.subjects([ANA]) == {} and reader.subjects_named([subject]) == {}
    with busy.store.begin() as writer:
        writer.seal(1000)
    with reader_of(busy) as reader:
        (entry,) = [read_entry(row.entry) for row in reader.acts("erased")]
    assert (entry.subject, entry.ref) == (subject, f"erased:{subject}")


def reader_of(engine: Engine) -> AbstractContextManager[Reader]:
    return engine.store.reader()


def test_nothing_is_sent_any_more(
    busy: Engine, recorders: tuple[Actions, dict[str, Recorder]], clock: VirtualClock
) -> None:
    # given one reminder sent, and another to come in two days
    sent = len(recorders[1]["email.send"].deliveries)

    # when
    busy.erase_customer(ANA, "eve@example.com").result()
    busy.run_until(clock.now() + 10 * DAY)

    # then
    assert len(recorders[1]["email.send"].deliveries) == sent


def test_erasing_twice_is_erasing_once(busy: Engine) -> None:
    first = busy.erase_customer(ANA, "eve@example.com").result()
    again = busy.erase_customer(ANA, "eve@example.com").result()

    assert not first.already
    assert again.already and again.rows == {} and again.pseudonym is None
    with pytest.raises(NotFoundError):
        busy.erase_customer("nobody@example.com", "eve@example.com").result()


def test_all_names_of_a_customer_are_erased_at_once(open_engine: Opener, database: str) -> None:
    # given a visitor who was identified, and a second customer merged into them
    engine = open_engine()
    tell(engine, event("guest-canary", "page", "p-1") | {"anonymous_id": "guest-canary"})
    tell(engine, event("ana", "identify", "i-1", traits={"name": "Ana"}) | {"anonymous_id": "guest-canary"})
    tell(engine, event("old-canary-id", "identify", "i-2", traits={"plan": "team"}))
    engine.merge_customers("ana", "old-canary-id", "eve@example.com").result()

    # when any of the names is erased
    engine.erase_customer("old-canary-id", "eve@example.com").result()

    # then
    assert in_rows(database, "canary") == []
    answer = tell(engine, event("guest-canary", "page", "p-2"), event("ana", "page", "p-3"))
    assert [each["code"] for each in answer.quarantined] == ["erased", "erased"]


def test_an_account_is_no_person(open_engine: Opener) -> None:
    engine = open_engine()
    tell(engine, {"customer": "acme", "account": "acme", "event": "group", "id": "g-1", "traits": {}})

    with pytest.raises(RequestError, match="an account"):
        engine.erase_customer("acme", "eve@example.com").result()


def test_what_comes_in_later_is_refused_and_not_kept(busy: Engine, database: str) -> None:
    # given
    busy.erase_customer(ANA, "eve@example.com").result()

    # when their shop goes on sending, sound events and broken ones
    answer = tell(
        busy,
        event(ANA, "order_completed", "canary-o-9", total=20),
        event("bob", "order_completed", "o-3", total=20),
        {"customer": ANA, "event": "order_completed", "id": "canary-bad", "at": "never"},
    )

    # then
    assert answer.accepted == 1
    assert [(each["index"], each["code"]) for each in answer.quarantined] == [(0, "erased"), (2, "bad_time")]
    assert in_rows(database, "canary") == []
    with pytest.raises(ConflictError, match="erased"):
        said = Consent(channel="email", purpose=None, granted=True, source="call")
        busy.record_consent(ANA, said, "eve@example.com").result()
    assert busy.doctor()["balanced"]


def test_whoever_registers_again_is_a_new_customer(busy: Engine) -> None:
    # given
    busy.erase_customer(ANA, "eve@example.com").result()

    # when an operator registers them
    raw = event(ANA, "identify", "i-9", traits={"name": "Ana"})
    busy.ingest([raw], source="desk", may_grant=True, registers="desk@example.com").result()

    # then they start anew, and their events are taken
    assert tell(busy, event(ANA, "order_completed", "o-9", total=20)).accepted == 1
    known = busy.customer(ANA)
    assert known.facts["orders"].value == 1
    assert known.facts["marketing_email"].value is None

    # and may be erased again
    assert not busy.erase_customer(ANA, "eve@example.com").result().already
    assert tell(busy, event(ANA, "order_completed", "o-10", total=20)).accepted == 0


def test_an_address_that_was_suppressed_stays_so_without_standing_there(busy: Engine, database: str) -> None:
    # given
    busy.suppress(Wanted(address=ANA, channel="email", reason="complaint"), "eve@example.com").result()
    busy.erase_customer(ANA, "eve@example.com").result()
    assert in_rows(database, "canary") == []

    # when somebody new has the address
    tell(busy, event("new", "identify", "i-9", traits=dict(SEND)))

    # then
    assert busy.customer("new").suppressed["email"] == "complaint"


def test_somebody_who_came_back_and_complained_again_is_erased_again(busy: Engine, database: str) -> None:
    # given an erased customer whose address stays suppressed under what stands for it
    busy.suppress(Wanted(address=ANA, channel="email", reason="complaint"), "eve@example.com").result()
    busy.erase_customer(ANA, "eve@example.com").result()

    # when they are registered anew, are suppressed again, and erased again
    raw = event(ANA, "identify", "i-8", traits=dict(SEND))
    busy.ingest([raw], source="desk", may_grant=True, registers="desk@example.com").result()
    busy.suppress(Wanted(address=ANA, channel="email", reason="hard_bounce"), "eve@example.com").result()
    busy.erase_customer(ANA, "eve@example.com").result()

    # then nothing of them is left, and their address is still not written to
    assert in_rows(database, "canary") == []
    tell(busy, event("new", "identify", "i-9", traits=dict(SEND)))
    assert busy.customer("new").suppressed["email"] == "complaint"


THANKS = """
rule: thank-referrer
owner: shop
description: Give whoever sent a friend a hint of it.
status: live
when: {event: signed_up}
then:
  - do: event.emit
    with: {event: friend_came, customer: =event.referrer}
"""


def test_another_customer_who_names_them_does_not_bring_them_back(
    folder: Path, open_engine: Opener, database: str
) -> None:
    # given a rule that speaks to whom an event names
    (folder / "rules" / "thank-referrer.yaml").write_text(THANKS)
    engine = open_engine()
    tell(engine, event(ANA, "order_completed", "o-1", total=5))
    tell(engine, event("bob", "signed_up", "s-1", referrer="carl"))
    engine.erase_customer(ANA, "eve@example.com").result()

    # when one names somebody who was erased
    assert tell(engine, event("bob", "signed_up", "s-2", referrer=ANA)).accepted == 1

    # then nothing is recorded of them but what the other said
    assert engine.customer("carl").first_seen is not None
    with pytest.raises(NotFoundError):
        engine.customer(ANA)
    assert set(in_rows(database, "canary")) <= {"event", "decision", "run"}
    assert engine.doctor()["balanced"]


SEATS = """
facts:
  last_note: {last: note, of: seat_used, on: account}
  seats_used: {count: seat_used, on: account}
"""
NOTICE = """
rule: seat-noticed
on: account
owner: shop
description: Tell the desk of a seat.
status: live
when: {event: seat_used}
then:
  - run: tell-desk
"""


def test_an_account_forgets_its_erased_member(
    folder: Path,
    open_engine: Opener,
    database: str,
    recorders: tuple[Actions, dict[str, Recorder]],
    clock: VirtualClock,
) -> None:
    # given an account whose facts, decisions and runs hold what a member's events said
    (folder / "rules" / "seats.yaml").write_text(SEATS)
    (folder / "rules" / "seat-noticed.yaml").write_text(NOTICE)
    flow = folder / "workflows" / "tell-desk.yaml"
    flow.write_text(flow.read_text().replace("class: service", "class: service\non: account"))
    (folder / "rules" / "big-order.yaml").unlink()
    engine = open_engine(recorders[0])
    tell(engine, event("bob", "seat_used", "s-1", note="of bob", total=1) | {"account": "acme"})
    engine.run_until(clock.now() + MINUTE)
    tell(engine, event(ANA, "seat_used", "s-2", note="canary words", total=2) | {"account": "acme"})
    assert engine.customer("acme").facts["last_note"].value == "canary words"
    with reader_of(engine) as reader:
        called = reader.subjects(["acme"])["acme"].subject

    # when
    engine.erase_customer(ANA, "eve@example.com").result()

    # then the account is as if she had never been there
    assert in_rows(database, "canary") == []
    known = engine.customer("acme").facts
    assert (known["last_note"].value, known["seats_used"].value) == ("of bob", 1)
    with engine.store.reader() as reader:
        mine, hers = reader.decisions(customers=["acme"])
        assert mine.event and not hers.event
        assert [run.reason for run in reader.runs(customers=["acme"])] == [None, "erased"]
        # and the audit record does not claim any more that its entries can be opened
        assert reader.subjects_named([called]) == {}


def test_another_process_learns_of_it(folder: Path, clock: VirtualClock) -> None:
    # given two processes that both know the customer
    url = postgres_url()
    with (
        Engine.open(folder, url, clock, work=False) as one,
        Engine.open(folder, url, clock, work=False) as other,
    ):
        tell(one, event(ANA, "order_completed", "o-1", total=20))
        tell(other, event(ANA, "order_completed", "o-2", total=20))

        # when one erases
        one.erase_customer(ANA, "eve@example.com").result()

        # then the other refuses, and keeps nothing of what it knew
        assert tell(other, event(ANA, "order_completed", "o-3", total=20)).accepted == 0
        raw = event(ANA, "identify", "i-9", traits={"name": "Ana"})
        one.ingest([raw], source="desk", may_grant=True, registers="desk@example.com").result()
        assert tell(other, event(ANA, "order_completed", "o-4", total=20)).accepted == 1
        assert other.customer(ANA).facts["orders"].value == 1


@pytest.fixture
def file(folder: Path) -> Path:
    """Where the database is, of an engine on a file."""
    return folder / "holdfast.db"


def play(engine: Engine) -> None:
    """Let a customer be busy on a file, long enough that pages split and rows move."""
    for number in range(300):
        note = f"canary {number} " + "x" * (number * 7 % 900)
        tell(engine, event(ANA, "order_completed", f"o-{number}", total=20, note=note))
        tell(engine, event(f"c-{number}", "order_completed", f"p-{number}", total=20, note="y" * 300))
    tell(engine, event(ANA, "identify", "i-1", traits=dict(SEND)))


def test_no_byte_of_them_stays_in_the_file_or_its_log(folder: Path, clock: VirtualClock, file: Path) -> None:
    with Engine.open(folder, f"sqlite:///{file}", clock, work=False) as engine:
        # given
        play(engine)
        assert b"canary" in file.read_bytes() + file.with_name("holdfast.db-wal").read_bytes()

        # when
        engine.erase_customer(ANA, "eve@example.com").result()

        # then
        for path in sorted(folder.rglob("*")):
            assert path.is_dir() or b"canary" not in path.read_bytes(), path
        assert engine.doctor()["balanced"]


def test_a_back_up_that_is_restored_is_erased_again_before_anybody_is_served(
    folder: Path, clock: VirtualClock, file: Path
) -> None:
    # given a back-up, and a customer who was erased after it
    url = f"sqlite:///{file}"
    with Engine.open(folder, url, clock, work=False) as engine:
        play(engine)
        tell(engine, event("bob", "order_completed", "b-1", total=20))
    shutil.copy(file, folder / "backup")
    with Engine.open(folder, url, clock, work=False) as engine:
        engine.erase_customer(ANA, "eve@example.com").result()

    # when the back-up is put in its place
    shutil.move(folder / "backup", file)
    assert b"canary" in file.read_bytes()
    with Engine.open(folder, url, clock, work=False) as engine:
        # then they are gone again, and nobody else is
        with pytest.raises(NotFoundError):
            engine.customer(ANA)
        assert engine.customer("bob").facts["orders"].value == 1
        assert b"canary" not in file.read_bytes()
        assert tell(engine, event(ANA, "order_completed", "o-n", total=20)).accepted == 0
        assert engine.doctor()["balanced"]

    # and starting once more finds nothing to do
    with Engine.open(folder, url, clock, work=False) as engine:
        raw = event(ANA, "identify", "i-9", traits={"name": "Ana"})
        engine.ingest([raw], source="desk", may_grant=True, registers="desk@example.com").result()
    with Engine.open(folder, url, clock, work=False) as engine:
        assert engine.customer(ANA).facts["name"].value == "Ana"


def test_the_list_says_nothing_to_whoever_has_not_the_secret(
    folder: Path, clock: VirtualClock, file: Path
) -> None:
    with Engine.open(folder, f"sqlite:///{file}", clock, work=False) as engine:
        tell(engine, event(ANA, "order_completed", "o-1", total=20))
        engine.erase_customer(ANA, "eve@example.com").result()

    lines = (folder / ".holdfast" / "erased").read_text().splitlines()
    assert [len(line.split()[0]) for line in lines] == [32]
    assert oct((folder / ".holdfast" / "erased").stat().st_mode & 0o777) == "0o600"


def test_a_list_whose_last_line_was_cut_short_is_read_and_goes_on(
    folder: Path, clock: VirtualClock, file: Path
) -> None:
    url = f"sqlite:///{file}"
    with Engine.open(folder, url, clock, work=False) as engine:
        tell(engine, event(ANA, "order_completed", "o-1", total=20), event("bob", "page", "p-1"))
        engine.erase_customer(ANA, "eve@example.com").result()
    listed = folder / ".holdfast" / "erased"
    listed.write_text(listed.read_text() + "0123456789abcdef")

    with Engine.open(folder, url, clock, work=False) as engine:
        engine.erase_customer("bob", "eve@example.com").result()

    assert len(engine._shell.erasures.listed()) == 2
