"""Switchhook: the webhook layer for phone calls."""

__version__ = "0.1.0"
