"""Loyalty programs: what is earned and redeemed, and the tiers."""
