"""Giving account: the audit record checked, exported for people who trust nobody, and played again."""
