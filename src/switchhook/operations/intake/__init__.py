"""What other programs bring in: events that are no calls, and calls that were made elsewhere."""
