"""Pages to try things out: a pretend call."""
