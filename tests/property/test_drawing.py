"""Whatever a workflow is made of, nothing of its picture lies over anything else of it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.console.drawing import Block, Branch, Written, lay_out

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=120)
leaves = st.builds(
    lambda verb, says, notes: Block(path="p", verb=verb, says=says, notes=tuple(notes)),
    st.sampled_from(["do", "run", "wait", "wait for", "ask", "stop"]),
    texts,
    st.lists(texts, max_size=4),
)
steps = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda verb, ways: Block(
            path="p",
            verb=verb,
            branches=tuple(Branch(name=name, blocks=tuple(blocks)) for name, blocks in ways.items()),
        ),
        st.sampled_from(["if", "split"]),
        st.dictionaries(
            st.sampled_from(["then", "else", "a", "b"]), st.lists(inner, max_size=3), min_size=1, max_size=3
        ),
    ),
    max_leaves=20,
)
workflows = st.builds(
    lambda blocks, ends: Written(
        kind="workflow",
        id="w",
        begins=Block(verb="starts", says="w"),
        blocks=tuple(blocks),
        ends=tuple(ends),
    ),
    st.lists(steps, max_size=6),
    st.lists(texts, max_size=3),
)


@given(workflows)
def test_nothing_of_a_picture_lies_over_anything_else(written: Written) -> None:
    laid = lay_out(written)
    places = [(each.x, each.y, each.width, each.height) for each in (*laid.boxes, *laid.labels)]
    # given everything from top to bottom, each begins under the end of the one before
    places.sort(key=lambda place: place[1])
    for (_, top, _, height), (_, below, _, _) in pairwise(places):
        assert top + height <= below
    # and all of it, lines too, lies within the picture
    for x, y, width, height in places:
        assert x >= 0 and y >= 0 and x + width <= laid.width and y + height <= laid.height
    for wire in laid.wires:
        assert all(0 <= x <= laid.width and 0 <= y <= laid.height for x, y in wire.points)


@given(workflows)
def test_no_line_runs_through_a_box(written: Written) -> None:
    laid = lay_out(written)
    for wire in laid.wires:
        for (from_x, from_y), (x, y) in pairwise(wire.points):
            for box in laid.boxes:
                left, right = min(from_x, x), max(from_x, x)
                top, bottom = min(from_y, y), max(from_y, y)
                beside = right <= box.x or left >= box.x + box.width
                clear = bottom <= box.y or top >= box.y + box.height
                assert beside or clear


@given(workflows)
def test_every_step_has_a_box_and_every_way_a_name(written: Written) -> None:
    laid = lay_out(written)
    found = [block for _, _, block in written.walk()]
    assert len([box for box in laid.boxes if box.path]) == len(found)
    assert len(laid.labels) == sum(len(block.branches) for block in found)
