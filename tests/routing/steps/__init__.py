"""Mirrors switchhook.routing.steps."""
