"""The store that forgets: dicts with the meaning of the database, for tests and for trying things out."""
