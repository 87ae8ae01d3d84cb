"""Mirrors switchhook.views.ladder."""
