"""Runs: one run and what happened become the next step and its effects."""
