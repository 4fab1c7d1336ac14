"""The outbox: effects claimed under a lease and a fence, settled once, revived by hand."""

import msgspec
import pytest

from engine.errors import StoreError
from engine.runs.changes import Changes, Settled
from engine.store.interface import Store
from engine.store.letters import LetterFilter
from engine.store.records import Claim, ConnectorRow
from tests.integration.store import rows


def put(store: Store, *effects: object) -> None:
    with store.begin() as writer:
        writer.write(Changes(effects=list(effects)))  # type: ignore[arg-type]


def claim(store: Store, now: int, limit: int = 10, lease_until: int = 1000) -> list[Claim]:
    with store.begin() as writer:
        keys = [key for key, _ in writer.claimable_effects(now, limit)]
        return writer.claim_effects(keys, now, lease_until)


def test_an_effect_is_claimed_whole_when_it_is_due(store: Store) -> None:
    effect = rows.effect("k-1", due=50)
    put(store, effect)

    assert claim(store, 49) == []
    assert claim(store, 50) == [Claim(effect=effect, attempt=1, fence=1, lapsed=False)]


def test_effects_are_claimed_in_the_order_of_due_and_key(store: Store) -> None:
    put(store, rows.effect("c", due=10), rows.effect("b", due=20), rows.effect("a", due=20))

    assert [each.effect.key for each in claim(store, 20, limit=2)] == ["c", "a"]
    assert [each.effect.key for each in claim(store, 20, limit=2)] == ["b"]


def test_a_claimed_effect_is_nobody_elses_until_its_lease_runs_out(store: Store) -> None:
    put(store, rows.effect("k-1"))
    (first,) = claim(store, 100, lease_until=160)

    assert claim(store, 159) == []
    (second,) = claim(store, 160, lease_until=220)
    assert (second.attempt, second.fence, second.lapsed) == (2, 2, True)
    with store.begin() as writer:
        assert not writer.holds_effect("k-1", first.fence)
        assert not writer.release_effect("k-1", first.fence, 300)
        assert not writer.settle_effect(Settled("k-1", "executed", None, 170), first.fence)
        assert writer.holds_effect("k-1", second.fence)


def test_a_released_effect_is_due_again_when_it_says(store: Store) -> None:
    put(store, rows.effect("k-1"))
    (first,) = claim(store, 100)

    with store.begin() as writer:
        assert writer.release_effect("k-1", first.fence, 300)
        assert not writer.release_effect("k-1", first.fence, 400)

    assert claim(store, 299) == []
    (second,) = claim(store, 300)
    assert (second.attempt, second.fence, second.lapsed) == (2, 2, False)
    assert second.effect.due == 300


def test_a_settled_effect_stays_as_a_record(store: Store) -> None:
    put(store, rows.effect("k-1"))
    (held,) = claim(store, 100)

    with store.begin() as writer:
        assert writer.settle_effect(Settled("k-1", "executed", None, 120), held.fence)
        writer.write(Changes(settled=[Settled("k-1", "failed", "late", 130)]))

    with store.reader() as reader:
        row = reader.effect("k-1")
    assert row is not None
    assert (row.state, row.outcome, row.reason, row.settled_at) == ("settled", "executed", None, 120)
    assert (row.attempts, row.fence, row.lease_until) == (1, 1, None)
    assert claim(store, 10_000) == []


def test_settling_without_a_claim_goes_with_the_changes(store: Store) -> None:
    put(store, rows.effect("k-1"))

    with store.begin() as writer:
        writer.write(Changes(settled=[Settled("k-1", "skipped", "consent", 120)]))

    with store.reader() as reader:
        row = reader.effect("k-1")
        assert row is not None and (row.outcome, row.reason) == ("skipped", "consent")
        assert reader.effect("k-2") is None


def test_an_effect_put_again_is_ready_again_under_a_later_fence(store: Store) -> None:
    put(store, rows.effect("k-1"))
    (first,) = claim(store, 100)

    put(store, rows.effect("k-1", due=500, attempt=1))

    with store.begin() as writer:
        assert not writer.holds_effect("k-1", first.fence)
    (second,) = claim(store, 500)
    assert second.effect == rows.effect("k-1", due=500, attempt=1)
    assert second.fence == 2


