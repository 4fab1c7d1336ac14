"""The oracle: what a market has to have come to, held against what its database and its sink hold."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import msgspec

from engine.loyalty.ledger import Posting
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.runs.run import Run, StepAttempt
from engine.runtime.members import member_of
from engine.runtime.operating import doctor
from engine.store.interface import Reader
from engine.store.opening import open_store, sqlite_path
from engine.store.records import OutboxRow
from tests.crash.deployment import Deployment
from tests.crash.market import CAP, SOURCE, Kind, Order
from tests.crash.sink import Sink

ALL = 10_000_000
STARTS: dict[str, tuple[Kind, ...]] = {
    "fulfil": ("plain", "early", "racing", "late", "cancelled", "recalled", "reviewed", "bought"),
    "remind": ("left",),
    "alarm": ("alert",),
}
"""Which workflow an order starts, once, by its kind."""
ENDS: dict[Kind, set[RunStatus]] = {
    "cancelled": {RunStatus.STOPPED},
    "recalled": {RunStatus.STOPPED, RunStatus.COMPLETED},
    "reviewed": {RunStatus.COMPLETED},
}
"""How its run ends, where not always as completed."""
FULFIL = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
"""The steps of an order's run; its parcel brings one more."""


class Findings(msgspec.Struct):
    """What is not as it has to be: things that are `lost`, and things that are there `twice`."""

    runs: int = 0
    lost: list[str] = []
    twice: list[str] = []

    def compare(self, what: str, wanted: Mapping[Any, int], found: Mapping[Any, int]) -> None:
        """Hold what there is against what there has to be, each with how often."""
        for each in wanted.keys() | found.keys():
            short = wanted.get(each, 0) - found.get(each, 0)
            if short > 0:
                self.lost.append(f"{what} {each}: {found.get(each, 0)} instead of {wanted[each]}")
            elif short < 0:
                self.twice.append(f"{what} {each}: {found[each]} instead of {wanted.get(each, 0)}")


def examine(
    deployment: Deployment, orders: Sequence[Order], acknowledged: Mapping[str, int], sink: Sink
) -> Findings:
    """Hold everything against what was posted; nothing of the deployment may run any more."""
    findings = Findings()
    store = open_store(deployment.place.url, exclusive=False)
    try:
        with store.reader() as reader:
            _examine(reader, findings, orders, acknowledged, sink)
        counted = doctor(store, 0)
    finally:
        store.close()
    if not counted["balanced"] or counted["pending"]:
        findings.lost.append(f"doctor: {counted}")
    path = sqlite_path(deployment.place.url)
    if path is not None:
        with closing(sqlite3.connect(path)) as file:
            said = file.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            findings.lost.append(f"the file: {said}")
    return findings


class _Held(msgspec.Struct):
    """What the database holds of the runs."""

    runs: Sequence[Run]
    attempts: dict[str, list[StepAttempt]]
    effects: dict[str, list[OutboxRow]]

    def did(self, path: str, workflow: str = "fulfil") -> Counter[str]:
        """Give how often a step was carried out, by the order whose run it is."""
        return Counter(
            str(run.key)
            for run in self.runs
            for each in self.attempts[run.id]
            if (run.workflow, each.path, each.outcome) == (workflow, path, StepOutcome.EXECUTED)
        )


def _examine(
    reader: Reader,
    findings: Findings,
    orders: Sequence[Order],
    acknowledged: Mapping[str, int],
    sink: Sink,
) -> None:
    runs = reader.runs(limit=ALL)
    findings.runs = len(runs)
    held = _Held(
        runs,
        {run.id: reader.attempts(run.id) for run in runs},
        {run.id: reader.effects(run.id) for run in runs},
    )
    by_id = {order.id: order for order in orders}
    wanted = Counter(
        (workflow, order.id) for order in orders for workflow, kinds in STARTS.items() if order.kind in kinds
    )
    findings.compare("run", wanted, Counter((run.workflow, run.key) for run in runs))
    for run in runs:
        _examine_run(findings, run, by_id[str(run.key)].kind, held.attempts[run.id])
    _examine_events(reader, findings, by_id, acknowledged, held)
    _examine_inside(reader, findings, by_id, held)
    _examine_outside(findings, held, sink)


