"""The ids under which `sip/` knows a part of a call: a leg, a stream, a playback, a recording.

`sip/` knows no calls, so the call stands before the part. Their text is written and parsed here alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallPart:
    """A part of a call."""

    call: str
    """The call's id; it holds no space."""
    name: str
    """The id of the part within the call, as the engine writes it: `caller`, `b1`, `p1`, `r1`."""

    def __str__(self) -> str:
        return f"{self.call} {self.name}"

    @classmethod
    def parse(cls, text: str) -> CallPart:
        """Parse what `str` wrote."""
        call, _, name = text.partition(" ")
        return cls(call, name)
