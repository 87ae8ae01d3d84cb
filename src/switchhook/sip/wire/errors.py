"""The errors of a SIP message, with the status for its sender."""

from __future__ import annotations

SHOWN = 60
"""How much of a sender's text an error quotes."""


class SipError(ValueError):
    """A request that cannot be served. `status` is the SIP status to answer with."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class ParseError(SipError):
    """Text that is no SIP, or that RFC 3261 forbids."""


def excerpt(text: str) -> str:
    """Quote a sender's text in an error: short, on one line, without control characters."""
    return ascii(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
