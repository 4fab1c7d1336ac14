"""What the engine keeps about itself: definitions, releases, figures, keys, answers, outages."""

import pytest

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.records import Answer, BaseRow, KeyRow, Outage, ReleaseRow, Request


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
    )


def test_the_release_of_an_instant_is_the_last_one_before(store: Store) -> None:
    with store.begin() as writer:
        writer.save_release(release(1, 100))
        writer.save_release(release(2, 200))
        writer.save_release(release(3, 200))

    with store.reader() as reader:
        assert reader.releases() == [release(1, 100), release(2, 200), release(3, 200)]
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


def key(id: str, **fields: int) -> KeyRow:
    return KeyRow(id=id, role="ingest", owner="a@b.example", label="shop", hash="x", created_at=10, **fields)


def test_keys_are_made_used_and_revoked(store: Store) -> None:
    with store.begin() as writer:
        writer.add_key(key("b"))
        writer.add_key(key("a", expires_at=900))
        writer.touch_key("b", 50)
        writer.touch_key("none", 50)

    with store.begin() as writer:
        assert writer.revoke_key("a", 60)
        assert not writer.revoke_key("a", 70)
        assert not writer.revoke_key("none", 70)
    with store.reader() as reader:
        assert reader.find_key("a") == key("a", expires_at=900, revoked_at=60)
        assert reader.find_key("none") is None
        assert reader.list_keys() == [key("a", expires_at=900, revoked_at=60), key("b", last_used_at=50)]
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
        writer.heartbeat(100)
        writer.heartbeat(200)
        writer.add_outage(300, 400)
        writer.add_outage(50, 60)

    with store.reader() as reader:
        assert reader.last_heartbeat() == 200
        assert reader.outages() == [Outage(50, 60), Outage(300, 400)]
