"""Callbacks, and transfers of running calls, on the word of a person or a program."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from switchhook.errors import ExpectedError
from switchhook.operations.history import NoSuchCallError
from switchhook.routing.admission import Rejection

if TYPE_CHECKING:
    from switchhook.operations.ports import RunningCalls
    from switchhook.routing.callback_admission import WantedCallback
    from switchhook.routing.events import TransferOrdered

STORE_TIMEOUT: Final = 5.0
"""Seconds that the store is waited for: a callback goes on without it, as every call does."""


class CallbackError(ExpectedError):
    """A callback is not made. The message says why; `status` is what a telephone that called so would get."""

    def __init__(self, why: str, status: int = 500, retry_after: int = 0) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after = retry_after


class NotTransferredError(ExpectedError):
    """A call is not transferred. The message says why."""


class NoServerError(ExpectedError):
    """No server runs that could make or transfer calls. The message says so."""


async def call_back(calls: RunningCalls | None, wanted: WantedCallback) -> str:
    """Make a callback, and return the id of its call once that is stored.

    Raises CallbackError, NoServerError.
    """
    recorded = asyncio.Event()
    made = _running(calls).call_back(wanted, recorded.set)
    if isinstance(made, Rejection):
        raise CallbackError(made.cause.text, made.cause.sip, made.retry_after)
    with suppress(TimeoutError):
        await asyncio.wait_for(recorded.wait(), STORE_TIMEOUT)
    return made


def transfer_call(
    calls: RunningCalls | None, call: str, order: TransferOrdered, *, project: str | None = None
) -> None:
    """Transfer a party of a running call: the target rings at once, while the two still talk.

    Raises NoSuchCallError, NotTransferredError, NoServerError.
    """
    why = _running(calls).transfer(call, order, project=project)
    if why is None:
        raise NoSuchCallError(f"there is no call {call} that runs; `switchhook calls` lists them")
    if why:
        raise NotTransferredError(f"call {call} is not transferred: {why}")


def _running(calls: RunningCalls | None) -> RunningCalls:
    if calls is None:
        raise NoServerError("no server runs on this data directory; start `switchhook serve`")
    return calls
