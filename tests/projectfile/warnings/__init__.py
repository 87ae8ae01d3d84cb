"""Mirrors switchhook.projectfile.warnings."""
