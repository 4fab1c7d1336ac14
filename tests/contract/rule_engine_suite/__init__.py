"""rule-engine's own test suite, each evaluation in it made by Holdfast's back ends too and compared."""
