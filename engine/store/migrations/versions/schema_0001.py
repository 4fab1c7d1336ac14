"""Everything that the first release remembers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "alias",
    "ask",
    "base_figure",
    "bucket_chunk",
    "budget",
    "case",
    "counter",
    "coupon",
    "customer",
    "decision",
    "decision_count",
    "definition",
    "event",
    "exposure",
    "idempotency",
    "key",
    "meta",
    "outage",
    "outbox",
    "posting",
    "quarantine",
    "release",
    "run",
    "segment_membership",
    "step_attempt",
)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Make every table and index."""
    op.create_table(
        "alias",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("survivor", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cause", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alias_survivor", "alias", ["survivor"])
    op.create_table(
        "ask",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("answered_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ask_open", "ask", ["id"], **_where("answered_at IS NULL"))
    op.create_table(
        "base_figure",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("figures", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "bucket_chunk",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "month"),
    )
    op.create_table(
        "budget",
        sa.Column("budget", TEXT, nullable=False),
        sa.Column("period", TEXT, nullable=False),
        sa.Column("spent", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("budget", "period"),
    )
    op.create_table(
        "case",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_customer", "case", ["customer"])
    op.create_index("case_status", "case", ["status", "id"])
    op.create_table(
        "counter",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "coupon",
        sa.Column("code", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("issued_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("coupon_customer", "coupon", ["customer", "issued_at", "code"])
    op.create_table(
        "customer",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("account", TEXT, nullable=True),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_due", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("erased_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("hot", sa.LargeBinary(), nullable=False),
        sa.Column("standing", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("customer_account", "customer", ["account", "id"], **_where("account IS NOT NULL"))
    op.create_index("customer_due", "customer", ["next_due", "id"], **_where("next_due IS NOT NULL"))
    op.create_table(
        "decision",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("trigger_key", TEXT, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decision_at", "decision", ["at", "id"])
    op.create_index("decision_customer", "decision", ["customer", "at", "id"])
    op.create_index("decision_rule", "decision", ["rule", "at", "id"])
    op.create_index("decision_trigger_key", "decision", ["trigger_key"], unique=True)
    op.create_table(
        "decision_count",
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "hour", "outcome"),
    )
    op.create_table(
        "definition",
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_table(
        "event",
        sa.Column("seq", SERIAL, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sent_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("decided_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("account", TEXT, nullable=True),
        sa.Column("anonymous_id", TEXT, nullable=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("flags", TEXT, nullable=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("properties", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("event_customer", "event", ["customer", "received_at", "seq"])
    op.create_index("event_message", "event", ["source", "message_id"], unique=True)
    op.create_index("event_pending", "event", ["seq"], **_where("decided_at IS NULL"))
    op.create_index("event_received", "event", ["received_at", "seq"])
    op.create_table(
        "exposure",
        sa.Column("run", TEXT, nullable=False),
        sa.Column("workflow", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index("exposure_customer", "exposure", ["customer"])
    op.create_index("exposure_workflow", "exposure", ["workflow", "at", "run"])
    op.create_table(
        "idempotency",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("body_hash", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "method", "path", "key"),
    )
    op.create_index("idempotency_at", "idempotency", ["at"])
    op.create_table(
        "key",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "meta",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outage",
        sa.Column("began", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("began"),
    )
    op.create_table(
        "outbox",
        sa.Column("key", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("workflow", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("claimable_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("attempts", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lease_until", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("settled_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("dead", TEXT, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(
        "outbox_claimable", "outbox", ["claimable_at", "key"], **_where("claimable_at IS NOT NULL")
    )
    op.create_index("outbox_dead", "outbox", ["dead"], **_where("dead IS NOT NULL"))
    op.create_index("outbox_run", "outbox", ["run", "created_at", "key"])
    op.create_table(
        "posting",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("program", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("posting_customer", "posting", ["customer", "id"])
    op.create_index("posting_key", "posting", ["program", "key"], unique=True)
    op.create_table(
        "quarantine",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("received_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=True),
        sa.Column("customer", TEXT, nullable=True),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "release",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("release_live", "release", ["at", "number"])
    op.create_table(
        "run",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("trigger_key", TEXT, nullable=False),
        sa.Column("workflow", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("open_for", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lease_until", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("run_customer", "run", ["customer", "started_at", "id"])
    op.create_index("run_due", "run", ["due", "id"], **_where("due IS NOT NULL"))
    op.create_index("run_open", "run", ["open_for"], **_where("open_for IS NOT NULL"))
    op.create_index("run_started", "run", ["started_at", "id"])
    op.create_index("run_trigger_key", "run", ["trigger_key"], unique=True)
    op.create_index("run_workflow", "run", ["workflow", "started_at", "id"])
    op.create_table(
        "segment_membership",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("segment", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_to", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("segment_membership_customer", "segment_membership", ["customer"])
    op.create_index(
        "segment_membership_open",
        "segment_membership",
        ["segment", "customer"],
        unique=True,
        **_where("valid_to IS NULL"),
    )
    op.create_index("segment_membership_segment", "segment_membership", ["segment", "customer", "valid_from"])
    op.create_table(
        "step_attempt",
        sa.Column("run", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "seq", "attempt"),
    )


def downgrade() -> None:
    """Drop everything, with what is in it."""
    for table in TABLES:
        op.drop_table(table)
