"""Whether a customer may be contacted now: consent, quiet hours, caps, budgets, ceiling, rank."""
