"""Every check of a workspace that its types alone cannot make, one subject a module."""

from __future__ import annotations

from engine.authoring.checks import (
    cases,
    experiments,
    facts,
    goals,
    hooks,
    ladders,
    lifecycles,
    loops,
    messages,
    metrics,
    policy,
    programs,
    rules,
    scores,
    segments,
    settings,
    workflows,
)
from engine.authoring.draft import Draft

SUBJECTS = (
    settings,
    facts,
    segments,
    scores,
    lifecycles,
    rules,
    workflows,
    experiments,
    programs,
    ladders,
    goals,
    metrics,
    policy,
    messages,
    loops,
    cases,
    hooks,
)


def check(draft: Draft) -> None:
    """Make every check; what they find is noted on the pages."""
    for subject in SUBJECTS:
        subject.check(draft)
