"""Serves `operations` over HTTP, for programs."""
