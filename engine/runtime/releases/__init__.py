"""Releases: how files are planned, proposed, approved, made live, and taken back."""
