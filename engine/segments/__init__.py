"""Segments: who belongs, since when, with hysteresis and dwell."""
