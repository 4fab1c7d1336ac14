"""seal: entries of the audit record that are hashed and sealed a second, and how fast that is checked."""

from __future__ import annotations

import random
import time
from pathlib import Path
from statistics import median

from pymerkle import InmemoryTree

from benchmarks.rows import Row
from engine.audit.leaves import DecisionLeaf, entry_of, leaf_hash
from engine.audit.tree import Edge, append, inclusion
from engine.runtime.audit.database import verify_database
from engine.store.opening import open_store

BATCH = 100
AT: int = 1_772_442_000_000_000
PROOFS = 200
COMMITMENT = "c" * 64


def measure(folder: Path, quick: bool) -> list[Row]:
    """Seal in memory, then in a database, check that, and prove entries of it."""
    number = 100_000 if quick else 1_000_000
    pymerkle = _pymerkle(20_000 if quick else 50_000)
    folded = _fold(number)
    stored = _store(folder / "holdfast.db", number)
    checked, proofs = _check(folder / "holdfast.db", number)
    detail = {"leaves": number, "batch": BATCH}
    return [
        Row(name="seal", value=folded, unit="leaves/s", against={"pymerkle": pymerkle}, detail=detail),
        Row(name="seal_stored", value=stored, unit="leaves/s", detail=detail),
        Row(name="seal_check", value=checked, unit="s", more_is_better=False, detail=detail),
        Row(
            name="seal_proof",
            value=median(proofs),
            unit="ms",
            more_is_better=False,
            detail=detail | {"slowest": round(max(proofs), 1)},
        ),
    ]


def _leaf(number: int, commitment: str | None = None) -> DecisionLeaf:
    return DecisionLeaf(
        ref=f"{number:024x}", at=AT + number, rule="usage-drop", outcome="fired", definition="f" * 16,
        release=2, subject="b" * 24, commitment=commitment,
    )  # fmt: skip


def _fold(number: int) -> float:
    entries = [entry_of(_leaf(each, COMMITMENT)) for each in range(number)]
    began = time.perf_counter()
    edge = Edge()
    for start in range(0, number, BATCH):
        edge, _ = append(edge, [leaf_hash(entry) for entry in entries[start : start + BATCH]])
    return number / (time.perf_counter() - began)


def _store(path: Path, number: int) -> float:
    store = open_store(f"sqlite:///{path}")
    began = time.perf_counter()
    for start in range(0, number, BATCH):
        with store.begin() as writer:
            for each in range(start, start + BATCH):
                writer.record(_leaf(each))
    seconds = time.perf_counter() - began
    store.close()
    return number / seconds


def _check(path: Path, number: int) -> tuple[float, list[float]]:
    store = open_store(f"sqlite:///{path}", exclusive=False)
    chosen = random.Random(1)
    with store.reader() as reader:
        began = time.perf_counter()
        if verify_database(reader).size != number:
            raise RuntimeError("the record has another size than was sealed")
        seconds = time.perf_counter() - began
        times = []
        for _ in range(PROOFS):
            began = time.perf_counter()
            inclusion(reader.hashes, chosen.randrange(number), number)
            times.append((time.perf_counter() - began) * 1000)
    store.close()
    return seconds, times


def _pymerkle(number: int) -> float:
    entries = [entry_of(_leaf(each, COMMITMENT)) for each in range(number)]
    tree = InmemoryTree(algorithm="sha256")
    began = time.perf_counter()
    for entry in entries:
        tree.append_entry(entry)
    return number / (time.perf_counter() - began)
