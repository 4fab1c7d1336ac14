"""Clients of others: what they send, as the events that it means here."""
