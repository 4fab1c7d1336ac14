"""The outbox: external effects, claimed, checked once more, sent outside, and settled.

Claiming and checking is one transaction, sending happens outside any, in threads of its own, settling
is another one. A process that dies in between leaves a lease that runs out; the effect is then sent
again under the same key, or, where its connector delivers at most once, ends as uncertain.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

import msgspec
import structlog

from engine.errors import DeliveryError, StoreError, TransientStoreError
from engine.model.values import SECOND, Micros, Retry
from engine.model.workflow import Do
from engine.model.workspace import Delivery as How
from engine.runs.cases import TELL
from engine.runs.changes import Settled
from engine.runs.run import Effect
from engine.runtime import tracing
from engine.runtime.actions import Delivery
from engine.runtime.crashpoint import crashpoint
from engine.runtime.delivery.connectors import Gate, connector_of, note
from engine.runtime.delivery.leases import lease
from engine.runtime.delivery.letters import Draft, draft, finish
from engine.runtime.delivery.pacing import pause
from engine.runtime.shell import Shell, Turn
from engine.store.records import PARKED, Claim
from engine.timeline.deliver import Result, attempt, give_back, hand_back, settle

SENDERS = 16
"""Effects that one process sends at a time."""

GRACE = 15.0
"""Seconds that what is being sent has to come back in when the engine is closed; no call takes longer."""

_log = structlog.get_logger("holdfast.outbox")


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that may go: under which claim, and what to send."""

    effect: Effect
    fence: int
    at: Micros
    retry: Retry | None
    delivery: How
    draft: Draft | None


class Sent(msgspec.Struct, frozen=True):
    """What the other side did with an effect: answered it, or refused with an error.

    `unsent` tells that it has not left at all, `cleared` that no attempt before this one was taken.
    """

    ready: Ready
    answers: Mapping[str, Any] = {}
    error: DeliveryError | None = None
    unsent: bool = False
    cleared: bool = False


