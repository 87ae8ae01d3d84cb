"""The deadline of a reply that waits for a commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_WAIT: Final = 10.0
"""Seconds that a telephone waits at most for what is told to it once it is durable. A slow store delays it no
longer: the other end times out after 32 s (RFC 3261 §17.1.2.2)."""


def once_in_time(act: Callable[[], None]) -> Callable[[], None]:
    """Return what acts, once, when it is called or after `LONGEST_WAIT`."""
    waiting = [act]

    def carry_out() -> None:
        timer.cancel()
        while waiting:
            waiting.pop()()

    timer = asyncio.get_running_loop().call_later(LONGEST_WAIT, carry_out)
    return carry_out
