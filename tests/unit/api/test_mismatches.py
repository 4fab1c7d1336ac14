from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
import pytest

from api.mismatches import told


class Part(msgspec.Struct, forbid_unknown_fields=True):
    count: int = 1


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    points: int
    mode: Literal["fast", "slow"] = "fast"
    parts: list[Part] = []
    one: Part | None = None
    until: datetime | None = None
    day: date | None = None
    worth: Decimal | None = None
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=5)] = "a"
    customer: Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")] = "a"
    limit: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    by_name: dict[str, int] = {}


@pytest.mark.parametrize(
    ("body", "pointer", "place", "sentence"),
    [
        ('{"points": "x"}', "/points", "points", "send a whole number, not a text"),
        ("[]", "", "the body", "send an object, not a list"),
        ("{}", "", "the body", "the field `points` is missing; send it"),
        ('{"points": 1, "mod": 1}', "", "the body", "unknown field `mod`, did you mean mode?"),
        ('{"points": 1, "one": {"x": 1}}', "/one", "one", "unknown field `x`; write count"),
        ('{"points": 1, "parts": [{"x": 1}]}', "/parts/0", "parts[0]", "unknown field `x`; write count"),
        ('{"points": 1, "mode": "slw"}', "/mode", "mode", "'slw' is not known here; send fast or slow"),
        ('{"points": 1, "one": 3}', "/one", "one", "send an object or null, not a whole number"),
        (
            '{"points": 1, "until": "soon"}',
            "/until",
            "until",
            "no time is written so; send it as 2026-03-01T09:00:00Z",
        ),
        ('{"points": 1, "day": "soon"}', "/day", "day", "no day is written so; send it as 2026-03-01"),
        ('{"points": 1, "worth": "much"}', "/worth", "worth", "no number is written so; send it as 12.50"),
        ('{"points": 1, "note": ""}', "/note", "note", "send a text of at least 1 characters"),
        ('{"points": 1, "limit": 9}', "/limit", "limit", "send a number of at most 5"),
        (
            '{"points": 1, "by_name": {"a": "b"}}',
            "/by_name/*",
            "by_name.*",
            "send a whole number, not a text",
        ),
        (
            '{"points": 1, "customer": "a\\u0000"}',
            "/customer",
            "customer",
            "a text cannot hold a NUL character; take it out",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_what_to_send(
    body: str, pointer: str, place: str, sentence: str
) -> None:
    # given a body that is not as it should be
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(body, type=Asked)

    # when that is told
    found = told(raised.value, Asked, "the body")

    # then it is in words, with its place, and says what to send
    assert found == (pointer, place, sentence)
