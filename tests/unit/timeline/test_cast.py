from collections.abc import Mapping

from engine.customers.state import FactState
from engine.decisions.standing import Standing
from engine.runs.stage import Member
from engine.timeline.cast import Cast


class Shelf:
    """Customers that can be loaded, and what was asked for."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.asked: list[list[str]] = []

    def load(self, ids: list[str]) -> Mapping[str, Member]:
        self.asked.append(ids)
        return {id: Member(id, "person", FactState(id, "person"), Standing()) for id in ids if id in self.ids}


def test_who_was_looked_for_is_not_looked_for_again() -> None:
    # given a cast that has looked for somebody who is there and somebody who is not
    shelf = Shelf("ann")
    cast = Cast(shelf.load)
    cast.preload(["ann", "bob"])

    # when both are asked for
    ann, bob = cast.find("ann"), cast.find("bob")

    # then nothing is loaded anew
    assert ann is not None and bob is None
    assert shelf.asked == [["ann", "bob"]]


def test_who_is_unknown_is_made_once() -> None:
    shelf = Shelf()
    cast = Cast(shelf.load)

    made = cast.get("bob")

    assert made.created
    assert cast.get("bob") is made and cast.find("bob") is made


def test_who_has_left_the_cast_is_loaded_again() -> None:
    shelf = Shelf()
    cast = Cast(shelf.load)
    cast.get("bob")
    shelf.ids = ("bob",)

    del cast.members["bob"]

    found = cast.find("bob")
    assert found is not None and not found.created
