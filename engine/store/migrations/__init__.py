"""Migrations: how a database of an older Holdfast becomes one of this, and the way back."""
