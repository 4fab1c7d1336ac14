"""One module a revision, each going up and down."""
