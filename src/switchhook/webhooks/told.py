"""What an action tells of a call, and what of it has no value at the moment of an event. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from switchhook.domain.event import EventKind, EventMail, EventWebhook, RawFormat
from switchhook.domain.webhook import TextValue
from switchhook.webhooks.parameters import CALLERS_NUMBER, OF_FOREIGN, ONLY_FOREIGN
from switchhook.webhooks.payload_template import leaves
from switchhook.webhooks.text_template import named_in
from switchhook.webhooks.url import catalogued, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchhook.domain.event import EventAction
    from switchhook.domain.webhook import Field


def told_by(action: EventAction) -> Iterator[tuple[str, str]]:
    """Yield the parameters that an action tells, each with its argument."""
    match action:
        case EventWebhook():
            for name in placeholders(action.url):
                if (piece := catalogued(name)) is not None:
                    yield piece.parameter, piece.argument
            for leaf in leaves(action.format.fields):
                yield from _told_by_leaf(leaf)
            if isinstance(action.format, RawFormat):
                yield from named_in(action.format.body)
        case EventMail():
            yield from named_in(action.subject)
            yield from named_in(action.text)


def _told_by_leaf(leaf: Field | TextValue) -> Iterator[tuple[str, str]]:
    if isinstance(leaf, TextValue):
        yield from named_in(leaf.text)
    else:
        yield leaf.parameter, leaf.argument


def why_unknown(parameter: str, kind: EventKind) -> str:
    """Return why a parameter never has a value at an event; "" when it may have one (R2-41)."""
    if kind.is_foreign:
        return "" if parameter in OF_FOREIGN else "only calls have it"
    if parameter in ONLY_FOREIGN:
        return "only events that are no calls have it"
    direction, _, moment = kind.partition(".")
    if parameter in OF_INCOMING and direction != "incoming":
        return "only incoming calls have it"
    if parameter in OF_END and moment != "after":
        return "it is known after the call"
    if parameter in OF_ANSWER and moment in {"before", "forwarding"}:
        return "it is known from the answer on"
    if parameter == "rating" and moment not in {"rated", "after"}:
        return "it is known after the rating"
    return ""


def other_party(parameter: str, kind: EventKind) -> str:
    """Return whom a parameter of the caller means where an account calls; "" where it is who calls from outside."""
    direction = kind.of
    if direction == "incoming" or kind.is_foreign or parameter not in OF_CALLER:
        return ""
    called = "number" if direction == "outgoing" else "account"
    return f"the account that calls: destination_id is the {called} that it calls"


OF_CALLER: Final = frozenset({*CALLERS_NUMBER, "caller_name"})
"""Those of who calls."""
OF_END: Final = frozenset(
    {
        *("outcome", "ended_by", "ended_at", "sip_code", "q850_code", "full_length"),
        *("has_recording", "recording_duration", "voicemail_duration"),
        *("recording_link", "recording_wav_link", "call_category", "call_value"),
        *("proper", "repeated", "unique_target_call", "first_target_call"),
    }
)
"""Parameters that only the end of a call tells."""
OF_ANSWER: Final = frozenset({"answered_at", "connected_with", "conversation", "waiting_time"})
"""Those that an answer tells."""
OF_INCOMING: Final = frozenset(
    {
        *("call_count", "unique_call", "proper", "repeated", "unique_target_call"),
        *("first_target_call", "rating", "insertion_type", "pool_name", "scheme_name"),
        *("forward_location", "additional_number"),
    }
)
"""Those of calls to a number of the project."""
