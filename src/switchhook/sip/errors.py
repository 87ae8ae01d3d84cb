"""What goes wrong with a SIP message, and the status that says so to its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchhook.sip.message import Request

SHOWN = 60
"""How much of a stranger's text an error quotes."""


class SipError(ValueError):
    """A request that cannot be served. `status` is the SIP status to answer with."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class ParseError(SipError):
    """Bytes that are no SIP message, or one that RFC 3261 forbids.

    `partial` is the request as far as it could be read. It is given only where an answer can find
    its way back, that is, where the method and the top Via are readable; its other properties may
    raise. It is None for a response, which nobody answers.
    """

    def __init__(self, reason: str, *, status: int = 400, partial: Request | None = None) -> None:
        super().__init__(reason, status=status)
        self.partial = partial


def excerpt(text: str) -> str:
    """Quote a stranger's text in an error: short, on one line, without control characters."""
    return ascii(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
