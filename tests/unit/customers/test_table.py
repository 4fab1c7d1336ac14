"""The fact table: shared series, and a hash that changes when stored states no longer fit."""

from engine.customers.table import event_view
from engine.model.facts import Computed, EventType, Fact, FactType, NamedExpression, PropertyType, Trait
from engine.model.values import Formula
from engine.model.workspace import Workspace
from tests.customer_facts import at, computed, happened, table_of, workspace_of

COUNT = computed("30d", count="order")


def test_facts_of_equal_event_property_and_where_share_a_series() -> None:
    table = table_of(
        workspace_of(
            spend=computed("30d", sum="total", of="order"),
            average=computed("90d", mean="total", of="order"),
            before=computed("30d", "30d ago", max="total", of="order"),
            big=computed("30d", sum="total", of="order", where="event.total > 5"),
            orders=computed("30d", count="order"),
        )
    )
    assert len(table.series) == 3


def hash_of(workspace: Workspace) -> str:
    return table_of(workspace).hash


def test_the_hash_is_that_of_what_is_kept() -> None:
    # Given one fact
    first = hash_of(workspace_of(n=COUNT))
    # Then what only reads it differently keeps the state
    named = NamedExpression(expression=Formula("customer.n > 5"))
    same: list[dict[str, Fact]] = [{"n": COUNT}, {"m": COUNT}, {"n": COUNT, "many": named}]
    assert {hash_of(workspace_of(**facts)) for facts in same} == {first}
    # And what has to be kept otherwise does not
    other: list[Computed] = [
        computed("60d", count="order"),
        computed("30h", count="order"),
        computed("30d", count="visit"),
        computed("30d", sum="total", of="order"),
        computed("30d", count="order", where="event.total > 5"),
    ]
    hashes = {hash_of(workspace_of(n=fact)) for fact in other}
    hashes.add(hash_of(workspace_of("Europe/Berlin", n=COUNT)))
    hashes.add(hash_of(workspace_of(n=COUNT, week_starts="sunday")))
    hashes.add(hash_of(workspace_of(n=COUNT, plan=Trait(type=FactType.TEXT))))
    hashes.add(hash_of(workspace_of(n=COUNT, events={"order": EventType(revises="id")})))
    assert len(hashes | {first}) == 10


def test_expressions_see_declared_dates_of_an_event() -> None:
    declared = EventType(properties={"ships": PropertyType(type=FactType.DATE)})
    table = table_of(workspace_of("Europe/Berlin", events={"order": declared}))
    event = happened("order", at("2026-03-08T12:00"), ships="2026-03-09", note="as sent")
    view = event_view(table, event)
    assert view == {"ships": table.zone.midnight(739684), "note": "as sent"}
    # And the event itself is as it was
    assert event.properties["ships"] == "2026-03-09"