def test_an_effect_that_has_settled_is_not_put_again(store: Store) -> None:
    put(store, rows.effect("k-1"), rows.effect("k-2"))
    with store.begin() as writer:
        writer.write(Changes(settled=[Settled("k-1", "executed", None, 120)]))

    with pytest.raises(StoreError, match="'k-1'"):
        put(store, rows.effect("k-1"), rows.effect("k-2"))


def test_the_next_claim_is_due_at_a_due_or_at_the_end_of_a_lease(store: Store) -> None:
    with store.reader() as reader:
        assert reader.earliest_effect_due() is None
    put(store, rows.effect("a", due=100), rows.effect("b", due=800))

    with store.reader() as reader:
        assert reader.earliest_effect_due() == 100
    claim(store, 100, lease_until=700)
    with store.reader() as reader:
        assert reader.earliest_effect_due() == 700


def test_cancelling_takes_what_nobody_is_sending(store: Store) -> None:
    put(store, rows.effect("sending", due=100), rows.effect("waiting", due=200))
    put(store, rows.effect("other", run="run-2", due=200))
    claim(store, 100)

    with store.begin() as writer:
        assert writer.cancel_effects(["run-1"], 150, "exit") == ["waiting"]

    with store.reader() as reader:
        states = {key: reader.effect(key) for key in ("sending", "waiting", "other")}
    assert {key: row.state for key, row in states.items() if row} == {
        "sending": "leased",
        "waiting": "settled",
        "other": "ready",
    }
    waiting = states["waiting"]
    assert waiting is not None and (waiting.outcome, waiting.reason) == ("cancelled", "exit")


def test_effects_that_failed_or_are_uncertain_are_dead_letters_until_they_are_revived(store: Store) -> None:
    put(store, *(rows.effect(key) for key in ("a", "b", "c", "d")))
    (held, *_) = claim(store, 100)
    with store.begin() as writer:
        writer.write(
            Changes(
                settled=[
                    Settled("a", "failed", "refused", 110),
                    Settled("b", "uncertain", None, 110),
                    Settled("c", "executed", None, 110),
                ]
            )
        )

    with store.reader() as reader:
        assert [row.effect.key for row in reader.dead_letters()] == ["a", "b"]
        assert [row.effect.key for row in reader.dead_letters(after="a")] == ["b"]
        assert (reader.census(0).dead_letters, reader.census(0).waiting_effects) == (2, 1)
    with store.begin() as writer:
        assert writer.revive_effect("a", 500)
        assert not writer.revive_effect("c", 500)
        assert not writer.revive_effect("none", 500)
    with store.reader() as reader:
        assert [row.effect.key for row in reader.dead_letters()] == ["b"]
    (revived,) = claim(store, 500)
    assert (revived.effect.key, revived.attempt, revived.fence) == ("a", 1, held.fence + 1)


def test_dead_letters_are_found_by_where_they_come_from_and_how_they_ended(store: Store) -> None:
    # given three of them
    put(
        store,
        rows.effect("r-1:0:0", workflow="news", customer="ann"),
        rows.effect("r-2:1_a:0", workflow="news", customer="bob"),
        rows.effect("r-3:1/a:0", workflow="offer", customer="cy"),
    )
    claim(store, 100)
    with store.begin() as writer:
        writer.write(
            Changes(
                settled=[
                    Settled("r-1:0:0", "failed", "refused", 110),
                    Settled("r-2:1_a:0", "uncertain", None, 120),
                    Settled("r-3:1/a:0", "failed", "too late", 130),
                ]
            )
        )

    def found(**wanted: object) -> str:
        with store.reader() as reader:
            letters = reader.dead_letters(LetterFilter(**wanted))  # type: ignore[arg-type]
            return " ".join(row.effect.customer for row in letters)

    # then each filter tells them apart, alone and with others
    assert (found(), found(workflow="news"), found(workflow="none")) == ("ann bob cy", "ann bob", "")
    assert (found(step="0"), found(step="1_a"), found(step="1/a"), found(step="1")) == (
        "ann",
        "bob",
        "cy",
        "",
    )
    assert (found(step="%"), found(step="_")) == ("", "")
    assert (found(customers=["ann", "cy"]), found(customers=[])) == ("ann cy", "")
    assert (found(outcome="failed"), found(reason="refused")) == ("ann cy", "ann")
    assert (found(start=120), found(end=120), found(start=111, end=130)) == ("bob cy", "ann", "bob")
    assert (found(workflow="news", outcome="failed"), found(step="0", start=120)) == ("ann", "")
    with store.reader() as reader:
        failed = LetterFilter(outcome="failed")
        assert [row.effect.customer for row in reader.dead_letters(failed, after="r-1:0:0")] == ["cy"]
        assert [row.effect.customer for row in reader.dead_letters(failed, limit=1)] == ["ann"]


