"""Mirrors switchhook.sip.auth."""
