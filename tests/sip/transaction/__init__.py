"""Mirrors switchhook.sip.transaction.transaction."""
