"""Mirrors switchhook.projectfile."""
