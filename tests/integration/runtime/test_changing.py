"""Releases of a running engine: on SQLite and PostgreSQL, across a crash, and with a folder beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import ConflictError, ForbiddenError
from engine.model.values import HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.crashpoint import Crashed, Point
from engine.runtime.engine import Engine
from engine.runtime.releases.standing import Human
from engine.store.proposing import ProposalRow
from engine.store.records import ReleaseRow
from tests.crash.shop import FILES, START, lay_out
from tests.integration.scale.shops import Shared, order, raising
from tests.servers import postgres_url

RULE = "rules/big-order.yaml"
FROM_500 = FILES[RULE].replace(">= 100", ">= 500")
FROM_300 = FILES[RULE].replace(">= 100", ">= 300")
REQUIRED = FILES["holdfast.yaml"] + "releases: {approval: required}\n"
ANN, BOB, EVE = (Human(f"{name}@example.com", f"k-{name}") for name in ("ann", "bob", "eve"))

Open = Callable[..., Engine]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens engines on one database of either kind, one after the other."""
    url = postgres_url() if request.param == "postgres" else f"sqlite:///{tmp_path / 'holdfast.db'}"
    clock = VirtualClock(START)
    engines: list[Engine] = []

    def open_engine(files: dict[str, str] | None = None) -> Engine:
        for engine in engines:
            engine.close()
        folder = lay_out(tmp_path / "shop", files)
        engines.append(Engine.open(folder, url, clock, work=False))
        return engines[-1]

    yield open_engine
    for engine in engines:
        engine.close()


def proposed(engine: Engine, text: str, by: Human = ANN, path: str = RULE) -> ProposalRow:
    token = engine.plan({path: text}).token
    assert token is not None
    return engine.propose_release(token, by).result()


def live(engine: Engine) -> ReleaseRow:
    engine.ready().result()
    with engine.store.reader() as reader:
        return reader.releases()[-1]


def threshold(engine: Engine) -> str:
    engine.ready().result()
    text = engine.workspace.sources[RULE].text
    return text.partition(">= ")[2].split()[0]


def test_a_change_goes_live_once_another_human_approves_it_and_is_gone_back_from(opened: Open) -> None:
    # given a proposal
    engine = opened()
    made = proposed(engine, FROM_500)

    # when its author approves it, then it is refused
    with pytest.raises(ForbiddenError, match="ask another human to approve it"):
        engine.approve_release(made.number, made.token, ANN).result()
    assert threshold(engine) == "100"

    # when another human does, then it is live
    engine.approve_release(made.number, made.token, BOB).result()
    assert threshold(engine) == "500"
    assert (live(engine).cause, live(engine).author, live(engine).approver) == (
        "approved", ANN.owner, BOB.owner
    )  # fmt: skip

    # when somebody goes back, and back again, then there is nothing before the first
    engine.roll_back(made.number, EVE).result()
    assert (threshold(engine), live(engine).cause, live(engine).of) == ("100", "rollback", 1)
    with pytest.raises(ConflictError, match="nothing was live before"):
        engine.roll_back(live(engine).number, EVE).result()


def test_an_emergency_of_which_nobody_speaks_goes_back_at_its_time(opened: Open) -> None:
    # given an emergency, and another one on top of it ten hours later
    engine = opened()
    made = proposed(engine, FROM_500)
    engine.hurry_release(made.number, "a flood", EVE).result()
    engine.run_until(START + 10 * HOUR)
    more = proposed(engine, FROM_300)
    engine.hurry_release(more.number, "too much", EVE).result()
    assert threshold(engine) == "300"

    # when the time of the first is over, then both are
    engine.run_until(START + 24 * HOUR - 1)
    assert threshold(engine) == "300"
    engine.run_until(START + 24 * HOUR)
    assert threshold(engine) == "100"
    assert (live(engine).cause, live(engine).of) == ("reversal", 1)


def test_an_emergency_goes_back_at_a_start_after_its_time(opened: Open) -> None:
    # given an engine that ends while an emergency is live
    engine = opened()
    made = proposed(engine, FROM_500)
    engine.hurry_release(made.number, "a flood", EVE).result()
    assert threshold(engine) == "500"
    clock = engine.clock
    engine.close()
    assert isinstance(clock, VirtualClock)
    clock.move_to(START + 30 * HOUR)

    # when it starts two days later
    engine = opened()

    # then it has gone back before anything is decided
    assert threshold(engine) == "100"
    assert live(engine).cause == "reversal"


@pytest.mark.parametrize("point", ["release_marked", "release_settled", "released"])
def test_what_is_approved_goes_live_through_a_crash(opened: Open, point: Point) -> None:
    # given a process that dies after it has taken an approval
    engine = opened()
    made = proposed(engine, FROM_500)
    with raising(point), suppress(Crashed):
        engine.approve_release(made.number, made.token, BOB).result()
        engine.ready().result()
    with engine.store.reader() as reader:
        assert (reader.marks().releasing is None) == (point == "released")
    engine.close()

    # when another one starts on the same folder, then what was approved is live there
    again = opened()
    assert threshold(again) == "500"
    assert (live(again).number, live(again).approver) == (made.number, BOB.owner)


def test_a_folder_that_was_not_brought_up_to_date_takes_nothing_back(opened: Open) -> None:
    # given a release that came through an approval
    engine = opened()
    made = proposed(engine, FROM_500)
    engine.approve_release(made.number, made.token, BOB).result()
    assert threshold(engine) == "500"

    # when the server starts anew on its folder of before
    again = opened()

    # then what was approved stays, and the folder waits
    assert threshold(again) == "500"
    assert again.files_wait

    # when the folder has what was never live, then that goes live, as ever under approval: local
    assert threshold(opened({RULE: FROM_300})) == "300"


