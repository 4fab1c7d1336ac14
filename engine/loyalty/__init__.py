"""Points and tiers: a double-entry ledger of lots, and the tier by qualifying points."""
