"""Contact policy: consent, quiet hours, caps, budgets, arbitration."""
