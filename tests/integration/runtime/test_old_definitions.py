"""Runs of long ago: each finishes on its own definition, however many releases later."""

from pathlib import Path

import msgspec
import pytest
from sqlalchemy import bindparam, update

from engine.model.reasons import RunStatus
from engine.model.values import DAY
from engine.runtime import definitions
from engine.runtime.clock import VirtualClock
from engine.store.rows import RELEASE
from engine.store.tables import RELEASE as TABLE

RELEASES = 40
YEARS = 730 * DAY

OLD = {
    "rules/contract-signed.yaml": """
rule: contract-signed
owner: shop
description: Somebody signed for two years.
status: live
when: {event: contract_signed}
then:
  - run: two-years
""",
    "workflows/two-years.yaml": """
workflow: two-years
owner: shop
class: service
description: Remember a contract.
reentry: always
steps:
  - wait: 730d
  - do: email.send
    with: {message: two-years-later, to: desk}
  - wait_for: renewed
    up_to: 2d
    as: renewed
  - if: run.renewed.timed_out
    then:
      - stop: not-renewed
""",
    "workflows/messages/two-years-later.md": """---
subject: As it was written then
channel: email
---
{{ customer.id }} signed two years ago.
""",
}


@pytest.fixture
def folder(folder: Path) -> Path:
    for name, text in OLD.items():
        (folder / name).write_text(text.lstrip())
    return folder


def change(folder: Path, number: int) -> None:
    """Let another release come: the facts change too, so that every workflow's closure does."""
    desk = folder / "workflows" / "tell-desk.yaml"
    desk.write_text(desk.read_text().partition("# ")[0] + f"# {number}\n")
    facts = folder / "rules" / "facts.yaml"
    facts.write_text(facts.read_text().partition("# ")[0] + f"# {number}\n")


def test_a_run_of_two_years_ago_finishes_on_its_own_definition(
    open_engine, folder: Path, clock: VirtualClock, recorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run that waits for two years
    actions, recorded = recorders
    with open_engine(actions) as engine:
        sent = {"customer": "ann", "event": "contract_signed", "id": "m-1"}
        assert engine.ingest([sent], source="shop").result().accepted == 1
        with engine.store.reader() as reader:
            (before,) = reader.runs(workflow="two-years")
    started = clock.now()

    # and many releases later, in the first of which its files went away, one as another text
    for name in OLD:
        (folder / name).unlink()
    for number in range(RELEASES):
        change(folder, number)
        clock.move_to(started + (number + 1) * YEARS // (RELEASES + 1))
        with open_engine(actions):
            pass
    (folder / "workflows/messages/two-years-later.md").write_text(
        "---\nsubject: As it is written now\nchannel: email\n---\nHello.\n"
    )

    # when its time has come, of all past releases only its own is read
    read: list[int] = []
    whole = definitions.texts_of

    def reading(reader, release):
        read.append(release.number)
        return whole(reader, release)

    monkeypatch.setattr(definitions, "texts_of", reading)
    with open_engine(actions) as engine:
        with engine.store.reader() as reader:
            assert len(reader.releases()) == RELEASES + 2
        engine.run_until(started + YEARS + 3 * DAY)
        with engine.store.reader() as reader:
            (run,) = reader.runs(workflow="two-years")
            attempts = reader.attempts(run.id)

    # then it has taken every step of its own, with its own message
    assert read == [1]
    assert run.definition == before.definition
    assert (run.status, run.reason) == (RunStatus.STOPPED, "not-renewed")
    assert [one.verb for one in attempts] == ["wait", "do", "wait_for", "wait_for", "if", "stop"]
    (delivery,) = recorded["email.send"].deliveries
    assert delivery.letter is not None
    assert (delivery.letter.subject, delivery.at) == ("As it was written then", started + YEARS)
    assert "ann signed two years ago." in delivery.letter.text


def test_releases_that_do_not_say_what_they_had_are_looked_through(
    open_engine, folder: Path, clock: VirtualClock, recorders
) -> None:
    # given a run whose release was made by a program that kept no closures
    actions, recorded = recorders
    with open_engine(actions) as engine:
        sent = {"customer": "ann", "event": "contract_signed", "id": "m-1"}
        engine.ingest([sent], source="shop").result()
    for name in OLD:
        (folder / name).unlink()
    change(folder, 1)
    with open_engine(actions) as engine:
        with engine.store.reader() as reader:
            first, second = reader.releases()
        _rewrite(engine.store, first)
        engine.run_until(clock.now() + YEARS)
    assert second.closures
    assert len(recorded["email.send"].deliveries) == 1


def test_a_definition_that_no_release_had_is_not_found(open_engine) -> None:
    with open_engine() as engine:
        found = definitions.Definitions(engine.store, engine.ruleset, engine.ruleset.actions)
        assert found.workflow("two-years", "none") is None
        assert found.workflow("none", engine.ruleset.workflows["two-years"].hash) is None
        assert found.messages("two-years", "none") == {}


def _rewrite(store, release) -> None:
    """Store a release again as an older program would have, without closures."""
    row = RELEASE.row(msgspec.structs.replace(release, closures={}))
    put = update(TABLE).where(TABLE.c.number == bindparam("b_number")).values(document=bindparam("document"))
    with store.begin() as writer:
        writer._change(put, [{"b_number": release.number, "document": row["document"]}])
