"""Mirrors switchhook.views."""
