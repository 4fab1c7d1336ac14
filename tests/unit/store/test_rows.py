"""Rows: documents name fields by their place, which therefore stays what it is."""

import pytest

from engine.store import rows
from engine.store.documents import Shape

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
