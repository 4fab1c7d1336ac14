"""What leaves the building: claimed, checked once more, sent outside any transaction, and settled."""
