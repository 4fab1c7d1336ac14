"""Explaining: the record of a customer played again, to tell why a rule decided as it did."""