class Outbox:
    """Delivers what is due. `call` runs work on the writer thread and gives its result.

    No more is claimed than there are free senders. What has been sent stays `under way` until the
    database has taken in how it ended: while it is away the results are kept, and no effect under way
    is claimed anew, whatever the clock says. A pass is one at a time.
    """

    def __init__(self, shell: Shell, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._shell = shell
        self._call = call
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="holdfast-sender")
        self._under_way: dict[str, _UnderWay] = {}
        self._passing = threading.RLock()
        self._extended = 0.0
        # How many effects one transaction takes: fewer where they have to give way to others.
        self._portion = SENDERS
        self._closing = False
        self.came_back: Callable[[], object] = int
        """Is called, by any thread, whenever something has been sent."""

    @property
    def busy(self) -> bool:
        """Tell whether something is being sent, or was and is not settled yet."""
        return bool(self._under_way)

    def deliver(self, shard: int | None = None, *, wait: bool = True) -> int:
        """Settle what has been sent and begin to send what is due, of one shard where one is given.

        With `wait` that is sent and settled too before this returns. Gives how many effects were
        settled or claimed. A `StoreError` loses no result: they are settled in a later pass.
        """
        with self._passing:
            done = self._settle_back()
            self._extend()
            done += self._begin(shard)
            if wait:
                self._await(None)
                while back := self._settle_back():
                    done += back
            return done

    def close(self, grace: float = GRACE) -> None:
        """Wait up to `grace` seconds for what is being sent, and settle it.

        What was claimed and has not left is handed back; what is not back by then is left to its lease.
        """
        self._closing = True
        with self._passing:
            try:
                self._await(grace)
                while self._settle_back():
                    pass
            except StoreError as error:
                _log.error("store_error", error=type(error).__name__)
            for key in self._under_way:
                _log.warning("left", effect=key)
            self._senders.shutdown(wait=False, cancel_futures=True)

    def _begin(self, shard: int | None) -> int:
        free = min(SENDERS - len(self._under_way), self._portion)
        if free <= 0 or self._closing:
            return 0
        own = frozenset(self._under_way)
        claimed, ready = self._portioned(lambda: claim(self._shell, shard, free, own))
        if ready:
            crashpoint("after_claim")
        for one in ready:
            future = self._senders.submit(self._send, one)
            self._under_way[one.effect.key] = _UnderWay(one.fence, future)
            future.add_done_callback(lambda _: self.came_back())
        return int(claimed)

    def _portioned(self, work: Callable[[], Any]) -> Any:
        """Run a transaction that takes a portion; the next is half as large where it had to give way."""
        try:
            done = self._call(work)
        except TransientStoreError:
            self._portion = max(1, self._portion // 2)
            raise
        self._portion = min(SENDERS, self._portion * 2)
        return done

    def _await(self, seconds: float | None) -> None:
        """Wait until everything is back, for at most so long; leases are extended meanwhile."""
        end = None if seconds is None else time.monotonic() + seconds
        while pending := [each.future for each in self._under_way.values() if not each.future.done()]:
            left = _third() if end is None else min(_third(), end - time.monotonic())
            if left <= 0:
                return
            wait_for(pending, timeout=left)
            self._extend()

    def _settle_back(self) -> int:
        """Take in the results that are there, each kept until it is settled or its claim is lost."""
        there = [(key, each) for key, each in self._under_way.items() if each.future.done()]
        back = dict(there[: self._portion])
        if not back:
            return 0
        results = [each.future.result() for each in back.values()]
        crashpoint("before_settle")
        try:
            self._settle(results)
        except TransientStoreError:
            raise
        except StoreError:
            # It may be one of them that the database does not take.
            self._settle_apart(back)
            return len(back)
        crashpoint("after_settle")
        return len(back)

    def _settle(self, results: Sequence[Sent]) -> None:
        self._portioned(lambda: conclude(self._shell, results))
        for sent in results:
            del self._under_way[sent.ready.effect.key]

    def _settle_apart(self, back: Mapping[str, _UnderWay]) -> None:
        refused: StoreError | None = None
        for key, each in back.items():
            try:
                self._settle([each.future.result()])
            except TransientStoreError:
                raise
            except StoreError as error:
                refused = error
                if time.monotonic() - each.since > lease() / SECOND:
                    _log.error("not_settled", effect=key, error=type(error).__name__)
                    del self._under_way[key]
        if refused is not None:
            raise refused

    def _extend(self) -> None:
        """Hold on to what is under way, each third of a lease."""
        now = time.monotonic()
        if not self._under_way:
            self._extended = now
        elif now - self._extended >= _third():
            held = {key: each.fence for key, each in self._under_way.items()}
            self._call(lambda: extend(self._shell, held))
            self._extended = now

    def _send(self, ready: Ready) -> Sent:
        effect = ready.effect
        if self._closing:
            return Sent(ready, unsent=True)
        about: dict[str, str | int] = {
            "holdfast.action": effect.action,
            "holdfast.workflow": effect.workflow,
            "holdfast.attempt": effect.attempt + 1,
        }
        connector = connector_of(self._shell.ruleset.workspace.settings, effect)
        if connector is not None:
            about["holdfast.connector"] = connector.name
        with tracing.delivery(f"deliver {effect.action}", effect.key, about) as span:
            sent = self._attempt(ready)
            if sent.error is not None:
                span.fail(type(sent.error).__name__)
            return sent

    def _attempt(self, ready: Ready) -> Sent:
        effect, cleared = ready.effect, False
        try:
            letter = None if ready.draft is None else finish(ready.draft)
            delivery = Delivery(
                key=effect.key,
                action=effect.action,
                run=effect.run,
                workflow=effect.workflow,
                customer=effect.customer,
                path=effect.path,
                attempt=effect.attempt + 1,
                at=ready.at,
                created_at=effect.created_at,
                arguments=effect.arguments,
                recipient=None if ready.draft is None else ready.draft.recipient,
                letter=letter,
            )
            if effect.unsure and ready.delivery == "verify":
                taken = self._ask(delivery)
                if taken is not None:
                    return Sent(ready, taken)
                cleared = True
            crashpoint("before_send")
            answers = self._shell.actions.send(delivery)
            crashpoint("after_send")
            return Sent(ready, answers)
        except DeliveryError as error:
            _log.warning("not_delivered", action=effect.action, effect=effect.key, retryable=error.retryable)
            return Sent(ready, error=error, cleared=cleared)
        except Exception as error:
            _log.error("core_error", error=type(error).__name__, effect=effect.key, exc_info=error)
            refused = DeliveryError(f"{type(error).__name__} before it left", retryable=False)
            return Sent(ready, error=refused, cleared=cleared)

    def _ask(self, delivery: Delivery) -> Mapping[str, Any] | None:
        """Ask whether an earlier attempt was taken; whatever leaves that open is asked again later."""
        try:
            return self._shell.actions.lookup(delivery)
        except DeliveryError as error:
            raise DeliveryError(
                f"asked whether it was taken: {error.detail}", retry_after=error.retry_after, uncertain=True
            ) from error


class _UnderWay:
    """An effect that this process has claimed: under which fence, since when, and what comes of it."""

    __slots__ = ("fence", "future", "since")

    def __init__(self, fence: int, future: Future[Sent]) -> None:
        self.fence = fence
        self.future = future
        self.since = time.monotonic()


def _third() -> float:
    return lease() / SECOND / 3


def extend(shell: Shell, held: Mapping[str, int]) -> None:
    """Lease effects anew that are held under these fences."""
    until = shell.instants.take() + lease()
    with shell.store.begin() as writer:
        writer.extend_effects(held, until)


def claim(
    shell: Shell, shard: int | None = None, limit: int = SENDERS, own: Set[str] = frozenset()
) -> tuple[int, list[Ready]]:
    """Claim up to `limit` that are due and check each again; give how many were claimed, and what may go.

    `own` are effects that this process is sending: they are not claimed, however late it is.
    An effect that the core fails on ends as failed, and takes no other with it.
    """
    spoilt: set[str] = set()
    while True:
        now = shell.instants.take()
        with shell.store.reader() as reader:
            due = reader.earliest_effect_due()
        if due is None or due > now:
            return 0, []
        current = ""
        try:
            with tracing.span("claim") as span, shell.turn(now) as turn:
                claimable = turn.writer.claimable_effects(now, limit + len(own), shard)
                found = [(key, customer) for key, customer in claimable if key not in own][:limit]
                owners = turn.writer.resolve(customer for _, customer in found)
                # Whom another process holds right now is left to it.
                free = turn.writer.hold_free(owners.values())
                keys = [key for key, customer in found if owners[customer] in free]
                claims = turn.writer.claim_effects(keys, now, now + lease())
                turn.cast.preload(free)
                gate = Gate(turn.ruleset.workspace.settings, turn.writer, (one.effect for one in claims), now)
                ready = []
                for one in claims:
                    current = one.effect.key
                    effect = msgspec.structs.replace(one.effect, customer=owners[one.effect.customer])
                    checked = _check(shell, turn, gate, one, effect, spoilt)
                    if checked is not None:
                        ready.append(checked)
                gate.save()
                span.tell("holdfast.effects", len(claims))
                return len(claims), ready
        except StoreError:
            raise
        except Exception as error:
            if not current or current in spoilt:
                raise
            spoilt.add(current)
            _log.error("core_error", error=type(error).__name__, effect=current, exc_info=error)


def _check(
    shell: Shell, turn: Turn, gate: Gate, claim: Claim, effect: Effect, spoilt: set[str]
) -> Ready | None:
    if effect.key in spoilt:
        _fail(turn, effect.key, claim.fence)
        return None
    connector = connector_of(shell.ruleset.workspace.settings, effect)
    delivery: How = "at_least_once" if connector is None else connector.delivery
    if effect.unsure and delivery == "at_most_once":
        settle(turn.world, turn.cast, turn.changes, effect, Result("uncertain"), turn.now)
        return None
    later = gate.later(effect)
    if later is not None:
        turn.changes.effects.append(later)
        return None
    verdict = attempt(turn.world, turn.cast, turn.changes, effect, turn.now)
    if verdict.kind == "hold":
        # The run asks again when the hold is over, and puts this very effect: it may not be settled.
        held = [settled for settled in turn.changes.settled if settled.key == effect.key]
        for settled in held:
            turn.changes.settled.remove(settled)
        due = verdict.until if effect.apart and verdict.until is not None else PARKED
        turn.writer.release_effect(effect.key, claim.fence, due)
    if verdict.kind != "go":
        return None
    gate.take(effect)
    return Ready(
        effect=effect,
        fence=claim.fence,
        at=turn.now,
        retry=_retry(shell, turn, effect),
        delivery=delivery,
        draft=draft(shell, turn, effect, verdict),
    )


def _fail(turn: Turn, key: str, fence: int) -> None:
    """Give an effect up that the core failed on; its run waits until a person replays it."""
    if turn.writer.settle_effect(Settled(key, "failed", "core_error", turn.now), fence):
        turn.tally.settled["failed"] += 1


def conclude(shell: Shell, results: Sequence[Sent]) -> None:
    """Take in what became of the effects sent, each unless somebody else has taken it over since."""
    now = shell.instants.take()
    try:
        with tracing.span("settle", {"holdfast.effects": len(results)}), shell.turn(now) as turn:
            turn.hold(sent.ready.effect.customer for sent in results)
            for sent in results:
                _conclude(turn, sent)
            _count(turn, results)
    except StoreError:
        raise
    except Exception as error:
        if len(results) == 1:
            effect, fence = results[0].ready.effect, results[0].ready.fence
            _log.error("core_error", error=type(error).__name__, effect=effect.key, exc_info=error)
            with shell.turn(now) as turn:
                _fail(turn, effect.key, fence)
            return
        for sent in results:
            conclude(shell, [sent])


def _count(turn: Turn, results: Sequence[Sent]) -> None:
    heard = [(sent.ready.effect, sent.error) for sent in results if not sent.unsent]
    for name in note(turn.ruleset.workspace.settings, turn.writer, heard, turn.now):
        _log.warning("breaker_open", connector=name)


def _conclude(turn: Turn, sent: Sent) -> None:
    ready, error = sent.ready, sent.error
    owner = turn.writer.resolve([ready.effect.customer])[ready.effect.customer]
    effect = msgspec.structs.replace(ready.effect, customer=owner)
    if not turn.writer.holds_effect(effect.key, ready.fence):
        # Its lease ran out, and another process has taken it over since.
        _log.info("overtaken", effect=effect.key)
        return
    if sent.unsent:
        hand_back(turn.world, turn.cast, turn.changes, effect, turn.now)
        turn.writer.release_effect(effect.key, ready.fence, effect.due)
        return
    if error is None:
        _settle(turn, effect, Result("executed", sent.answers, _where(ready)))
        return
    wait = pause(effect.key, effect.attempt + 1, ready.retry, error.retry_after) if error.retryable else None
    unsure = (effect.unsure and not sent.cleared) or error.uncertain
    effect = msgspec.structs.replace(effect, unsure=unsure, slot=None)
    if unsure and (ready.delivery == "at_most_once" or wait is None):
        _settle(turn, effect, Result("uncertain", detail={**_where(ready), "error": error.detail}))
    elif wait is None:
        detail = {**_where(ready), "error": error.detail}
        _settle(turn, effect, Result("failed", {"reason": error.detail}, detail))
    else:
        give_back(turn.world, turn.cast, turn.changes, effect, turn.now, error.detail)
        again = msgspec.structs.replace(effect, attempt=effect.attempt + 1, due=turn.now + wait)
        turn.changes.effects.append(again)


def _where(ready: Ready) -> dict[str, Any]:
    """Tell where a message went; where anything else went is among its arguments."""
    return {} if ready.draft is None else {"to": ready.draft.recipient}


def _settle(turn: Turn, effect: Effect, result: Result) -> None:
    settle(turn.world, turn.cast, turn.changes, effect, result, turn.now)


def _retry(shell: Shell, turn: Turn, effect: Effect) -> Retry | None:
    if effect.action == TELL:
        return None
    run = turn.cast.get(effect.customer).runs.get(effect.run)
    program = None if run is None else turn.world.plans.program(run)
    instruction = None if program is None else program.instructions.get(effect.path)
    step = None if instruction is None else instruction.step
    return step.retry if isinstance(step, Do) else None
