"""Rows: documents name fields by their place, which therefore stays what it is."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.runs.run import Signal, Wait
from engine.store import rows
from engine.store.documents import Shape
from tests.integration.store import rows as values

PLACES = {
    "ASK": ("id run customer who question choices asked_at due answer by answered_at"),
    "ATTEMPT": ("run seq attempt path verb at outcome reason until effect answers detail"),
    "CASE": (
        "id ladder customer key title priority opened_at status level loop told next_due resolve_due "
        "pauses exhausted acknowledged_at ended_at by reason run history who respond_due paused_at wake_at "
        "breached context"
    ),
    "COUPON": (
        "code customer run percent amount worth issued_at expires_at shares status ended_at reference note by"
    ),
    "DECISION": ("id rule rule_hash customer at outcome reason trigger trigger_key event lines base starts"),
    "EFFECT": ("key run workflow customer path action arguments context created_at attempt due first_due"),
    "EXPOSURE": ("workflow customer run salt bucket arm at split design"),
    "PLAN": ("token at by base files texts report"),
    "POSTING": ("key program customer kind at entries reason"),
    "PROPOSAL": ("number state at token base author key note files report"),
    "RELEASE": ("number hash at files facts_hash cause closures author actor approver token of note"),
    "RUN": (
        "id workflow definition policy customer key decision rule status reason detail "
        "started_at from_at ended_at arm parent hops trigger_event event input answers path seq attempts "
        "wait signals used goal_until goal_at flags"
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_stored_field_keeps_its_place_and_a_new_one_comes_last(name: str) -> None:
    shape: Shape = getattr(rows, name)

    assert " ".join(shape.kind.__struct_fields__).startswith(PLACES[name])


def test_every_shape_has_its_places_written_down() -> None:
    assert {name for name, value in vars(rows).items() if isinstance(value, Shape)} == set(PLACES)


def test_a_document_has_the_bytes_that_it_always_had() -> None:
    # Entries of the audit record commit to these very bytes.
    signal = Signal(
        "shop", "m-1", "paid", 7,
        {
            "total": Decimal("1.50"),
            "at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
            "on": dt.date(2026, 3, 1),
            "for": dt.timedelta(days=1),
            "big": 2**70,
            "in": dt.datetime(2026, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            "none": None,
            "list": [1, 2.5, True, ("a", Decimal(1))],
        },
    )  # fmt: skip
    run = values.run(
        "r-1",
        definition="6d" * 16,
        policy="E3" * 16,
        decision="58" * 12,
        wait=Wait(kind="time", due=5, since=2, held=[("b", "2026", "1.50")]),
        signals=[signal],
        flags=["f"],
    )

    assert rows.RUN.row(run)["document"].hex() == (
        "8c02c4106d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d03d92045334533453345334533453345334533453345334533"
        "4533453345334533453305a6636172742d3106c40c58585858585858585858585807a7636875726e65640c5a12"
        "82a5746f74616cd601392e3930a5636f756e74021381aa636172745f76616c7565c703013132301481a5636c69"
        "636b81a974696d65645f6f7574c31884a46b696e64a474696d65a364756505a573696e636502a468656c649193"
        "a162a432303236a4312e3530199185a6736f75726365a473686f70aa6d6573736167655f6964a36d2d31a46e61"
        "6d65a470616964ab6f636375727265645f617407aa70726f7065727469657388a5746f74616cd601312e3530a2"
        "6174d70600064beb26c36000a26f6ec70a04323032362d30332d3031a3666f72c70505312c302c30a3626967c7"
        "160231313830353931363230373137343131333033343234a2696ec71903323032362d30332d30315430303a30"
        "303a30302b30323a3030a46e6f6e65c0a46c6973749401cb4004000000000000c392a161d401311d91a166"
    )


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("usage-drop/ann/event/0/shop/m-1", "/event/0/shop/m-1"),
        ("usage-drop/ann", "usage-drop/ann"),
        ("usage-drop/anna/event/0/shop/m-1", "usage-drop/anna/event/0/shop/m-1"),
        ("erased/d-1", "erased/d-1"),
    ],
)
def test_a_key_is_kept_without_what_is_in_columns_and_comes_back_whole(key: str, kept: str) -> None:
    decision = values.decision("d-1", trigger_key=key)
    row = rows.decision_row(decision)

    assert row["trigger_key"] == kept
    assert rows.decision_of(row) == decision
    # as it was kept before
    assert rows.decision_of({**row, "trigger_key": key}) == decision
