"""The outbox: external effects, claimed, checked once more, sent outside, and settled.

Claiming and checking is one transaction, sending happens outside any, settling is another one. A
process that dies in between leaves a lease that runs out; the effect is then sent again under the
same key, or, where its connector delivers at most once, ends as uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog

from engine.errors import DeliveryError, StoreError
from engine.model.values import SECOND, Micros, Retry
from engine.model.workflow import Do
from engine.runs.cases import TELL
from engine.runs.changes import Settled
from engine.runs.run import Effect
from engine.runtime.actions import Delivery
from engine.runtime.letters import Draft, draft, finish
from engine.runtime.pacing import pause
from engine.runtime.shell import Shell, Turn
from engine.store.records import Claim
from engine.timeline.deliver import Result, attempt, give_back, settle

BATCH = 50
LEASE: Micros = 60 * SECOND
SENDERS = 8
PARKED: Micros = 2**62
"""The due of an effect that its run will put again by itself: later than any clock."""

_log = structlog.get_logger("holdfast.outbox")


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that may go: under which claim, and what to send."""

    effect: Effect
    fence: int
    at: Micros
    retry: Retry | None
    once: bool
    draft: Draft | None


class Sent(msgspec.Struct, frozen=True):
    """What the other side did with an effect: answered it, or refused with an error."""

    ready: Ready
    answers: Mapping[str, Any] = {}
    error: DeliveryError | None = None


class Outbox:
    """Delivers what is due. `call` runs work on the writer thread and gives its result."""

    def __init__(self, shell: Shell, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._shell = shell
        self._call = call
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="holdfast-sender")

    def deliver(self) -> int:
        """Deliver one batch; give how many effects were claimed."""
        claimed, ready = self._call(lambda: claim(self._shell))
        if ready:
            sent = list(self._senders.map(self._send, ready))
            self._call(lambda: conclude(self._shell, sent))
        return int(claimed)

    def close(self) -> None:
        """Wait for what is being sent."""
        self._senders.shutdown()

    def _send(self, ready: Ready) -> Sent:
        effect = ready.effect
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
            return Sent(ready, self._shell.actions.send(delivery))
        except DeliveryError as error:
            _log.warning("not_delivered", action=effect.action, effect=effect.key, detail=error.detail)
            return Sent(ready, error=error)


def claim(shell: Shell) -> tuple[int, list[Ready]]:
    """Claim what is due and check each again; give how many were claimed, and what may go.

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
            with shell.turn(now) as turn:
                claims = turn.writer.claim_effects(now, BATCH, now + LEASE)
                owners = turn.writer.resolve(claim.effect.customer for claim in claims)
                turn.cast.preload(owners.values())
                ready = []
                for one in claims:
                    current = one.effect.key
                    effect = msgspec.structs.replace(one.effect, customer=owners[one.effect.customer])
                    found = _check(shell, turn, one, effect, spoilt)
                    if found is not None:
                        ready.append(found)
                return len(claims), ready
        except StoreError:
            raise
        except Exception as error:
            if not current or current in spoilt:
                raise
            spoilt.add(current)
            _log.error("core_error", error=type(error).__name__, effect=current, exc_info=error)


def _check(shell: Shell, turn: Turn, claim: Claim, effect: Effect, spoilt: set[str]) -> Ready | None:
    if effect.key in spoilt:
        turn.writer.settle_effect(Settled(effect.key, "failed", "core_error", turn.now), claim.fence)
        return None
    once = _at_most_once(shell, effect)
    if claim.lapsed and once:
        settle(turn.world, turn.cast, turn.changes, effect, Result("uncertain"), turn.now)
        return None
    verdict = attempt(turn.world, turn.cast, turn.changes, effect, turn.now)
    if verdict.kind == "hold":
        # The run asks again when the hold is over, and puts this very effect: it may not be settled.
        held = [settled for settled in turn.changes.settled if settled.key == effect.key]
        for settled in held:
            turn.changes.settled.remove(settled)
        turn.writer.release_effect(effect.key, claim.fence, PARKED)
    if verdict.kind != "go":
        return None
    return Ready(
        effect=effect,
        fence=claim.fence,
        at=turn.now,
        retry=_retry(shell, turn, effect),
        once=once,
        draft=draft(shell, turn, effect, verdict),
    )


def conclude(shell: Shell, results: Sequence[Sent]) -> None:
    """Take in what became of the effects sent, each unless somebody else has taken it over since."""
    now = shell.instants.take()
    try:
        with shell.turn(now) as turn:
            turn.cast.preload(sent.ready.effect.customer for sent in results)
            for sent in results:
                _conclude(turn, sent)
    except StoreError:
        raise
    except Exception as error:
        if len(results) == 1:
            effect, fence = results[0].ready.effect, results[0].ready.fence
            _log.error("core_error", error=type(error).__name__, effect=effect.key, exc_info=error)
            with shell.turn(now) as turn:
                turn.writer.settle_effect(Settled(effect.key, "failed", "core_error", now), fence)
            return
        for sent in results:
            conclude(shell, [sent])


def _conclude(turn: Turn, sent: Sent) -> None:
    ready, error = sent.ready, sent.error
    owner = turn.writer.resolve([ready.effect.customer])[ready.effect.customer]
    effect = msgspec.structs.replace(ready.effect, customer=owner)
    if not turn.writer.holds_effect(effect.key, ready.fence):
        return
    if error is None:
        _settle(turn, effect, Result("executed", sent.answers))
        return
    wait = pause(effect.key, effect.attempt + 1, ready.retry, error.retry_after) if error.retryable else None
    if error.uncertain and (ready.once or wait is None):
        _settle(turn, effect, Result("uncertain", detail={"error": error.detail}))
    elif wait is None:
        _settle(turn, effect, Result("failed", {"reason": error.detail}, {"error": error.detail}))
    else:
        give_back(turn.world, turn.cast, turn.changes, effect, turn.now, error.detail)
        again = msgspec.structs.replace(effect, attempt=effect.attempt + 1, due=turn.now + wait)
        turn.changes.effects.append(again)


def _settle(turn: Turn, effect: Effect, result: Result) -> None:
    settle(turn.world, turn.cast, turn.changes, effect, result, turn.now)


def _at_most_once(shell: Shell, effect: Effect) -> bool:
    connectors = shell.ruleset.workspace.settings.connectors
    if effect.action == "sms.send":
        return connectors.sms is not None and connectors.sms.delivery == "at_most_once"
    if effect.action == "webhook.call":
        webhook = connectors.webhooks.get(str(effect.arguments.get("webhook")))
        return webhook is not None and webhook.delivery == "at_most_once"
    return False


def _retry(shell: Shell, turn: Turn, effect: Effect) -> Retry | None:
    if effect.action == TELL:
        return None
    run = turn.cast.get(effect.customer).runs.get(effect.run)
    program = None if run is None else turn.world.plans.program(run)
    instruction = None if program is None else program.instructions.get(effect.path)
    step = None if instruction is None else instruction.step
    return step.retry if isinstance(step, Do) else None
