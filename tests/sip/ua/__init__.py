"""Mirrors switchhook.sip.ua."""
