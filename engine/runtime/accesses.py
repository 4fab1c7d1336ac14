"""Accesses: the record of who read personal data, kept a moment after the reading, which never waits for it.

A reading waits in memory until the next look, a second at most; closing the engine keeps what waits.
Of a process that is killed (kill -9, a power cut) the readings of that last second are lost.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog

from engine.audit.leaves import AccessLeaf
from engine.errors import HoldfastError
from engine.model.values import Micros
from engine.runtime.reports.reading import ids_of
from engine.store.interface import Reader, Store, Writer
from engine.store.personal import AccessRow
from engine.store.remains import PREFIX

EVERY = 0.5
"""Seconds between two looks, while something is read."""
AT_ONCE = 16
"""Readings that one transaction takes; no more, for whoever acts meanwhile waits for it."""
MOST = 100_000
"""Readings that may wait while nothing can be written; beyond that the oldest are let go, which is told."""

_log = structlog.get_logger("holdfast.accesses")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody read personal data: who (the human), with which key and role, by which way, and when.

    Whose data: that of a `customer` under any of their names, of the customer of a `run`, `case` or
    `coupon`; None of these for a list. `query` is what was asked for besides, `reason` what the reader
    says it was for.
    """

    at: Micros
    owner: str
    key_id: str
    role: str
    route: str
    customer: str | None = None
    run: str | None = None
    case: str | None = None
    coupon: str | None = None
    request_id: str | None = None
    reason: str | None = None
    query: dict[str, str] = {}


class Accesses:
    """Gathers the readings of one process and keeps them in the writer's turn."""

    def __init__(self, store: Store, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._store = store
        self._call = call
        self._waiting: deque[Access] = deque()
        self._keeping = threading.Lock()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="holdfast-accesses", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def note(self, access: Access) -> None:
        """Let a reading be kept; never waits."""
        self._waiting.append(access)
        self._woken.set()

    def close(self) -> None:
        """Keep what waits, then end."""
        self._closing.set()
        self._woken.set()
        self._thread.join()

    def flush(self) -> int:
        """Keep what waits now; give how many that were."""
        kept = 0
        with self._keeping:
            # What is noted meanwhile waits for the next look, or there would be no end of them.
            waiting = len(self._waiting)
            while some := [self._waiting[place] for place in range(min(AT_ONCE, waiting - kept))]:
                self._call(lambda some=some: keep(self._store, some))  # type: ignore[misc]
                for _ in some:
                    self._waiting.popleft()
                kept += len(some)
        return kept

    def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.wait()
            self._woken.clear()
            self._closing.wait(EVERY)
            try:
                self.flush()
            except HoldfastError as error:
                self._let_go(error)
        try:
            self.flush()
        except HoldfastError as error:
            _log.error("readings_lost", number=len(self._waiting), error=type(error).__name__)

    def _let_go(self, error: HoldfastError) -> None:
        """Keep readings for the next look, but not without end."""
        lost = max(0, len(self._waiting) - MOST)
        for _ in range(lost):
            self._waiting.popleft()
        if lost:
            _log.error("readings_lost", number=lost, error=type(error).__name__)
        self._woken.set()


def keep(store: Store, accesses: Sequence[Access]) -> None:
    """Keep readings, each under the pseudonym of whose data it was, and in the audit record."""
    with store.begin() as writer:
        names = [_named(writer, each) for each in accesses]
        goes_by = writer.resolve({name for name in names if name is not None})
        whose = [None if name is None else goes_by[name] for name in names]
        stored = writer.load({customer for customer in whose if customer is not None})
        known = [customer if customer in stored else None for customer in whose]
        for each, customer in zip(accesses, known, strict=True):
            # The request's own id is the client's word, and an entry stays for ever.
            ref = f"access:{secrets.token_hex(8)}"
            writer.record(
                AccessLeaf(ref=ref, at=each.at, who=each.owner, what=each.route, key=each.key_id), customer
            )
        # From here on whoever was read has a pseudonym.
        writer.keep_record()
        called = writer.subjects({customer for customer in known if customer is not None})
        writer.add_accesses(
            [
                _row(each, None if customer is None else called[customer].subject)
                for each, customer in zip(accesses, known, strict=True)
            ]
        )


def subjects_of(reader: Reader, customer: str) -> tuple[str, ...]:
    """Give the pseudonyms of a customer, under all their names; one that is a pseudonym is given back."""
    found = [row.subject for row in reader.subjects(ids_of(reader, customer)).values()]
    return tuple([*found, customer.removeprefix(PREFIX)])


def _named(writer: Writer, access: Access) -> str | None:
    """Give whose data was read, by a name of theirs."""
    customer = access.customer
    if access.run is not None and (run := writer.run(access.run)) is not None:
        customer = run.customer
    elif access.case is not None and (case := writer.case(access.case)) is not None:
        customer = case.customer
    elif access.coupon is not None and (coupon := writer.coupon(access.coupon)) is not None:
        customer = coupon.customer
    return customer


def _row(access: Access, subject: str | None) -> AccessRow:
    return AccessRow(
        at=access.at,
        owner=access.owner,
        key_id=access.key_id,
        role=access.role,
        route=access.route,
        subject=subject,
        request_id=access.request_id,
        reason=access.reason,
        query=msgspec.json.encode(access.query).decode() if access.query else None,
    )
