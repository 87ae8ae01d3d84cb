"""Speaks: builds every request and reads every answer."""
