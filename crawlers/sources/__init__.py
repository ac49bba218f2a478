"""One file = one source."""
