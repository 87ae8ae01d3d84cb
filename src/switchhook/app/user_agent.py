"""Our User-Agent."""

from switchhook import __version__

USER_AGENT = f"switchhook HTTP Client v{__version__}"
"""The User-Agent of everything we send (R3-22)."""
