"""The audit record in a store: what is recorded by itself, how it is sealed, whom it is about."""

import pytest

from engine.audit.leaves import ChangeLeaf, DecisionLeaf, ErasedLeaf, kind_of, leaf_hash, read_entry
from engine.audit.subjects import commitment_of, content_of, salt_of
from engine.audit.tree import Edge, append, edge_at, inclusion, proves_inclusion, root_of
from engine.errors import StoreError
from engine.model.reasons import RunStatus
from engine.runs.changes import Changes, Settled
from engine.store.audit import CheckpointRow
from engine.store.interface import Store
from engine.store.records import KeyRow
from engine.store.rows import DECISION
from tests.integration.store import rows


def change(number: int) -> ChangeLeaf:
    return ChangeLeaf(what="paused", ref=f"pause:{number}", at=1000 + number, who="ann")


def seal(store: Store) -> None:
    with store.begin() as writer:
        while writer.seal(1000):
            pass


def record(store: Store, number: int, first: int = 0) -> None:
    with store.begin() as writer:
        for each in range(first, first + number):
            writer.record(change(each))
    seal(store)


def test_what_is_recorded_is_numbered_from_nought_in_its_order(store: Store) -> None:
    record(store, 3)
    record(store, 2, first=3)

    with store.reader() as reader:
        leaves = reader.leaves(0, 10)
        assert [leaf.number for leaf in leaves] == [0, 1, 2, 3, 4]
        assert [read_entry(leaf.entry) for leaf in leaves] == [change(number) for number in range(5)]
        assert all(leaf.hash == leaf_hash(leaf.entry) for leaf in leaves)
        assert reader.edge() == append(Edge(), [leaf.hash for leaf in leaves])[0]
        assert reader.count_unsealed() == 0


def test_nothing_is_recorded_by_a_transaction_that_fails(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as writer:
        writer.record(change(1))
        raise ZeroDivisionError

    seal(store)
    with store.reader() as reader:
        assert reader.leaves(0, 10) == []


def test_a_proof_reads_tiles_and_the_edge(store: Store) -> None:
    record(store, 300)
    record(store, 300, first=300)

    with store.reader() as reader:
        root = root_of(reader.edge())
        assert edge_at(reader.hashes, 600) == reader.edge()
        for number in (0, 255, 256, 511, 512, 599):
            (leaf,) = reader.leaves(number, number + 1)
            path = inclusion(reader.hashes, number, 600)
            assert proves_inclusion(leaf.hash, number, 600, path, root)


def test_a_decision_is_recorded_with_a_commitment_to_what_is_stored(store: Store) -> None:
    made = rows.decision("d1")
    with store.begin() as writer:
        writer.write(Changes(decisions=[made]))
    seal(store)

    with store.reader() as reader:
        (leaf,) = reader.leaves_of("decision", "d1", made.at)
        entry, subject = read_entry(leaf.entry), reader.subjects(["ann"])["ann"]
        assert isinstance(entry, DecisionLeaf)
        assert (entry.rule, entry.outcome, entry.definition) == (
            made.rule,
            made.outcome.value,
            made.rule_hash,
        )
        assert entry.subject == subject.subject
        content = content_of("ann", DECISION.row(made)["document"])
        assert entry.commitment == commitment_of(salt_of(subject.secret, "decision/d1"), content)
        assert b"ann" not in leaf.entry
        assert len(leaf.entry) <= 500
        assert reader.subjects_named([subject.subject]) == {subject.subject: subject}


def test_a_run_its_steps_its_effects_and_its_end_are_recorded(store: Store) -> None:
    run, ended = rows.run("r-1"), rows.run("r-1", seq=5, status=RunStatus.COMPLETED, ended_at=900)
    with store.begin() as writer:
        writer.write(Changes(runs={"r-1": run}, effects=[rows.effect("r-1:0:0", run="r-1")]))
        writer.write(Changes(attempts=[rows.attempt("r-1", 1)]))
    with store.begin() as writer:
        writer.run("r-1")
        writer.write(Changes(runs={"r-1": ended}, settled=[Settled("r-1:0:0", "executed", None, 800)]))
    with store.begin() as writer:
        writer.write(Changes(settled=[Settled("r-1:0:0", "executed", None, 800)]))
    seal(store)

    with store.reader() as reader:
        kinds = [leaf.kind for leaf in reader.leaves(0, 100)]
        assert kinds == ["run_started", "step", "run_ended", "effect"]
        assert {read_entry(leaf.entry).subject for leaf in reader.leaves(0, 3)} == {
            reader.subjects([run.customer])[run.customer].subject
        }


def test_keys_are_recorded_once(store: Store) -> None:
    key = KeyRow(id="k1", role="auditor", owner="eve", label="", hash="h", created_at=10)
    with store.begin() as writer:
        writer.add_key(key)
        assert writer.revoke_key("k1", 20)
        assert not writer.revoke_key("k1", 30)
    seal(store)

    with store.reader() as reader:
        told = [read_entry(leaf.entry) for leaf in reader.acts("change")]
        assert [(each.what, each.at) for each in told if isinstance(each, ChangeLeaf)] == [
            ("key_made", 10),
            ("key_revoked", 20),
        ]
        assert reader.count_acts("change", start=10, end=20) == 1
        assert [leaf.number for leaf in reader.acts("change", after=(10, 0))] == [1]


def test_an_erased_subject_is_not_made_again_by_what_came_before(store: Store) -> None:
    with store.begin() as writer:
        writer.write(Changes(decisions=[rows.decision("d1")]))
    with store.begin() as writer:
        called = writer.subjects(["ann"])["ann"].subject
        writer.write(Changes(decisions=[rows.decision("d2", trigger_key="t2")]))
        assert writer.drop_subjects(["ann", "nobody"]) == 1
        writer.record(ErasedLeaf(ref="erasure:1", at=5000, subject=called, who="eve"))
    seal(store)

    with store.reader() as reader:
        assert reader.subjects(["ann"]) == {}
        told = [read_entry(leaf.entry) for leaf in reader.leaves(0, 10)]
        assert [kind_of(each) for each in told] == ["decision", "decision", "erased"]
        assert {each.subject for each in told} == {called}


def test_the_entries_of_a_period_are_a_span(store: Store) -> None:
    record(store, 5)

    with store.reader() as reader:
        assert reader.leaf_span(1001, 1003) == (1, 3)
        assert reader.leaf_span(None, None) == (0, 5)
        assert reader.leaf_span(2000, None) is None


def test_one_checkpoint_of_a_size_is_kept(store: Store) -> None:
    row = CheckpointRow(size=3, at=10, root=b"r" * 32, note="note")
    with store.begin() as writer:
        writer.add_checkpoint(row)
        writer.add_checkpoint(CheckpointRow(size=5, at=11, root=b"s" * 32, note="later"))

    with store.reader() as reader:
        assert reader.latest_checkpoint() == reader.checkpoints(after=3)[0]
        assert reader.checkpoints()[0] == row
    with pytest.raises(StoreError), store.begin() as writer:
        writer.add_checkpoint(row)
