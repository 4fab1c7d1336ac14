"""Standing: what nothing has been decided about takes no room."""

from engine.decisions.standing import Standing, decode, encode


def test_a_standing_in_which_nothing_stands_is_a_few_bytes() -> None:
    bare = Standing(played_to=1_772_000_000_000_000)

    assert len(encode(bare)) < 45
    assert decode(encode(bare)) == bare
