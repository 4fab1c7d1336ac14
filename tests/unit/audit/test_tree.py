"""The tree over the audit record: against its definition, and against pymerkle."""

import hashlib
from collections.abc import Sequence
from functools import cache

import pytest
from pymerkle import InmemoryTree
from pymerkle.proof import InvalidProof, verify_consistency, verify_inclusion

from engine.audit.leaves import leaf_hash
from engine.audit.tree import (
    EMPTY_ROOT,
    WIDTH,
    Edge,
    Tile,
    append,
    consistency,
    edge_at,
    inclusion,
    node_hash,
    proves_consistency,
    proves_inclusion,
    root_of,
)

SIZES = 300
ENTRIES = [f"entry {number}".encode() for number in range(SIZES)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


@cache
def complete(level: int, number: int) -> bytes:
    return defined_root(LEAVES[number * WIDTH**level : (number + 1) * WIDTH**level])


def hashes(level: int, start: int, end: int) -> Sequence[bytes]:
    """The hashes of complete subtrees, each made out of all its leaves."""
    assert end * WIDTH**level <= SIZES
    assert start // WIDTH == (end - 1) // WIDTH, "more than one tile is asked for at once"
    return [complete(level, number) for number in range(start, end)]


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + defined_root(leaves[:split]) + defined_root(leaves[split:])).digest()


@cache
def root(size: int) -> bytes:
    return root_of(append(Edge(), LEAVES[:size])[0])


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        tree.append_entry(entry)
    return tree


def test_a_tree_is_what_the_rfc_says_by_hand() -> None:
    first, second, third = (hashlib.sha256(b"\x00" + entry).digest() for entry in (b"", b"\x00", b"\x10"))
    edge, _ = append(Edge(), [leaf_hash(entry) for entry in (b"", b"\x00", b"\x10")])

    assert (
        root_of(Edge())
        == EMPTY_ROOT
        == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )
    assert leaf_hash(b"") == bytes.fromhex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    assert root_of(edge) == node_hash(node_hash(first, second), third)


def test_every_size_has_the_root_of_the_definition_and_of_the_oracle(oracle: InmemoryTree) -> None:
    for size in range(SIZES + 1):
        assert root(size) == defined_root(LEAVES[:size])
        assert edge_at(hashes, size) == append(Edge(), LEAVES[:size])[0]
        if size:
            assert root(size) == oracle.get_root(size)


def test_a_tree_grows_by_any_portions_to_the_same() -> None:
    grown, tiles = Edge(), []
    for start in range(0, SIZES, 7):
        grown, more = append(grown, LEAVES[start : start + 7])
        tiles += more

    assert grown == append(Edge(), LEAVES)[0]
    assert tiles == [Tile(0, 0, defined_root(LEAVES[:256]))]


def test_a_tile_of_tiles_is_complete_at_its_last_leaf() -> None:
    _, tiles = append(Edge(), [LEAVES[0]] * WIDTH**2)

    assert [(tile.level, tile.number) for tile in tiles] == [*((0, n) for n in range(WIDTH)), (1, 0)]


def test_each_leaf_is_proved_in_each_tree_and_no_other() -> None:
    for size in range(1, SIZES + 1):
        for number in range(0, size, 1 if size <= 70 else 7):
            path = inclusion(hashes, number, size)
            assert proves_inclusion(LEAVES[number], number, size, path, root(size))
            other = (number + 1) % SIZES
            assert not proves_inclusion(LEAVES[other], number, size, path, root(size))
            assert not proves_inclusion(LEAVES[number], number, size, [*path, LEAVES[0]], root(size))
            assert not path or not proves_inclusion(LEAVES[number], number, size, path[:-1], root(size))


def test_each_tree_is_proved_to_begin_each_larger_one() -> None:
    for size in range(1, SIZES + 1):
        for old in range(1, size + 1, 1 if size <= 70 else 7):
            path = consistency(hashes, old, size)
            assert proves_consistency(old, root(old), size, root(size), path)
            assert not proves_consistency(old, defined_root(LEAVES[1 : old + 1]), size, root(size), path)
            assert not proves_consistency(old, root(old), size, defined_root(LEAVES[::-1][:size][:-1]), path)
            assert not path or not proves_consistency(old, root(old), size, root(size), path[:-1])


def test_proofs_are_those_of_the_oracle(oracle: InmemoryTree) -> None:
    for size in [*range(1, 40), 255, 256, 257, 299, 300]:
        for number in range(0, size, 1 if size < 40 else 37):
            proof = oracle.prove_inclusion(number + 1, size)
            verify_inclusion(LEAVES[number], root(size), proof)
            assert set(inclusion(hashes, number, size)) <= set(map(bytes, proof.path))
        for old in range(1, size + 1, 1 if size < 40 else 37):
            proof = oracle.prove_consistency(old, size)
            verify_consistency(root(old), root(size), proof)
            with pytest.raises(InvalidProof):
                verify_consistency(root(old)[::-1], root(size), proof)


@pytest.mark.parametrize(("number", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion(hashes, number, size)
    assert not proves_inclusion(LEAVES[0], number, size, [], root(max(size, 0)))


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3)])
def test_there_is_no_proof_of_a_beginning_that_is_none(old: int, size: int) -> None:
    with pytest.raises(ValueError, match="no beginning"):
        consistency(hashes, old, size)
    assert not proves_consistency(old, root(old), size, root(size), [])
