from engine.authoring.rings import first_ring, rings


def test_a_ring_is_given_in_order() -> None:
    assert first_ring({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c"]


def test_a_thing_that_leads_to_itself_is_a_ring() -> None:
    assert rings({"a": ["a"]}) == [["a"]]


def test_what_leads_nowhere_has_none() -> None:
    assert rings({"a": ["b", "c"], "b": ["c"], "d": ["a"]}) == []


def test_a_long_chain_needs_no_recursion() -> None:
    chain = {number: [number + 1] for number in range(50_000)}
    assert rings(chain) == []
    assert len(first_ring({**chain, 50_000: [0]})) == 50_001
