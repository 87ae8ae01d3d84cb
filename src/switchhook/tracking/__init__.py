"""Attributes: what is known of callers and visitors besides their call."""
