"""Expressions as Python functions: fast where values are of the plain types, rule-engine's own otherwise."""
