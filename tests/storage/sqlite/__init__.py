"""Mirrors switchhook.storage.sqlite.store."""
