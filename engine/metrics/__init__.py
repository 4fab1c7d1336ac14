"""Metrics of the whole base: pure functions from what customers did to figures that say what they rest on."""
