"""Tables of destinations."""
