"""Mirrors switchhook.drivers.simulator."""
