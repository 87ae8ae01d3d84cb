"""What other programs bring in over HTTP: events that are no calls, and calls that were made elsewhere."""
