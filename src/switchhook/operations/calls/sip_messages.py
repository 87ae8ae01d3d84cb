"""The SIP messages of a call, as they went over the wire, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from switchhook.operations.history import NoSuchCallError
from switchhook.storage.captures import SipCapture, SipCaptures
from switchhook.storage.ports import EndedCalls

if TYPE_CHECKING:
    from switchhook.storage.records import CallRow


class CapturedCalls(EndedCalls, SipCaptures, Protocol):
    """Keeps calls and their SIP messages."""


class NoSipMessagesError(NoSuchCallError):
    """Nothing was kept of the call's SIP messages. The message says why that may be."""


async def sip_messages_of(
    store: CapturedCalls, call_id: str, *, only: str | None = None
) -> tuple[CallRow, SipCapture]:
    """Return a call and its SIP messages; with `only`, another project's call is not there.

    Raises NoSuchCallError, NoSipMessagesError.
    """
    call = await store.call(call_id)
    if call is None or only not in {None, call.project}:
        raise NoSuchCallError(f"there is no call {call_id}; `switchhook calls` lists them")
    capture = await store.sip_capture(call.project, call_id)
    if capture is None:
        raise NoSipMessagesError(
            f"no SIP messages of call {call_id} are kept: they are stored some seconds after its end,"
            " unless `sip_capture` of the project or the server is off"
        )
    return call, capture
