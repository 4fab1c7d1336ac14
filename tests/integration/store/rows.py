"""What the tests of the stores write: one of each, with what a test cares for set by it."""

from decimal import Decimal
from typing import Any

from engine.customers.event import Event
from engine.decisions.decision import Decision, Line, Start
from engine.escalation.case import Case, Told
from engine.experiments.assignment import Exposure
from engine.loyalty.ledger import Entry, Posting
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.runs.run import AskItem, Coupon, Effect, Run, Signal, StepAttempt, Wait
from engine.store.records import MemberRow, MemberSave, ProcessRow, QuarantinedEvent, ReleaseRow


def event(message_id: str, customer: str = "ann", **fields: Any) -> Event:
    given: dict[str, Any] = {
        "source": "shop",
        "message_id": message_id,
        "customer": customer,
        "name": "order_completed",
        "occurred_at": 90,
        "received_at": 100,
    }
    return Event(**given | fields)


def full_event() -> Event:
    return event(
        "full",
        sent_at=95,
        account="acme",
        anonymous_id="guest-1",
        properties={
            "total": Decimal("12.50"),
            "n": 3,
            "tags": ["a", None, True],
            "deep": {"x": Decimal(2)},
        },
        flags=("clamped", "late"),
        cause="import",
    )


def member(id: str, **fields: Any) -> MemberRow:
    given: dict[str, Any] = {"id": id, "created_at": 50, "version": 1, "hot": b"hot", "standing": b"standing"}
    return MemberRow(**given | fields)


def first_save(id: str, **fields: Any) -> MemberSave:
    row = member(id, **fields)
    return MemberSave(row, expected=0, touched=frozenset(row.chunks))


def decision(id: str, **fields: Any) -> Decision:
    given: dict[str, Any] = {
        "id": id,
        "rule": "usage-drop",
        "rule_hash": "f" * 64,
        "customer": "ann",
        "at": 100,
        "outcome": DecisionOutcome.FIRED,
        "trigger": "event",
        "trigger_key": f"usage-drop/ann/{id}",
        "event": {"total": Decimal("1.50")},
        "lines": (
            Line("customer.plan != 'free'", "met", {"customer.plan": "team"}),
            Line("customer.x > 1", "unknown", {"customer.x": None}, "never_sent"),
        ),
        "starts": (Start("win-back", "run-1", "running", arm="treated"),),
    }
    return Decision(**given | fields)


def run(id: str, **fields: Any) -> Run:
    given: dict[str, Any] = {
        "id": id,
        "workflow": "win-back",
        "definition": "d" * 64,
        "policy": "e" * 64,
        "customer": "ann",
        "key": "cart-1",
        "decision": "decision-1",
        "rule": "churned",
        "status": RunStatus.WAITING,
        "started_at": 100,
        "from_at": 90,
        "event": {"total": Decimal("9.90"), "count": 2},
        "input": {"cart_value": Decimal(120)},
        "answers": {"click": {"timed_out": True}},
        "wait": Wait(kind="event", due=200, since=100),
        "signals": [Signal("shop", "m-1", "message_clicked", 110, {"n": Decimal("0.1")})],
    }
    return Run(**given | fields)


def attempt(run: str, seq: int, **fields: Any) -> StepAttempt:
    given: dict[str, Any] = {
        "run": run,
        "seq": seq,
        "attempt": 1,
        "path": "0",
        "verb": "do",
        "at": 100,
        "outcome": StepOutcome.EXECUTED,
        "answers": {"amount": Decimal("1.0")},
    }
    return StepAttempt(**given | fields)


def effect(key: str, **fields: Any) -> Effect:
    given: dict[str, Any] = {
        "key": key,
        "run": "run-1",
        "workflow": "win-back",
        "customer": "ann",
        "path": "0",
        "action": "email.send",
        "arguments": {"message": "reminder", "worth": Decimal("10.00")},
        "context": {"event": {"total": Decimal("9.90")}},
        "created_at": 100,
        "due": 100,
        "first_due": 100,
    }
    return Effect(**given | fields)


def exposure(run: str, **fields: Any) -> Exposure:
    given: dict[str, Any] = {
        "workflow": "win-back",
        "customer": "ann",
        "run": run,
        "salt": "win-back",
        "bucket": 4137,
        "arm": "treated",
        "at": 100,
    }
    return Exposure(**given | fields)


def coupon(code: str, **fields: Any) -> Coupon:
    given: dict[str, Any] = {
        "code": code,
        "customer": "ann",
        "run": "run-1",
        "percent": "10",
        "issued_at": 100,
    }
    return Coupon(**given | fields)


def ask(id: str, **fields: Any) -> AskItem:
    given: dict[str, Any] = {
        "id": id,
        "run": "run-1",
        "customer": "ann",
        "who": "owner@example.com",
        "question": "Call them?",
        "choices": ("call", "leave"),
        "asked_at": 100,
        "due": 900,
    }
    return AskItem(**given | fields)


def case(id: str, **fields: Any) -> Case:
    given: dict[str, Any] = {
        "id": id,
        "ladder": "success-desk",
        "customer": "ann",
        "key": None,
        "title": "Usage fell",
        "opened_at": 100,
        "told": [Told(1, 1, 100)],
        "next_due": 300,
    }
    return Case(**given | fields)


def posting(key: str, **fields: Any) -> Posting:
    given: dict[str, Any] = {
        "key": key,
        "program": "rewards",
        "customer": "ann",
        "kind": "granted",
        "at": 100,
        "entries": (Entry("issued", -5, key), Entry("available", 5, key)),
    }
    return Posting(**given | fields)


def quarantined(message_id: str | None, **fields: Any) -> QuarantinedEvent:
    given: dict[str, Any] = {
        "received_at": 100,
        "source": "shop",
        "message_id": message_id,
        "customer": "ann",
        "code": "bad_time",
        "detail": "no time",
        "body": b"{}",
    }
    return QuarantinedEvent(**given | fields)


def process(id: str, at: int) -> ProcessRow:
    return ProcessRow(
        id=id, role="serve", host="here", pid=1, version="0", started_at=at, heartbeat_at=at, release=0
    )


def release(number: int) -> ReleaseRow:
    return ReleaseRow(number=number, hash=f"h{number}", at=number, files={}, facts_hash="f", cause="start")
