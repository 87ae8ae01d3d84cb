"""Renders every request and reads every answer of a webhook."""
