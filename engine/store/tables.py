"""The tables. Columns are what is queried; everything else of a row is in its document.

Times are BIGINT microseconds since 1970 UTC, days proleptic ordinals. There are no foreign keys: a
batch writes whole customers, and events may come before and outlive what they are about.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    literal_column,
)

from engine.loyalty.ledger import ACCOUNTS
from engine.model.reasons import DecisionOutcome, RunStatus

METADATA = MetaData()

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text in the order of its code points, on every database: pages and locks rest on that order."""

SERIAL = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the table gives itself; SQLite does so only for INTEGER."""


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=null, primary_key=key)


def _time(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null, primary_key=key, autoincrement=False)


def _number(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null, primary_key=key, autoincrement=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _serial(name: str) -> Column[int]:
    return Column(name, SERIAL, primary_key=True)


def _where(
    name: str, table: Table, *columns: str, unique: bool = False, there: str, is_null: bool = False
) -> None:
    """Index only the rows in which a column is (or is not) there."""
    column = table.c[there]
    condition = column.is_(None) if is_null else column.is_not(None)
    Index(
        name,
        *(table.c[each] for each in columns),
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


CUSTOMER = Table(
    "customer",
    METADATA,
    _text("id", key=True),
    _text("kind"),
    _number("shard"),
    Column("version", BigInteger, nullable=False),
    _text("account", null=True),
    _time("created_at"),
    _time("next_due", null=True),
    _time("erased_at", null=True),
    _bytes("hot"),
    _bytes("standing"),
)
_where("customer_due", CUSTOMER, "next_due", "id", there="next_due")
_where("customer_account", CUSTOMER, "account", "id", there="account")

BUCKET_CHUNK = Table(
    "bucket_chunk", METADATA, _text("customer", key=True), _number("month", key=True), _bytes("body")
)

ALIAS = Table("alias", METADATA, _text("id", key=True), _text("survivor"), _time("at"), _text("cause"))
Index("alias_survivor", ALIAS.c.survivor)

CUSTOMER_WORD = Table(
    "customer_word", METADATA, _text("customer", key=True), _text("word", key=True), sqlite_with_rowid=False
)
Index("customer_word_word", CUSTOMER_WORD.c.word, CUSTOMER_WORD.c.customer)

EVENT = Table(
    "event",
    METADATA,
    _serial("seq"),
    _text("source"),
    _text("message_id"),
    _text("customer"),
    _text("name"),
    _time("occurred_at"),
    _time("received_at"),
    _time("sent_at", null=True),
    _time("decided_at", null=True),
    _text("account", null=True),
    _text("anonymous_id", null=True),
    _text("cause"),
    _text("flags", null=True),
    _text("digest"),
    _bytes("properties"),
)
Index("event_message", EVENT.c.source, EVENT.c.message_id, unique=True)
Index("event_customer", EVENT.c.customer, EVENT.c.received_at, EVENT.c.seq)
Index("event_received", EVENT.c.received_at, EVENT.c.seq)
_where("event_pending", EVENT, "seq", there="decided_at", is_null=True)

QUARANTINE = Table(
    "quarantine",
    METADATA,
    _serial("id"),
    _time("received_at"),
    _text("source"),
    _text("message_id", null=True),
    _text("customer", null=True),
    _text("code"),
    _text("detail"),
    _bytes("body"),
    _time("replayed_at", null=True),
    _text("replayed_by", null=True),
    _text("outcome", null=True),
)

DECISION = Table(
    "decision",
    METADATA,
    _text("id", key=True),
    _text("trigger_key"),
    _text("rule"),
    _text("customer"),
    _time("at"),
    _text("outcome"),
    _bytes("document"),
)
# The outcome stands last, so that rows are told apart by it before they are read.
Index("decision_at", DECISION.c.at, DECISION.c.id, DECISION.c.outcome)
Index("decision_rule", DECISION.c.rule, DECISION.c.at, DECISION.c.id, DECISION.c.outcome)
Index("decision_customer", DECISION.c.customer, DECISION.c.at)
# Of what fired, which is most of them, it would hold nearly every row, and those are found without it.
UNFIRED = DECISION.c.outcome != literal_column(f"'{DecisionOutcome.FIRED.value}'")
Index(
    "decision_unfired",
    DECISION.c.outcome,
    DECISION.c.at,
    DECISION.c.id,
    DECISION.c.rule,
    sqlite_where=UNFIRED,
    postgresql_where=UNFIRED,
)

DECISION_DAY = Table(
    "decision_day",
    METADATA,
    _text("rule", key=True),
    # Days of UTC since 1970.
    _number("day", key=True),
    _text("outcome", key=True),
    # As of counts.
    _number("stripe", key=True),
    Column("number", BigInteger, nullable=False),
)
"""How many rows of `decision` there are of each rule, day and outcome: kept up as they are written."""

DECISION_COUNT = Table(
    "decision_count",
    METADATA,
    _text("rule", key=True),
    _time("hour", key=True),
    _text("outcome", key=True),
    # Who counts: rows of their own, so that processes do not wait for one another.
    _number("stripe", key=True),
    Column("number", BigInteger, nullable=False),
)

RUN = Table(
    "run",
    METADATA,
    _text("id", key=True),
    _text("workflow"),
    _text("customer"),
    # The customer while the run is open, NULL after: the index of open runs holds nothing else.
    _text("open_for", null=True),
    _text("status"),
    _time("started_at"),
    _time("due", null=True),
    # When its goal was reached: after it has ended too, when its document does not change any more.
    _time("goal_at", null=True),
    _number("seq"),
    _bytes("document"),
)
Index("run_started", RUN.c.started_at, RUN.c.id)
Index("run_workflow", RUN.c.workflow, RUN.c.started_at, RUN.c.id)
Index("run_customer", RUN.c.customer, RUN.c.started_at)
# Of those that wait it would be written anew with every step, and they are found without it.
MOVED = RUN.c.status != literal_column(f"'{RunStatus.WAITING.value}'")
Index(
    "run_moved",
    RUN.c.status,
    RUN.c.started_at,
    RUN.c.id,
    RUN.c.workflow,
    sqlite_where=MOVED,
    postgresql_where=MOVED,
)
_where("run_open", RUN, "open_for", there="open_for")
_where("run_due", RUN, "due", there="due")

STEP_ATTEMPT = Table(
    "step_attempt",
    METADATA,
    _text("run", key=True),
    _number("seq", key=True),
    _number("attempt", key=True),
    _bytes("document"),
    # SQLite would keep the key a second time, in an index of its own.
    sqlite_with_rowid=False,
)

OUTBOX = Table(
    "outbox",
    METADATA,
    _text("key", key=True),
    _text("run"),
    _text("workflow"),
    _text("customer"),
    _number("shard"),
    _text("state"),
    _time("created_at"),
    _time("due"),
    # When it may be claimed: its due, the end of its lease, NULL once it has settled.
    _time("claimable_at", null=True),
    _number("attempts"),
    _number("fence"),
    # Whether an attempt may have been taken without anybody knowing.
    _flag("unsure"),
    _time("lease_until", null=True),
    _time("settled_at", null=True),
    _text("outcome", null=True),
    _text("reason", null=True),
    # The key while it is a dead letter.
    _text("dead", null=True),
    _bytes("document"),
)
_where("outbox_claimable", OUTBOX, "claimable_at", "key", there="claimable_at")
_where("outbox_dead", OUTBOX, "dead", there="dead")
Index("outbox_run", OUTBOX.c.run, OUTBOX.c.created_at, OUTBOX.c.key)

EXPOSURE = Table(
    "exposure",
    METADATA,
    _text("run", key=True),
    # The split that it is about, empty for the holdout at the start.
    _text("split", key=True),
    _text("workflow"),
    _text("customer"),
    _time("at"),
    _text("arm"),
    _text("salt"),
    _text("design"),
    _bytes("document"),
)
Index("exposure_workflow", EXPOSURE.c.workflow, EXPOSURE.c.at, EXPOSURE.c.run)
Index("exposure_customer", EXPOSURE.c.customer)

COUPON = Table(
    "coupon",
    METADATA,
    _text("code", key=True),
    _text("customer"),
    _time("issued_at"),
    _bytes("document"),
    _text("status"),
    _time("ended_at", null=True),
    _text("reference", null=True),
    _text("note", null=True),
    _text("by", null=True),
)
Index("coupon_customer", COUPON.c.customer, COUPON.c.issued_at, COUPON.c.code)

POSTING = Table(
    "posting",
    METADATA,
    _serial("id"),
    _text("program"),
    _text("key"),
    _text("customer"),
    _bytes("document"),
)
Index("posting_key", POSTING.c.program, POSTING.c.key, unique=True)
Index("posting_customer", POSTING.c.customer, POSTING.c.id)

LOT = Table(
    "lot",
    METADATA,
    _text("program", key=True),
    _text("key", key=True),
    *(Column(account, BigInteger, nullable=False) for account in ACCOUNTS),
)
"""What postings come to for each grant, by account: a sum of them, kept up as they are booked."""

SEGMENT_MEMBERSHIP = Table(
    "segment_membership",
    METADATA,
    _serial("id"),
    _text("segment"),
    _text("customer"),
    _time("valid_from"),
    _time("valid_to", null=True),
    _text("cause"),
)
_where(
    "segment_membership_open",
    SEGMENT_MEMBERSHIP,
    "segment",
    "customer",
    unique=True,
    there="valid_to",
    is_null=True,
)
Index(
    "segment_membership_segment",
    SEGMENT_MEMBERSHIP.c.segment,
    SEGMENT_MEMBERSHIP.c.customer,
    SEGMENT_MEMBERSHIP.c.valid_from,
)
Index("segment_membership_customer", SEGMENT_MEMBERSHIP.c.customer)

BUDGET = Table(
    "budget",
    METADATA,
    _text("budget", key=True),
    _text("period", key=True),
    # Exact decimal digits.
    _text("spent"),
    _text("committed"),
)

SUPPRESSION = Table(
    "suppression",
    METADATA,
    _serial("id"),
    _text("scope"),
    _text("target"),
    _text("channel"),
    _text("reason"),
    _time("at"),
    _text("source"),
    _text("by", null=True),
    _text("note", null=True),
    _time("removed_at", null=True),
    _text("removed_by", null=True),
    _text("removed_note", null=True),
)
"""Who gets no messages, and who did not: a removed one stays as what was so until then."""
_where(
    "suppression_open",
    SUPPRESSION,
    "target",
    "channel",
    "scope",
    unique=True,
    there="removed_at",
    is_null=True,
)
Index("suppression_target", SUPPRESSION.c.target, SUPPRESSION.c.id)

DEFINITION = Table("definition", METADATA, _text("sha256", key=True), _text("text"))

FOUR_EYES = (
    "author <> '' AND actor <> ''"
    " AND cause IN ('start', 'approved', 'rollback', 'emergency', 'reversal')"
    " AND (cause <> 'approved' OR approver IS NOT NULL)"
    " AND (approver IS NULL OR lower(trim(approver)) NOT IN ('', lower(trim(author))))"
    " AND (approver IS NULL OR cause <> 'emergency' OR lower(trim(approver)) <> lower(trim(actor)))"
)
"""What no release can be without: a second human, or a cause that goes without one."""

RELEASE = Table(
    "release",
    METADATA,
    _number("number", key=True),
    _time("at"),
    _text("cause"),
    _text("author"),
    _text("actor"),
    _text("approver", null=True),
    _bytes("document"),
    CheckConstraint(FOUR_EYES, name="release_four_eyes"),
)
Index("release_live", RELEASE.c.at, RELEASE.c.number)

BASE_FIGURE = Table("base_figure", METADATA, _number("day", key=True), _text("hash"), _bytes("figures"))

COUNTER = Table(
    "counter",
    METADATA,
    _text("name", key=True),
    _number("stripe", key=True),
    Column("number", BigInteger, nullable=False),
)

KEY = Table(
    "key",
    METADATA,
    _text("id", key=True),
    _text("role"),
    _text("owner"),
    _text("label"),
    _text("hash"),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("revoked_at", null=True),
    _time("last_used_at", null=True),
    _text("addresses", null=True),
    _text("source", null=True),
    _text("successor", null=True),
    _text("last_used_from", null=True),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    _text("key_id", key=True),
    _text("method", key=True),
    _text("path", key=True),
    _text("key", key=True),
    _text("body_hash"),
    _number("status"),
    _time("at"),
    _bytes("body"),
)
Index("idempotency_at", IDEMPOTENCY.c.at)

OUTAGE = Table("outage", METADATA, _time("began", key=True), _time("ended"))

META = Table("meta", METADATA, _text("name", key=True), _text("value"))

PROCESS = Table(
    "process",
    METADATA,
    _text("id", key=True),
    _text("role"),
    _text("host"),
    _number("pid"),
    _text("version"),
    _time("started_at"),
    _time("heartbeat_at"),
    _number("release"),
)
"""The processes of the engine, each with the last instant at which it was heard of."""

LEASE = Table("lease", METADATA, _text("name", key=True), _text("holder"), _number("fence"), _time("until"))
"""Duties that one process has at a time."""

CONNECTOR = Table(
    "connector",
    METADATA,
    _text("name", key=True),
    _number("failures"),
    _time("open_until", null=True),
    _time("tat"),
)
"""What all processes know of a way out: failures in a row, until when nothing is sent, and its rate."""
