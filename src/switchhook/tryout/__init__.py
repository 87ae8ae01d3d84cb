"""Tries a project out: pretended calls, previews of requests, and what an answer would do."""
