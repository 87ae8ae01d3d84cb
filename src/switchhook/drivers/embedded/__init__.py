"""The driver of the built-in SIP engine."""
