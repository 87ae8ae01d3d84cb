"""Mirrors switchhook.softphone."""
