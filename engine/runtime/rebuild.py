"""Rebuilding: facts made anew from stored events, after a release or an import of the past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from engine.customers.encoding import decode
from engine.customers.event import Event
from engine.customers.merging import Belonging, rebuild
from engine.model.values import Micros
from engine.runs.stage import Member
from engine.runtime.crashpoint import crashpoint
from engine.runtime.identity import histories
from engine.runtime.shell import Shell, Turn
from engine.store.interface import Reader
from engine.timeline.play import adopt
from engine.timeline.ruleset import BASE

BATCH = 100
PAGE = 5000

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is in all."""


def silently(doing: str, done: int, of: int) -> None:
    """Tell nobody."""


def settle_all(shell: Shell, now: Micros, cause: str, progress: Progress = silently) -> int:
    """Rebuild everybody whose facts are stale, and settle them into the ruleset as of `now`.

    Facts are stale when other files or an unfinished import built them. A release settles the others
    too. Each batch is a commit of its own; where this is interrupted, it goes on with who is left.
    Gives how many were rebuilt.
    """
    everybody = _everybody(shell)
    stale = {id for id, _, built in everybody if built != shell.ruleset.facts.hash}
    concerned = [(id, kind) for id, kind, _ in everybody if cause == "release" or id in stale]
    persons = [id for id, kind in concerned if kind == "person"]
    for start in range(0, len(persons), BATCH):
        batch = persons[start : start + BATCH]
        with shell.turn(now, settling=True) as turn:
            turn.cast.preload(batch)
            events = histories(turn, [id for id in batch if id in stale])
            for id in batch:
                if id in stale:
                    replace(turn, turn.cast.get(id), events[id], cause)
                adopt(turn.world, turn.cast, turn.changes, id, now, cause)
        crashpoint("rebuilt_some")
        progress("rebuilding facts", start + len(batch), len(concerned))
    _settle_accounts(shell, [id for id, kind in concerned if kind == "account"], stale, now, cause)
    progress("rebuilding facts", len(concerned), len(concerned))
    return len(stale)


def _settle_accounts(shell: Shell, accounts: Iterable[str], stale: set[str], now: Micros, cause: str) -> None:
    """Settle accounts; the facts of stale ones are made of their members' events too.

    A member's event without an account counts for the one that the member belonged to then.
    """
    with shell.store.reader() as reader:
        events = events_of_accounts(reader, frozenset(accounts) & stale)
    for id in sorted(accounts):
        with shell.turn(now, settling=True) as turn:
            if id in stale:
                replace(turn, turn.cast.get(id, "account"), events[id], cause)
            adopt(turn.world, turn.cast, turn.changes, id, now, cause)


def replace(turn: Turn, member: Member, events: Sequence[Event], cause: str) -> None:
    """Make a customer's facts anew from these events, the only ones that are left of theirs."""
    # Contract ends that were never played stay due after a release; those of an import are the past.
    until = turn.now if cause == "import" else member.standing.played_to or None
    stored = member.facts.chunks.months()
    member.facts = rebuild(turn.ruleset.facts, member.id, member.kind, events, until)
    member.facts.touched.update(stored)
    turn.changes.customers[member.id] = None


def events_of_accounts(
    reader: Reader, accounts: Iterable[str], without: frozenset[str] = frozenset()
) -> dict[str, list[Event]]:
    """Give the events of accounts and of their members, those of some customers left out."""
    found: dict[str, list[Event]] = defaultdict(list)
    wanted = frozenset(accounts)
    if not wanted:
        return found
    belonging = Belonging()
    after: tuple[Micros, int] | None = None
    while page := reader.events(after=after, limit=PAGE):
        goes_by = reader.resolve({event.customer for event in page})
        for event in page:
            if event.customer in without:
                continue
            for id in belonging.concerned(goes_by[event.customer], event) & wanted:
                found[id].append(event)
        after = page[-1].received_at, page[-1].seq
    return found


def _everybody(shell: Shell) -> list[tuple[str, str, str]]:
    """Give every customer's id and kind, and by which files their facts were built."""
    found: list[tuple[str, str, str]] = []
    with shell.store.reader() as reader:
        after: str | None = None
        while page := reader.members(after, PAGE, chunks=False):
            found += [(row.id, row.kind, decode(row.hot, {}).built) for row in page if row.id != BASE]
            after = page[-1].id
    return found
