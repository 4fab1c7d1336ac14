"""Scores from weighted parts: coverage, decay, staleness, bands and overrides."""