def test_a_runs_effects_come_in_the_order_of_creation(store: Store) -> None:
    put(
        store,
        rows.effect("b", created_at=20),
        rows.effect("a", created_at=20),
        rows.effect("c", created_at=10),
        rows.effect("other", run="run-2"),
    )

    with store.reader() as reader:
        assert [row.effect.key for row in reader.effects("run-1")] == ["c", "a", "b"]


def test_a_lease_is_extended_for_who_holds_it_and_for_nobody_else(store: Store) -> None:
    # given one effect that is held, one that was taken over, and one that has settled
    put(store, rows.effect("held"), rows.effect("lost"), rows.effect("over"))
    fences = {each.effect.key: each.fence for each in claim(store, 100, lease_until=160)}
    with store.begin() as writer:
        writer.settle_effect(Settled("over", "executed", None, 110), fences["over"])
        writer.claim_effects(["lost"], 160, 200)

    # when the one who claimed all three wants them longer
    with store.begin() as writer:
        assert writer.extend_effects(fences, 300) == 1
        assert writer.extend_effects({}, 300) == 0

    # then only what it still holds is its own until then
    assert [each.effect.key for each in claim(store, 299)] == ["lost"]
    assert [each.effect.key for each in claim(store, 300)] == ["held"]


def states(store: Store) -> dict[str, tuple[str, str | None]]:
    with store.reader() as reader:
        rows_of = [reader.effect(key) for key in ("waits", "sending", "unsure")]
    return {row.effect.key: (row.state, row.outcome) for row in rows_of if row is not None}


def one_of_each(store: Store) -> None:
    """Put an effect that waits, one that is being sent, and one whose last answer was lost."""
    put(store, rows.effect("waits", due=500), rows.effect("sending"), rows.effect("unsure"))
    fences = {each.effect.key: each for each in claim(store, 100)}
    again = msgspec.structs.replace(fences["unsure"].effect, unsure=True, due=500)
    put(store, again)


def test_what_is_called_off_is_only_what_surely_was_not_taken(store: Store) -> None:
    one_of_each(store)
    with store.begin() as writer:
        keys = ("waits", "sending", "unsure")
        writer.write(Changes(settled=[Settled(key, "cancelled", "exit", 200, call_off=True) for key in keys]))
    assert states(store) == {
        "waits": ("settled", "cancelled"), "sending": ("leased", None), "unsure": ("ready", None)
    }  # fmt: skip


def test_the_end_of_a_run_cancels_only_what_surely_was_not_taken(store: Store) -> None:
    one_of_each(store)
    with store.begin() as writer:
        assert writer.cancel_effects({"run-1"}, 200, "run_ended") == ["waits"]
    assert states(store) == {
        "waits": ("settled", "cancelled"), "sending": ("leased", None), "unsure": ("ready", None)
    }  # fmt: skip


def test_an_effect_whose_lease_lapsed_stays_unsure_for_good(store: Store) -> None:
    put(store, rows.effect("k-1"))
    claim(store, 100, lease_until=160)
    (second,) = claim(store, 160, lease_until=220)
    with store.begin() as writer:
        writer.release_effect("k-1", second.fence, 300)
    (third,) = claim(store, 300)
    assert [(each.lapsed, each.effect.unsure) for each in (second, third)] == [(True, True), (False, True)]


def test_what_is_known_of_a_connector_is_kept(store: Store) -> None:
    # given two connectors of which nothing is known yet
    with store.begin() as writer:
        assert writer.connectors() == {}
        rows_of = writer.hold_connectors(["sms", "email"])
        assert rows_of == {"email": ConnectorRow(name="email"), "sms": ConnectorRow(name="sms")}

    # when one of them fails
    failed = ConnectorRow(name="sms", failures=3, open_until=900, tat=800)
    with store.begin() as writer:
        writer.hold_connectors(["sms"])
        writer.save_connector(failed)

    # then that is known from then on, and the other is as it was
    with store.begin() as writer:
        assert writer.hold_connectors(["sms"]) == {"sms": failed}
        assert writer.connectors() == {"email": ConnectorRow(name="email"), "sms": failed}
