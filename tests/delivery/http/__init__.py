"""Mirrors switchhook.delivery.http."""
