"""Mirrors switchhook.app."""
