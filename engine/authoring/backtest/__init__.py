"""Backtest: what rules would have decided on the events that are stored, and what an edit changes of that."""

from engine.authoring.backtest.differing import WOULD, Difference, DifferentLine, differences
from engine.authoring.backtest.playing import (
    Backtest,
    FactCount,
    Progress,
    RuleCount,
    backtest,
    is_held_out,
    is_refused,
    shown,
)
from engine.authoring.backtest.thresholds import Bin, Threshold, bins

__all__ = [
    "WOULD",
    "Backtest",
    "Bin",
    "Difference",
    "DifferentLine",
    "FactCount",
    "Progress",
    "RuleCount",
    "Threshold",
    "backtest",
    "bins",
    "differences",
    "is_held_out",
    "is_refused",
    "shown",
]
