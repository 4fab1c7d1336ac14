"""The audit record in a store: its rows, what may be asked of it, and what is written into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from engine.audit.leaves import AnyLeaf
from engine.audit.tree import Edge
from engine.model.values import Micros


class SubjectRow(msgspec.Struct, frozen=True):
    """What the audit record calls a customer, and the secret of its commitments to what is stored of them."""

    customer: str
    subject: str
    secret: bytes
    created_at: Micros


class LeafRow(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed entry of the audit record: its number from 0, and the bytes that are under the tree."""

    number: int
    kind: str
    ref: str
    at: Micros
    entry: bytes
    hash: bytes


class CheckpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """A signed root of the audit record of `size` leaves; `note` is what was signed, with the signature."""

    size: int
    at: Micros
    root: bytes
    note: str


class AuditReader(Protocol):
    """What may be asked of the audit record."""

    def subjects(self, customers: Iterable[str]) -> dict[str, SubjectRow]:
        """Give what the audit record calls customers, by their ids; those without a name are left out."""
        ...

    def subjects_named(self, subjects: Iterable[str]) -> dict[str, SubjectRow]:
        """Give whom subjects stand for, by their names; those that were dropped are left out."""
        ...

    def edge(self) -> Edge:
        """Give how far the audit record is sealed."""
        ...

    def leaves(self, start: int, end: int) -> list[LeafRow]:
        """Give the sealed entries from the number `start`, from 0, to before `end`."""
        ...

    def leaves_of(self, kind: str, ref: str, at: Micros) -> list[LeafRow]:
        """Give the sealed entries about one thing at an instant."""
        ...

    def leaf_span(self, start: Micros | None, end: Micros | None) -> tuple[int, int] | None:
        """Give the first number, and the one after the last, of a period's entries; None for none.

        Entries between the two may belong to other instants: they have their order from being sealed.
        """
        ...

    def acts(
        self,
        *kinds: str,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 100,
    ) -> list[LeafRow]:
        """Page the sealed entries of some kinds of what people did, by (at, number)."""
        ...

    def count_acts(self, *kinds: str, start: Micros | None = None, end: Micros | None = None) -> int:
        """Count them."""
        ...

    def hashes(self, level: int, start: int, end: int) -> Sequence[bytes]:
        """Give hashes of the audit record's tree, all of one tile; `engine.audit.tree.Hashes` says which."""
        ...

    def documents(self, kind: str, refs: Sequence[str]) -> dict[str, bytes]:
        """Give the stored documents that entries of a kind commit to, by ref, as far as they are there."""
        ...

    def latest_checkpoint(self) -> CheckpointRow | None:
        """Give the last signed root."""
        ...

    def checkpoints(self, after: int = 0, limit: int = 1000) -> list[CheckpointRow]:
        """Page signed roots by size."""
        ...

    def count_unsealed(self) -> int:
        """Count the entries that are committed and have no number yet."""
        ...


class AuditWriter(Protocol):
    """What is written into the audit record."""

    def record(self, leaf: AnyLeaf, customer: str | None = None, document: bytes | None = None) -> None:
        """Put a leaf into the audit record, in this very transaction.

        With a `customer` it gets their subject, with a `document` besides the commitment to it. What is
        written of decisions, runs, steps, effects, releases, keys, sessions and of what people do to
        customers is recorded as it is written.
        """
        ...

    def keep_record(self) -> None:
        """Write what was recorded so far, so that whom it is about has a subject; a commit does so, too."""
        ...

    def drop_subjects(self, customers: Iterable[str]) -> int:
        """Forget what the audit record calls customers and their secrets; give of how many."""
        ...

    def seal(self, limit: int) -> int:
        """Give entries that wait for it their number in the audit record; give how many, at most `limit`.

        Where nobody else writes, each transaction does so itself. A `TransientStoreError` where another
        process did so at the same time.
        """
        ...

    def add_checkpoint(self, row: CheckpointRow) -> None:
        """Keep a signed root; a `StoreError` where one of that size is kept already."""
        ...
