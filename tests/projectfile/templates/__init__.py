"""Mirrors switchhook.projectfile.templates."""
