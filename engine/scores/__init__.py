"""Scores: their parts, coverage and bands."""