def _examine_run(findings: Findings, run: Run, kind: Kind, rows: Sequence[StepAttempt]) -> None:
    """Play the rows of a run's steps again, and come to where the run stands."""
    name = f"run {run.workflow} {run.key} ({kind})"
    numbers = [(each.seq, each.attempt) for each in rows]
    if numbers != sorted(set(numbers)):
        findings.twice.append(f"attempts of {name}: {numbers}")
    if [attempt for _, attempt in numbers] != list(range(1, run.attempts + 1)):
        findings.lost.append(f"attempts of {name}: {numbers}, {run.attempts} counted")
    stations = dict(numbers[::-1]).keys()
    paths = list(dict.fromkeys((each.seq, each.path) for each in rows))
    last = rows[-1] if rows else None
    if last is None or [seq for seq, _ in paths] != list(range(last.seq + 1)) or len(stations) != len(paths):
        findings.lost.append(f"steps of {name}: {paths}")
        return
    if run.status not in ENDS.get(kind, {RunStatus.COMPLETED}):
        findings.lost.append(f"{name} is {run.status.value}, {run.reason}")
    whole = run.status is RunStatus.COMPLETED
    if run.seq != last.seq + (2 if whole else 1):
        findings.lost.append(f"{name} stands at {run.seq} after {numbers}")
    if run.workflow != "fulfil":
        steps: tuple[str, ...] = ("0",)
    elif any(each.path == "3" and str(each.detail.get("event")).endswith("-parcel_arrived") for each in rows):
        steps = (*FULFIL[:5], "4.then.0", *FULFIL[5:])
    else:
        steps = FULFIL
    walked = tuple(path for _, path in paths)
    if walked != (steps if whole else steps[: len(walked)]):
        findings.lost.append(f"{name} has walked {walked}")
    if kind == "early" and "4.then.0" not in walked:
        findings.lost.append(f"{name} has not seen its parcel, which had come")
    done = Counter(each.path for each in rows if each.outcome is StepOutcome.EXECUTED and each.verb == "do")
    findings.twice += [f"step {path} of {name}" for path, number in done.items() if number > 1]


def _examine_events(
    reader: Reader,
    findings: Findings,
    by_id: Mapping[str, Order],
    acknowledged: Mapping[str, int],
    held: _Held,
) -> None:
    events = reader.events(limit=ALL)
    sent = Counter(each.message_id for each in events if each.source == SOURCE)
    findings.compare("event", dict.fromkeys(acknowledged, 1), sent)
    own = Counter((each.name, each.message_id) for each in events if each.source != SOURCE)
    findings.compare("event", dict.fromkeys(own, 1), own)
    told = Counter((each.name, each.customer) for each in events if each.source != SOURCE)
    wanted: Counter[tuple[str, str]] = Counter()
    for order, number in held.did("8").items():
        wanted["referral", by_id[order].referrer] += number
    for order, number in held.did("9").items():
        wanted["fulfilled", by_id[order].customer] += number
    for order, number in held.did("5").items():
        wanted["coupon_issued", by_id[order].customer] += number
    kinds = {name for name, _ in wanted}
    findings.compare("event of the engine", wanted, {each: told[each] for each in told if each[0] in kinds})


