"""Mirrors switchhook.projectfile.schema."""
