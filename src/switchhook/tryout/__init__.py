"""Tries a project out: simulated calls, previews of requests, and what an answer would do."""
