"""Finding: customers are looked for by words of their names, which follow whatever changes those."""

from pathlib import Path
from typing import Any

import msgspec

from engine.runtime.engine import Engine
from engine.store.records import MemberSave
from tests.integration.runtime.conftest import Opener


def identify(customer: str, id: str, **traits: Any) -> dict[str, Any]:
    return {"customer": customer, "event": "identify", "id": id, "traits": traits}


def tell(engine: Engine, *events: dict[str, Any]) -> None:
    assert not engine.ingest(list(events), source="shop").result().quarantined


def found(engine: Engine, text: str) -> list[tuple[str, str]]:
    return [(one.name, one.customer) for one in engine.looked_for(text, None, 10, glances=False)]


def test_a_customer_is_found_by_name_and_address_in_any_case_and_order(open_engine: Opener) -> None:
    engine = open_engine()
    tell(
        engine,
        identify("c-1", "i-1", name="Zoë Lee", email="zoe.lee@example.com"),
        identify("c-2", "i-2", name="Zoran Leeson"),
        {"customer": "C-3", "event": "order_completed", "id": "o-1", "total": 5},
    )

    assert found(engine, "zoe") == [("c-1", "c-1")]
    assert found(engine, "LEE, Z") == [("c-1", "c-1"), ("c-2", "c-2")]
    assert found(engine, "zoe.lee@EXAMPLE") == found(engine, "lee@") == [("c-1", "c-1")]
    assert found(engine, "c-") == [("c-1", "c-1"), ("c-2", "c-2"), ("C-3", "C-3")]
    assert found(engine, "c-3 zoe") == found(engine, ",") == []


def test_words_follow_a_trait_that_changes_and_one_that_is_taken_away(open_engine: Opener) -> None:
    engine = open_engine()
    tell(engine, identify("c-1", "i-1", name="Ann Lee", email="ann@example.com"))
    tell(engine, identify("c-1", "i-2", name="Ann Berg", email=None))

    assert found(engine, "lee") == found(engine, "ann@") == []
    assert found(engine, "ann berg") == [("c-1", "c-1")]


def test_whoever_was_merged_is_found_by_the_old_id_and_by_the_words_that_are_theirs_now(
    open_engine: Opener,
) -> None:
    # given two customers, of whom one has said nothing about their name
    engine = open_engine()
    tell(
        engine,
        identify("Old-1", "i-1", name="Ann Lee"),
        identify("Old-2", "i-2", name="Bea Lee"),
        identify("c-1", "i-3", email="info@example.com"),
    )

    # when they are made one, and another one of an older name
    engine.merge_customers("c-1", "Old-2", "eve@example.com").result()
    engine.merge_customers("Old-1", "c-1", "eve@example.com").result()

    # then what is known of them now finds them, and every id of old
    assert found(engine, "old-2") == [("Old-2", "Old-1")]
    assert found(engine, "c-1") == [("c-1", "Old-1")]
    assert engine.customer("Old-1").facts["name"].value == "Bea Lee"
    assert found(engine, "info@") == found(engine, "bea lee") == [("Old-1", "Old-1")]
    assert found(engine, "ann") == []


def test_words_are_made_anew_with_everything_else(open_engine: Opener, folder: Path) -> None:
    # given a workspace that did not keep last names when somebody told theirs
    facts = folder / "rules" / "facts.yaml"
    before = facts.read_text()
    engine = open_engine()
    tell(engine, identify("c-1", "i-1", first_name="Ann", last_name="Lee"))
    assert found(engine, "lee") == []
    engine.close()

    # when it does from now on
    facts.write_text(before.replace("facts:\n", "facts:\n  last_name: {type: text}\n"))
    engine = open_engine()

    # then they are found by it, until it does no more
    assert found(engine, "lee") == [("c-1", "c-1")]
    engine.close()
    facts.write_text(before.replace("facts:\n", "facts:\n  nickname: {type: text}\n"))
    assert found(open_engine(), "lee") == []


def test_words_are_written_only_where_a_name_has_changed(open_engine: Opener) -> None:
    # given somebody whose words were put away beside the engine
    engine = open_engine()
    tell(engine, identify("c-1", "i-1", name="Ann Lee", plan="free"))
    with engine.store.begin() as writer:
        (row,) = writer.load(["c-1"]).values()
        later = msgspec.structs.replace(row, version=row.version + 1)
        writer.save([MemberSave(later, row.version, words=frozenset())])
    engine.close()

    # when they do something, and say the same again
    engine = open_engine()
    tell(engine, {"customer": "c-1", "event": "order_completed", "id": "o-1", "total": 5})
    tell(engine, identify("c-1", "i-2", name="Ann Lee", plan="team"))

    # then no word is written; all of them are with another name
    assert found(engine, "lee") == []
    tell(engine, identify("c-1", "i-3", name="Anna Lee"))
    assert found(engine, "lee") == [("c-1", "c-1")]
