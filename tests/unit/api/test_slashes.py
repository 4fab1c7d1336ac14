"""Addresses whose parts are any text: what is asked for is what is found."""

import asyncio
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.slashes import part, put_by, restore


def found(raw: str) -> list[str]:
    """The parts of an address as a route has them."""
    scope: dict[str, Any] = {
        "type": "http", "path": unquote(raw), "raw_path": raw.encode(), "state": {}, "path_params": {},
    }  # fmt: skip

    async def routed(scope: Any, receive: object, send: object) -> None:
        scope["path_params"] = dict(enumerate(scope["path"].split("/")[1:]))

    asyncio.run(put_by(routed)(scope, None, None))  # type: ignore[arg-type]
    restore(scope)  # type: ignore[arg-type]
    return list(scope["path_params"].values())


@pytest.mark.parametrize(
    ("id", "written"),
    [(".", ":."), ("..", ":.."), ("...", "..."), (":.", "%3A."), ("a/b", "a%2Fb"), ("%2e", "%252e")],
)
def test_a_part_is_written_so_that_no_client_folds_it(id: str, written: str) -> None:
    assert part(id) == written
    assert found(f"/customers/{part(id)}/why") == ["customers", id, "why"]
    assert found(f"/customers/{part(id)}") == ["customers", id]


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("./:%"), min_size=1))
def test_whatever_is_written_as_a_part_is_found(id: str) -> None:
    assert found(f"/customers/{part(id)}/why") == ["customers", id, "why"]


def test_whoever_escapes_dots_by_hand_is_understood() -> None:
    assert found("/customers/./why") == found("/customers/%2e/why") == ["customers", ".", "why"]
    assert found(f"/customers/{quote(':..', safe='')}") == ["customers", ":.."]
    assert found("/customers/x:./y:..") == ["customers", "x:.", "y:.."]
