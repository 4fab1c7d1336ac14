"""The tables of metrics and goals; `engine.store.tables` says how to read them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from engine.store.tables import METADATA, TEXT

METRIC_FIGURE = Table(
    "metric_figure",
    METADATA,
    Column("metric", TEXT, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("end", BigInteger, primary_key=True, autoincrement=False),
    # A segment, or empty for everybody.
    Column("grouping", TEXT, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("computed_at", BigInteger, nullable=False),
    Column("why", TEXT, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("figure", LargeBinary, nullable=False),
)
"""Figures of closed periods, each version as it was computed."""

GOAL_STATE = Table(
    "goal_state",
    METADATA,
    Column("goal", TEXT, primary_key=True),
    # The hash of what the goal says: a changed goal has another baseline.
    Column("terms", TEXT, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("baseline", LargeBinary, nullable=False),
    Column("settled", LargeBinary, nullable=True),
)
"""What was frozen of goals: the baseline at creation, and the last measurement at the deadline."""
