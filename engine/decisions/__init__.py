"""Decisions: an event or a time, and a customer, become decisions."""
