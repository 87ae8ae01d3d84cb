"""Calls that were made elsewhere, as JSON: read in one way, whichever door they come in by (N-17)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from switchhook.domain.tracking.imported_call import ImportedCall
from switchhook.operations.intake.imports import CallImportError

ZonedTime = Annotated[datetime, Meta(tz=True)]


class CallPosted(Struct, frozen=True, forbid_unknown_fields=True):
    """A call that is over."""

    reference: str
    direction: str
    callee: str
    started_at: ZonedTime
    ended_at: ZonedTime
    answered_at: ZonedTime | None = None
    caller: str = ""
    caller_name: str = ""
    account: str = ""
    outcome: str = ""
    ended_by: str = ""
    visit: str = ""
    recording_link: str = ""


class CallsPosted(Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that are posted together."""

    calls: list[CallPosted]
    tell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedCalls:
    """Calls that are brought in together, unchecked."""

    calls: tuple[ImportedCall, ...]
    tells: bool
    """Whether the events after a call are told of each."""


def read_posted_calls(body: bytes) -> PostedCalls:
    """Read calls from JSON. Raises CallImportError."""
    try:
        posted = msgspec.json.decode(body, type=CallsPosted)
    except (ValueError, RecursionError) as error:
        text = str(error)
        names = (*CallPosted.__struct_fields__, *CallsPosted.__struct_fields__)
        field = next((name for name in names if f".{name}`" in text or f"`{name}`" in text), "")
        raise CallImportError(f"the body tells of no calls: {text}", field) from None
    return as_imported(posted)


def as_imported(posted: CallsPosted) -> PostedCalls:
    """Return calls that were read."""
    return PostedCalls(calls=tuple(_made(one) for one in posted.calls), tells=posted.tell)


def _made(posted: CallPosted) -> ImportedCall:
    values: dict[str, Any] = msgspec.structs.asdict(posted)
    for name in ("started_at", "answered_at", "ended_at"):
        moment = values[name]
        values[name] = None if moment is None else moment.timestamp()
    return ImportedCall(**values)
