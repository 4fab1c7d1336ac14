"""Who is in which segment: entering, leaving, hysteresis and dwell."""
