"""Running a coroutine in a test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run(scenario: Coroutine[Any, Any, T], *, deadline: float = 30.0) -> T:
    """Run `scenario` on a fresh loop and return its result; fail after `deadline` seconds."""

    async def bounded() -> T:
        async with asyncio.timeout(deadline):
            return await scenario

    return asyncio.run(bounded())
