"""Outcomes: what became of customers, held against what was known of them before."""
