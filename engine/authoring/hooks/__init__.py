"""Webhooks of vendors: what is in them, and the events that maps make of them."""
