"""Mirrors switchhook.projectfile.types."""
