"""Schemes as people read them: a nested list of steps, and a graph."""
