"""Her side of the work."""
