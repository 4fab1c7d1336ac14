"""Experiments: holdouts and arms, dealt by a stable hash."""
