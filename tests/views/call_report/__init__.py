"""Mirrors switchhook.views.call_report."""
