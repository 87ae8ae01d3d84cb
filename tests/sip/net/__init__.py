"""Mirrors switchhook.sip.net."""
