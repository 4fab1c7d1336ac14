"""Room for what is under way: what finds none is put off, and what ends makes room again."""

from __future__ import annotations

from typing import Any

import pytest

from api.room import Room
from engine.errors import FullError


def request() -> Any:
    return {"state": {}}


@pytest.mark.parametrize("what", ["bytes", "events"])
def test_what_finds_no_room_is_put_off_until_something_ends(what: str) -> None:
    # given room for ten of which a request has taken eight, bit by bit
    room, first, second = Room(10, 10), request(), request()
    room.take(first, **{what: 3})
    room.take(first, **{what: 5})

    # when another needs three
    with pytest.raises(FullError) as raised:
        room.take(second, **{what: 3})

    # then it is told when to come again, has taken nothing, and finds room once the first has ended
    assert (raised.value.retry_after, getattr(room, what)) == (2, 8)
    room.leave(first)
    room.take(second, **{what: 3})
    assert getattr(room, what) == 3


def test_whoever_is_alone_finds_room_however_large() -> None:
    room, only = Room(10, 10), request()
    room.take(only, bytes=8, events=25)
    room.take(only, bytes=8)
    assert (room.bytes, room.events) == (16, 25)


def test_what_was_refused_and_what_has_left_give_nothing_back_twice() -> None:
    # given a request that is refused after half of its body
    room, first, second = Room(10, 10), request(), request()
    room.take(first, bytes=6)
    room.take(second, bytes=4)
    with pytest.raises(FullError):
        room.take(second, bytes=1)

    # when both have left, one of them twice
    for each in (second, second, first):
        room.leave(each)

    # then the room is empty
    assert (room.bytes, room.events) == (0, 0)