def test_a_changed_folder_waits_where_approval_is_required(opened: Open) -> None:
    # given files that ask for approval
    opened({"holdfast.yaml": REQUIRED})

    # when the server starts on a changed folder, one that asks for no approval any more too
    for files in ({"holdfast.yaml": REQUIRED, RULE: FROM_500}, {RULE: FROM_500}):
        engine = opened(files)

        # then it works by what is live
        assert engine.files_wait
        assert threshold(engine) == "100"
        assert live(engine).number == 1

    # and nobody whose name is no human's may propose, nor can one person do away with the second
    local = Human("local", "local")
    with pytest.raises(ForbiddenError, match="names no human"):
        proposed(engine, FROM_500, local)
    made = proposed(engine, FILES["holdfast.yaml"], path="holdfast.yaml")
    with pytest.raises(ConflictError, match="one person alone cannot make that so"):
        engine.hurry_release(made.number, "in a hurry", EVE).result()
    engine.approve_release(made.number, made.token, BOB).result()
    assert live(engine).number == made.number
    with pytest.raises(ConflictError, match="the files of release 2 are live"):
        engine.roll_back(made.number, EVE, to=made.number).result()


def test_one_person_does_not_go_back_to_where_one_was_enough(opened: Open) -> None:
    # given files that did not ask for approval, and now do
    engine = opened()
    made = proposed(engine, REQUIRED, path="holdfast.yaml")
    engine.approve_release(made.number, made.token, BOB).result()

    # when one person goes back to them
    with pytest.raises(ConflictError, match="one person alone cannot make that so"):
        engine.roll_back(made.number, EVE, to=1).result()

    # then what is live still asks
    assert live(engine).number == made.number
    with pytest.raises(ForbiddenError, match="names no human"):
        proposed(engine, FROM_500, Human("Admin", "k-0"))


def test_one_plan_is_made_at_a_time(opened: Open) -> None:
    engine = opened()
    with engine._shell.planning, pytest.raises(ConflictError, match="another plan is being made"):
        engine.plan({RULE: FROM_500})
    assert engine.plan({RULE: FROM_500}).token is not None


def test_this_machine_alone_may_apply_where_nothing_else_is_asked_for(opened: Open) -> None:
    # given files that ask for no approval
    engine = opened()
    local = Human("local", "local")
    made = proposed(engine, FROM_500, local)

    # when the machine's own token approves what it has proposed, then that is what a start is
    engine.approve_release(made.number, made.token, local).result()
    assert threshold(engine) == "500"
    assert (live(engine).cause, live(engine).approver) == ("start", None)


def test_rolling_back_again_goes_further_back(opened: Open) -> None:
    # given three releases
    engine = opened()
    for text in (FROM_500, FROM_300):
        made = proposed(engine, text)
        engine.approve_release(made.number, made.token, BOB).result()
    assert threshold(engine) == "300"

    # when somebody goes back twice
    engine.roll_back(live(engine).number, EVE).result()
    assert threshold(engine) == "500"
    engine.roll_back(live(engine).number, EVE).result()
    assert threshold(engine) == "100"

    # and to one by its number, then that is live; one that was never approved is not gone back to
    engine.roll_back(live(engine).number, EVE, to=3).result()
    assert threshold(engine) == "300"
    hurried = proposed(engine, FROM_500)
    engine.hurry_release(hurried.number, "a flood", EVE).result()
    engine.roll_back(hurried.number, EVE).result()
    with pytest.raises(ConflictError, match="was never approved"):
        engine.roll_back(live(engine).number, EVE, to=hurried.number).result()


def test_another_process_follows_what_is_approved_and_what_is_taken_back(tmp_path: Path) -> None:
    # given two processes on one database
    clock = VirtualClock(START)
    shared = Shared(tmp_path, postgres_url())
    one, two = shared.open(clock=clock), shared.open(clock=clock)
    made = proposed(one, FROM_500)

    # when one takes an emergency, then the other decides by it with its next event
    one.hurry_release(made.number, "a flood", EVE).result()
    two.ingest([order("ann", "o1", 200, at=START)], source="shop").result()
    assert threshold(two) == "500"
    with two.store.reader() as reader:
        assert reader.runs(workflow="thank-you") == []

    # when its time is over, then whoever comes first takes it back, and both work by what was before
    clock.move_to(START + 25 * HOUR)
    two.ingest([order("ann", "o2", 200, at=START + 25 * HOUR)], source="shop").result()
    one.ingest([order("bob", "o3", 10, at=START + 25 * HOUR)], source="shop").result()
    assert threshold(one) == threshold(two) == "100"
    with two.store.reader() as reader:
        assert [release.cause for release in reader.releases()] == ["start", "emergency", "reversal"]
        assert [line.kind for line in reader.changes()].count("reversed") == 1

    # when one approves an emergency of the other, then neither takes it back
    again = proposed(two, FROM_500)
    two.hurry_release(again.number, "a flood", EVE).result()
    one.ingest([order("bob", "o4", 10, at=START + 25 * HOUR)], source="shop").result()
    one.approve_release(again.number, again.token, BOB).result()
    clock.move_to(START + 60 * HOUR)
    for number, engine in enumerate((one, two)):
        engine.ingest([order("bob", f"p{number}", 10, at=START + 60 * HOUR)], source="shop").result()
        assert threshold(engine) == "500"
    shared.close()
