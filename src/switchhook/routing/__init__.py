"""Decides: call events in, commands out."""