def _examine_inside(reader: Reader, findings: Findings, by_id: Mapping[str, Order], held: _Held) -> None:
    members = reader.members(None, ALL)
    customers = [row.id for row in members]
    # Points: each grant is a posting, and the books are the sums of the postings.
    grants: Counter[tuple[str, int]] = Counter()
    for order in by_id.values():
        if order.kind in STARTS["fulfil"]:
            grants[order.customer, order.total] += 1
    for path, points in (("0", 10), ("4.then.0", 3), ("9", 2)):
        for id, number in held.did(path).items():
            grants[by_id[id].customer, points] += number
    for id, number in held.did("8").items():
        grants[by_id[id].referrer, 1] += number
    for fired in reader.decisions(rule="best", limit=ALL):
        grants[fired.customer, 5] += fired.outcome is DecisionOutcome.FIRED
    postings = reader.postings(customers)
    posted = Counter((each.customer, _points(each)) for each in postings)
    findings.compare("grant", +grants, posted)
    keys = Counter((each.program, each.key) for each in postings)
    findings.compare("posting", dict.fromkeys(keys, 1), keys)
    balance: Counter[str] = Counter()
    for each in postings:
        balance[each.customer] += _points(each)
    books = {
        row.id: sum(lot.available for lot in member_of(row).standing.ledger.book("rewards").lots)
        for row in members
    }
    findings.compare("points of", +balance, {id: points for id, points in books.items() if points})
    # Coupons, and what they cost.
    issued = held.did("5")
    runs = {run.id: str(run.key) for run in held.runs}
    coupons = Counter(runs[coupon.run] for coupon in reader.coupons(customers))
    findings.compare("coupon of", issued, coupons)
    months = [("coupons", f"{year}-{month:02}-01") for year in range(2020, 2100) for month in range(1, 13)]
    spent = int(sum(reader.budgets(months).values()))
    findings.compare("budget", {"coupons": issued.total()}, {"coupons": spent})
    if spent > CAP or (spent < CAP and held.did("6") != issued):
        findings.twice.append(f"{spent} are spent of {CAP}, {held.did('6').total()} were asked for")
    cases = Counter(case.customer for case in reader.cases(limit=ALL))
    findings.compare("cases of", _customers(held.did("6"), by_id), cases)
    served = Counter(row.customer for id in customers for row in reader.memberships_of(id))
    findings.compare("membership of", dict.fromkeys(_customers(held.did("7"), by_id), 1), served)


def _customers(orders: Counter[str], by_id: Mapping[str, Order]) -> Counter[str]:
    found: Counter[str] = Counter()
    for order, number in orders.items():
        found[by_id[order].customer] += number
    return found


def _points(posting: Posting) -> int:
    return sum(entry.points for entry in posting.entries if entry.account == "available")


def _examine_outside(findings: Findings, held: _Held, sink: Sink) -> None:
    outbox = {row.effect.key: row for rows in held.effects.values() for row in rows}
    findings.lost += [f"effect {key} is {row.state}" for key, row in outbox.items() if row.state != "settled"]
    findings.twice += [f"sent without being asked to: {key}" for key in sink.taken if key not in outbox]
    # What waits when its run ends is called off; what may have been sent and nobody heard of is uncertain
    # then, and always where it goes out at most once.
    stopped = {run.id for run in held.runs if run.status is RunStatus.STOPPED}
    for key, row in outbox.items():
        if row.outcome == "executed":
            if not sink.taken[key]:
                findings.lost.append(f"effect {key} of {row.effect.workflow} was never sent")
        elif row.effect.run in stopped and row.outcome in ("cancelled", "uncertain"):
            continue
        elif (row.outcome, row.effect.workflow) != ("uncertain", "alarm"):
            findings.lost.append(f"effect {key} of {row.effect.workflow} ended as {row.outcome}")
        if row.effect.workflow == "alarm" and sink.taken[key] > 1:
            findings.twice.append(f"effect {key}, which goes out at most once, {sink.taken[key]} times")
    settled = {
        str(each.effect): each.outcome.value
        for rows in held.attempts.values()
        for each in rows
        if each.effect in outbox and each.outcome in (StepOutcome.EXECUTED, StepOutcome.UNCERTAIN)
    }
    for key, outcome in settled.items():
        if outbox[key].outcome != outcome:
            findings.lost.append(f"effect {key} is {outbox[key].outcome}, to its run {outcome}")
