"""The audit record: what is recorded, how it is sealed into one tree, and how anybody proves that."""
