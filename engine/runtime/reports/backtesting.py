"""Backtesting: what the rules of a plan would have decided on the events stored, beside those before it.

It is played in a thread beside what the engine does, one at a time, and remembered for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Event, Lock, Thread
from typing import Literal, TypeAlias

import msgspec
import structlog

from engine.authoring.backtest import Backtest, Difference, RuleCount, backtest, differences
from engine.authoring.loader import load, require
from engine.errors import ConflictError, HoldfastError, NotFoundError, RequestError
from engine.model.values import HOUR, Micros
from engine.runtime.definitions import compile_release
from engine.runtime.reports.history import stored_events
from engine.runtime.shell import Shell
from engine.store.interface import Reader
from engine.timeline.ruleset import Ruleset, compile_ruleset

PLAYED = 200_000
"""So many stored events are played in a server; more take `holdfast backtest`, in a process of its own."""

KEPT = 8
"""So many backtests are remembered."""

FRESH: Micros = HOUR
"""So long one is good."""

TOLD = 100
"""So many of those who are decided otherwise are told by name."""

_log = structlog.get_logger("holdfast.backtesting")

State = Literal["playing", "done", "failed"]

_Key: TypeAlias = tuple[str, int, str]
"""The plan, how many days, and who was erased by then."""


class RuleCompared(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is decided otherwise, on both sides; None on the one that does not have it.

    `days` are numbers of days on which it fired: (day, before, after).
    """

    rule: str
    old: RuleCount | None
    new: RuleCount | None
    days: tuple[tuple[str, int, int], ...]


class Backtested(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is (`done` of `of` events), and once it is done what differs.

    `same` is how many rules are decided alike, `differing` how many customers are not, of whom the first
    are told in `examples`.
    """

    token: str
    days: int
    as_of: Micros
    state: State
    done: int = 0
    of: int = 0
    failed: str | None = None
    from_: Micros | None = None
    to: Micros | None = None
    events: int = 0
    customers: int = 0
    rules: tuple[RuleCompared, ...] = ()
    same: int = 0
    differing: int = 0
    examples: tuple[Difference, ...] = ()


class _Closing(Exception):
    """The engine is about to end."""


class Backtests:
    """Plays backtests of plans, and remembers them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[_Key, Backtested] = OrderedDict()
        self._playing: Thread | None = None
        self._closing = Event()

    def find(self, shell: Shell, token: str, days: int, now: Micros) -> Backtested:
        """Give how the backtest of a plan over the last days stands; begins it where there is none.

        Raises `NotFoundError` for a token of nothing, `ConflictError` while another is played,
        `RequestError` where there are too many events.
        """
        with self._lock, shell.store.reader() as reader:
            # Once somebody was erased, nothing that was played with them is told any more.
            key = token, days, str(reader.marks().erasures)
            known = self._known.get(key)
            if known is not None and (known.state == "playing" or known.as_of <= now < known.as_of + FRESH):
                return known
            if self._playing is not None and self._playing.is_alive():
                raise ConflictError(
                    "another backtest is being played just now; ask again when it is done", code="backtesting"
                )
            sides, stored = _sides(shell, reader, token), reader.last_seq()
            if stored > PLAYED:
                raise RequestError(
                    f"{stored:,} events are stored, and a server plays {PLAYED:,}; "
                    "use `holdfast backtest --against live` on a copy",
                    code="too_many_to_play",
                )
            begun = Backtested(token=token, days=days, as_of=now, state="playing", of=2 * stored)
            self._known[key] = begun
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            self._playing = Thread(
                target=self._play, args=(shell, key, begun, *sides), name="holdfast-backtest", daemon=True
            )
            self._playing.start()
            return begun

    def wait(self, seconds: float) -> None:
        """Wait until what is played is done, so long at most."""
        playing = self._playing
        if playing is not None:
            playing.join(seconds)

    def close(self) -> None:
        """Play nothing more."""
        self._closing.set()
        if self._playing is not None:
            self._playing.join()

    def _play(self, shell: Shell, key: _Key, begun: Backtested, old: Ruleset, new: Ruleset) -> None:
        try:
            self._known[key] = self._played(shell, key, begun, old, new)
        except _Closing:
            return
        except HoldfastError as error:
            self._known[key] = msgspec.structs.replace(begun, state="failed", failed=str(error))
        except Exception:
            # Whatever it was, whoever waits for it has to hear of it.
            _log.exception("backtest_failed", token=begun.token)
            failed = "the backtest broke off; the server's log says why"
            self._known[key] = msgspec.structs.replace(begun, state="failed", failed=failed)

    def _played(self, shell: Shell, key: _Key, begun: Backtested, old: Ruleset, new: Ruleset) -> Backtested:
        def tell(done: int, of: int) -> None:
            self._go_on()
            self._known[key] = msgspec.structs.replace(begun, done=done, of=of)

        with shell.store.reader() as reader:
            events = stored_events(reader, lambda done: self._go_on())
        # The latest instants may be ahead of now.
        end = max(begun.as_of, events[-1].received_at if events else 0)
        start = new.zone.start_of_day(new.zone.day_of(begun.as_of) - begun.days + 1)
        before = backtest(old, events, start=start, end=end, progress=lambda done, of: tell(done, 2 * of))
        after = backtest(
            new,
            events,
            start=start,
            end=end,
            progress=lambda done, of: tell(of + done, 2 * of),
        )
        found = differences((old, before), (new, after), events, progress=lambda done, of: self._go_on())
        rules = [
            each
            for rule in sorted(before.rules.keys() | after.rules.keys())
            if (each := _compared(rule, before, after, {one.rule for one in found})) is not None
        ]
        return msgspec.structs.replace(
            begun,
            state="done",
            done=2 * len(events),
            of=2 * len(events),
            from_=after.from_,
            to=after.to,
            events=after.events,
            customers=after.customers,
            rules=tuple(rules),
            same=len(before.rules.keys() | after.rules.keys()) - len(rules),
            differing=len({one.customer for one in found}),
            examples=tuple(found[:TOLD]),
        )

    def _go_on(self) -> None:
        if self._closing.is_set():
            raise _Closing


def _sides(shell: Shell, reader: Reader, token: str) -> tuple[Ruleset, Ruleset]:
    """Give the rules that a plan was made against, and those that it would make live."""
    known = shell.equip.known
    plan = reader.plan(token)
    proposed = next((one for one in reader.proposals() if one.token == token), None)
    found = plan or proposed
    if found is None:
        raise NotFoundError(f"there is no plan {token}; make one with POST /v1/plans")
    texts = plan.texts if plan is not None else {}
    files = {path: texts.get(path) or reader.definition(hash) or "" for path, hash in found.files.items()}
    new = compile_ruleset(require(load({path: text.encode() for path, text in files.items()}, known)), known)
    base = reader.release(found.base)
    old = None if base is None else compile_release(reader, base, known)
    if old is None:
        raise NotFoundError(f"release {found.base} cannot be read any more; make a new plan")
    return old, new


def _compared(rule: str, old: Backtest, new: Backtest, differing: set[str]) -> RuleCompared | None:
    before, after = old.days.get(rule, {}), new.days.get(rule, {})
    if rule not in differing and before == after and (rule in old.rules) == (rule in new.rules):
        return None
    return RuleCompared(
        rule=rule,
        old=old.rules.get(rule),
        new=new.rules.get(rule),
        days=tuple(
            (day, before.get(day, 0), after.get(day, 0)) for day in sorted(before.keys() | after.keys())
        ),
    )
