"""Mirrors switchhook.tryout."""
