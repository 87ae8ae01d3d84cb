"""Mirrors switchhook.projectfile.toml."""
