"""Mirrors switchhook.sip.wire."""
