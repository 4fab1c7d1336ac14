"""What the engine keeps about itself: definitions, releases, figures, keys, answers, outages."""

from typing import Any

import pytest

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.records import Answer, BaseRow, KeyRow, LeaseRow, Marks, Outage, ReleaseRow, Request
from tests.integration.store import rows


def test_a_definition_is_kept_under_its_hash_and_never_changed(store: Store) -> None:
    with store.begin() as writer:
        writer.save_definition("abc", "rule: x")
        writer.save_definition("abc", "rule: x")
        writer.save_definition("def", "rule: y")

    with store.reader() as reader:
        assert reader.definition("abc") == "rule: x"
        assert reader.definition("none") is None


def release(number: int, at: int) -> ReleaseRow:
    return ReleaseRow(
        number=number,
        hash=f"h{number}",
        at=at,
        files={"rules/a.yaml": "abc"},
        facts_hash="f",
        cause="start",
        closures={"cart": f"c{number}"},
    )


def test_the_release_of_an_instant_is_the_last_one_before(store: Store) -> None:
    with store.begin() as writer:
        writer.save_release(release(1, 100))
        writer.save_release(release(2, 200))
        writer.save_release(release(3, 200))

    with store.reader() as reader:
        assert reader.releases() == [release(1, 100), release(2, 200), release(3, 200)]
        assert reader.release(2) == release(2, 200)
        assert reader.release(4) is None
        assert reader.release_at(99) is None
        assert reader.release_at(199) == release(1, 100)
        assert reader.release_at(200) == release(3, 200)
    with pytest.raises(StoreError, match="release"), store.begin() as writer:
        writer.save_release(release(3, 300))


def test_figures_are_kept_by_day(store: Store) -> None:
    with store.begin() as writer:
        writer.save_base(BaseRow(10, b"ten", "h10"))
        writer.save_base(BaseRow(12, b"twelve", "h12"))

    with store.reader() as reader:
        assert reader.load_base(10) == BaseRow(10, b"ten", "h10")
        assert reader.load_base(11) is None
        assert reader.latest_base(11) == BaseRow(10, b"ten", "h10")
        assert reader.latest_base(12) == BaseRow(12, b"twelve", "h12")
        assert reader.latest_base(9) is None
    with pytest.raises(StoreError, match="figures"), store.begin() as writer:
        writer.save_base(BaseRow(12, b"other", "h"))


def key(id: str, **fields: Any) -> KeyRow:
    return KeyRow(id=id, role="ingest", owner="a@b.example", label="shop", hash="x", created_at=10, **fields)


def test_keys_are_made_used_and_revoked(store: Store) -> None:
    with store.begin() as writer:
        writer.add_key(key("b"))
        writer.add_key(key("a", expires_at=900))
        writer.touch_key("b", 50, "192.0.2.1")
        writer.touch_key("none", 50)

    with store.begin() as writer:
        assert writer.revoke_key("a", 60)
        assert not writer.revoke_key("a", 70)
        assert not writer.revoke_key("none", 70)
    with store.reader() as reader:
        assert reader.find_key("a") == key("a", expires_at=900, revoked_at=60)
        assert reader.find_key("none") is None
        assert reader.list_keys() == [
            key("a", expires_at=900, revoked_at=60),
            key("b", last_used_at=50, last_used_from="192.0.2.1"),
        ]
    with pytest.raises(StoreError, match="key"), store.begin() as writer:
        writer.add_key(key("a"))


def test_an_answer_is_kept_for_the_very_same_request(store: Store) -> None:
    request = Request("k1", "POST", "/v1/x", "idem-1")
    answer = Answer(body_hash="h", status=201, body=b"{}", at=100)
    with store.begin() as writer:
        writer.save_answer(request, answer)

    with store.reader() as reader:
        assert reader.find_answer(request) == answer
        assert reader.find_answer(Request("k2", "POST", "/v1/x", "idem-1")) is None
    with pytest.raises(StoreError, match="answer"), store.begin() as writer:
        writer.save_answer(request, answer)


def test_old_answers_are_forgotten(store: Store) -> None:
    old, new = Request("k1", "POST", "/v1/x", "old"), Request("k1", "POST", "/v1/x", "new")
    with store.begin() as writer:
        writer.save_answer(old, Answer(body_hash="h", status=200, body=b"", at=100))
        writer.save_answer(new, Answer(body_hash="h", status=200, body=b"", at=200))
        assert writer.drop_answers(200) == 1

    with store.reader() as reader:
        assert reader.find_answer(old) is None
        assert reader.find_answer(new) is not None


