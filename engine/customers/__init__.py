"""Customers: their events, facts, windows, identity and state."""
