"""Escalation: ladders, levels, cases and the hours in which they run."""
