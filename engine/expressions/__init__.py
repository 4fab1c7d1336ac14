"""The language of conditions: limits, meaning, compiled form, trace; the only door to rule-engine."""