def test_the_engine_says_when_it_ran_and_when_not(store: Store) -> None:
    with store.begin() as writer:
        assert writer.last_heartbeat() is None
        writer.add_process(rows.process("a", at=50))
        writer.add_process(rows.process("b", at=60))
        writer.heartbeat("a", 200, release=1)
        writer.heartbeat("b", 100, release=1)
        writer.add_outage(300, 400)
        writer.add_outage(50, 60)

    with store.reader() as reader:
        assert reader.last_heartbeat() == 200
        assert reader.outages() == [Outage(50, 60), Outage(300, 400)]


def test_processes_are_listed_by_when_they_were_last_heard_of(store: Store) -> None:
    with store.begin() as writer:
        for id, at in (("a", 50), ("b", 60), ("c", 70)):
            writer.add_process(rows.process(id, at=at))
        writer.heartbeat("a", 200, release=3)

    with store.reader() as reader:
        found = reader.processes()
    assert [(each.id, each.heartbeat_at, each.release) for each in found] == [
        ("a", 200, 3), ("c", 70, 0), ("b", 60, 0)
    ]  # fmt: skip


def test_of_a_process_that_ended_in_order_only_the_last_sign_of_life_is_left(store: Store) -> None:
    with store.begin() as writer:
        for id, at in (("a", 50), ("b", 60)):
            writer.add_process(rows.process(id, at=at))
        writer.end_process("b")

    with store.reader() as reader:
        assert [(each.id, bool(each.pid)) for each in reader.processes()] == [("b", False), ("a", True)]
        assert reader.last_heartbeat() == 60


def test_a_process_that_ends_in_order_leaves_its_duties_to_others_at_once(store: Store) -> None:
    with store.begin() as writer:
        writer.take_lease("lead", "a", 10, 1000)
        writer.end_process("b")
        assert writer.holder_of("lead", 20) == "a"
        writer.end_process("a")
        assert writer.holder_of("lead", 20) is None
        assert writer.take_lease("lead", "b", 20, 1000) == 2

    with store.reader() as reader:
        assert reader.holder_of("lead", 999) == "b"
        assert reader.holder_of("lead", 1000) is None


def test_processes_that_are_long_gone_are_forgotten_but_never_the_last(store: Store) -> None:
    with store.begin() as writer:
        writer.add_process(rows.process("a", at=50))
        writer.add_process(rows.process("b", at=60))
        writer.drop_processes(1000)

    with store.reader() as reader:
        assert [each.id for each in reader.processes()] == ["b"]
        assert reader.last_heartbeat() == 60


def test_marks_are_read_together(store: Store) -> None:
    with store.reader() as reader:
        assert reader.marks() == Marks()
    with store.begin() as writer:
        writer.save_release(rows.release(1))
        writer.save_release(rows.release(2))
        writer.mark("releasing", "{}")
        writer.mark("importing", "yes")
        writer.mark("paused", '["cart"]')

        assert writer.marks() == Marks(release=2, releasing="{}", importing=True, paused=frozenset({"cart"}))
        writer.mark("releasing", None)
        writer.mark("importing", None)
        writer.mark("paused", None)
    with store.reader() as reader:
        assert reader.marks() == Marks(release=2)


def test_a_value_of_ones_own_is_kept_as_it_was_first_given(store: Store) -> None:
    with store.begin() as writer:
        assert writer.own_mark("secret", "first") == "first"
    with store.begin() as writer:
        assert writer.own_mark("secret", "second") == "first"


def test_a_duty_is_one_holders_until_its_time_is_up(store: Store) -> None:
    # given a duty that a has
    with store.begin() as writer:
        assert writer.take_lease("lead", "a", now=100, until=200) == 1

    # then nobody else gets it before, and a keeps it under the same fence
    with store.begin() as writer:
        assert writer.take_lease("lead", "b", now=199, until=300) is None
        assert writer.take_lease("lead", "a", now=150, until=250) == 1

    # and who has lost it knows by the fence, also once it has it again
    with store.begin() as writer:
        assert writer.take_lease("lead", "b", now=250, until=350) == 2
        assert not writer.holds_lease("lead", "a", 1)
        assert writer.holds_lease("lead", "b", 2)
    with store.reader() as reader:
        assert reader.leases() == [LeaseRow(name="lead", holder="b", fence=2, until=350)]
    with store.begin() as writer:
        assert writer.take_lease("lead", "a", now=350, until=450) == 3
        assert not writer.holds_lease("lead", "a", 1)
