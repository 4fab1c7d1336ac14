"""Mutants: a thing of a workspace changed in one place, to see whether its own tests notice."""
