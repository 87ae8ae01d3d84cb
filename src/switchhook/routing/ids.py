"""The ids that the engine gives to the parts of a call, so that a command can name a part before anything came back.

Unique in the call, an ask's in all calls. `n` counts from 1. Nobody parses them.
"""

from __future__ import annotations


def leg_id(n: int) -> str:
    """Return the id of the nth called leg; that of the caller's is `CALLER`."""
    return f"b{n}"


def playback_id(n: int) -> str:
    """Return the id of the nth playback."""
    return f"p{n}"


def recording_id(n: int) -> str:
    """Return the id of the nth recording."""
    return f"r{n}"


def ask_id(call: str, n: int) -> str:
    """Return the id of the nth ask of a call; it is shown in the journal."""
    return f"{call}-{n}"
